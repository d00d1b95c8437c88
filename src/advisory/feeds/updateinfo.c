/* updateinfo.xml of RPM repositories: <update type="security"> with the CVEs it fixes and the
 * packages that fix them. Read by expat: it streams, fetches nothing by itself, bounds
 * entities, and we refuse a document that declares any. Where the file lies is in
 * updateinfo_fetch.c. */
#include <expat.h>
#include <string.h>

#include "advisory/feeds/architectures.h"
#include "advisory/feeds/changelog.h"
#include "advisory/feeds/feeds.h"
#include "advisory/feeds/updateinfo-private.h"
#include "base/error.h"

#define TEXT_MAX       8192u  /* of one element */
#define PACKAGES_MAX   20000u /* of one update */
#define REFERENCES_MAX 2000u
#define DEPTH_MAX      32u

/* A package that an update brings; each once, with the architectures that it is built for. */
typedef struct {
  char *name, *version; /* [epoch:]version-release */
  char *module;         /* "nodejs:18" or ADVISORY_ANY_MODULE, or NULL */
  Architectures architectures;
} UpdatePackage;

typedef struct {
  const char *ecosystem;
  const FeedSink *sink;
  uint64_t *skipped;
  GError *error;
  XML_Parser parser;
  unsigned depth;
  bool saw_root, in_update, is_wanted; /* a security update that was not taken back */
  GString *text; /* of the element that is open, NULL between those that we read */
  char *id, *title, *description, *severity, *issued, *updated;
  char *module;           /* of the collection that is open */
  GPtrArray *cves, *urls; /* char * */
  GPtrArray *titled_cves; /* those that titles of bugs name, for an update that has no others */
  GHashTable *packages;   /* UpdatePackage, a set by all its members */
} UpdateReader;

static guint
package_hash(gconstpointer data)
{
  const UpdatePackage *package = data;
  return g_str_hash(package->name) ^ g_str_hash(package->version);
}

static gboolean
package_equal(gconstpointer a, gconstpointer b)
{
  const UpdatePackage *left = a, *right = b;
  return strcmp(left->name, right->name) == 0 && strcmp(left->version, right->version) == 0 &&
         g_strcmp0(left->module, right->module) == 0;
}

static void
package_free(gpointer data)
{
  UpdatePackage *package = data;
  g_free(package->name);
  g_free(package->version);
  g_free(package->module);
  architectures_clear(&package->architectures);
  g_free(package);
}

static void
clear_update(UpdateReader *reader)
{
  char **const texts[] = {&reader->id,     &reader->title,   &reader->description,
                          &reader->issued, &reader->updated, &reader->severity,
                          &reader->module};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_clear_pointer(texts[i], g_free);
  g_ptr_array_set_size(reader->cves, 0);
  g_ptr_array_set_size(reader->urls, 0);
  g_ptr_array_set_size(reader->titled_cves, 0);
  g_hash_table_remove_all(reader->packages);
  reader->in_update = reader->is_wanted = false;
}

static void
stop(UpdateReader *reader)
{
  XML_StopParser(reader->parser, XML_FALSE);
}

static void
add_once(GPtrArray *list, const char *text)
{
  if (list->len < REFERENCES_MAX &&
      !g_ptr_array_find_with_equal_func(list, text, g_str_equal, NULL))
    g_ptr_array_add(list, g_strdup(text));
}

/* Most repositories refer to the CVE itself: <reference id="CVE-2024-1" type="cve"/>. Fedora's
 * refer to bugs, whose titles name it: <reference id="2241933" title="CVE-2023-5217 libvpx: ..."/>.
 */
static void
add_reference(UpdateReader *reader, const XML_Char **attributes)
{
  const char *id = updateinfo_attribute(attributes, "id"),
             *url = updateinfo_attribute(attributes, "href");
  Slice title = slice_from_string(updateinfo_attribute(attributes, "title"));
  char cve[CVE_TEXT_MAX];
  if (advisory_is_cve(id))
    add_once(reader->cves, id);
  while (changelog_next_cve(&title, cve))
    add_once(reader->titled_cves, cve);
  if (url != NULL && reader->urls->len < REFERENCES_MAX)
    g_ptr_array_add(reader->urls, g_strdup(url));
}

static void
add_package(UpdateReader *reader, const XML_Char **attributes)
{
  const char *name = updateinfo_attribute(attributes, "name"),
             *version = updateinfo_attribute(attributes, "version");
  const char *release = updateinfo_attribute(attributes, "release"),
             *arch = updateinfo_attribute(attributes, "arch");
  const char *epoch = updateinfo_attribute(attributes, "epoch");
  if (g_strcmp0(arch, "src") == 0 || g_strcmp0(arch, "nosrc") == 0)
    return;
  if (name == NULL || name[0] == '\0' || version == NULL || release == NULL ||
      g_hash_table_size(reader->packages) >= PACKAGES_MAX) {
    feed_skip(reader->sink, reader->skipped,
              "a package without name, version or release, or one too many of an update");
    return;
  }
  bool has_epoch = epoch != NULL && epoch[0] != '\0' && strcmp(epoch, "0") != 0;
  UpdatePackage *package = g_new0(UpdatePackage, 1);
  package->name = g_strdup(name);
  package->version = has_epoch ? g_strdup_printf("%s:%s-%s", epoch, version, release)
                               : g_strdup_printf("%s-%s", version, release);
  /* A release that a module has built, of a collection that does not name it. */
  bool modular = strstr(release, ".module") != NULL;
  package->module =
      g_strdup(reader->module == NULL && modular ? ADVISORY_ANY_MODULE : reader->module);
  UpdatePackage *known = g_hash_table_lookup(reader->packages, package);
  architectures_add(&(known != NULL ? known : package)->architectures, arch);
  if (known != NULL)
    package_free(package);
  else
    g_hash_table_add(reader->packages, package);
}

/* "2023-10-04 01:25:19", "2023-02-17 00:40" and the seconds since 1970 of SUSE, in RFC 3339.
 * (transfer full), NULL for what is none of these. */
static char *
normal_date(const char *text)
{
  uint64_t seconds;
  g_autoptr(GDateTime) time = NULL;
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  if (text == NULL)
    return NULL;
  if (slice_to_uint64(slice_from_string(text), &seconds)) {
    time = g_date_time_new_from_unix_utc((gint64)MIN(seconds, INT64_MAX));
  } else {
    size_t length = strlen(text);
    g_autofree char *whole = g_strdup_printf("%s%s", text,
                                             length == strlen("2023-02-17 00:40") ? ":00"
                                             : length == strlen("2023-02-17")     ? "T00:00:00"
                                                                                  : "");
    time = g_date_time_new_from_iso8601(whole, utc);
  }
  return time != NULL ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

static void XMLCALL
begin_element(void *data, const XML_Char *name, const XML_Char **attributes)
{
  static const char *const with_text[] = {"id", "title", "severity", "description", NULL};
  UpdateReader *reader = data;
  if (++reader->depth > DEPTH_MAX) {
    error_set(&reader->error, ASSAY_ERROR_LIMIT, "nested deeper than %u", DEPTH_MAX);
    stop(reader);
    return;
  }
  reader->saw_root |= strcmp(name, "updates") == 0;
  if (strcmp(name, "update") == 0) {
    clear_update(reader);
    reader->in_update = true;
    reader->is_wanted = g_strcmp0(updateinfo_attribute(attributes, "type"), "security") == 0 &&
                        g_strcmp0(updateinfo_attribute(attributes, "status"), "retracted") != 0;
  }
  if (!reader->in_update)
    return;
  if (g_strv_contains(with_text, name)) {
    g_string_truncate(reader->text, 0);
  } else if (strcmp(name, "issued") == 0 && reader->issued == NULL) {
    reader->issued = normal_date(updateinfo_attribute(attributes, "date"));
  } else if (strcmp(name, "updated") == 0 && reader->updated == NULL) {
    reader->updated = normal_date(updateinfo_attribute(attributes, "date"));
  } else if (strcmp(name, "reference") == 0) {
    add_reference(reader, attributes);
  } else if (strcmp(name, "module") == 0) {
    const char *module = updateinfo_attribute(attributes, "name"),
               *stream = updateinfo_attribute(attributes, "stream");
    g_free(reader->module);
    reader->module =
        module != NULL && stream != NULL ? g_strconcat(module, ":", stream, NULL) : NULL;
  } else if (strcmp(name, "package") == 0) {
    add_package(reader, attributes);
  }
}

static void XMLCALL
take_text(void *data, const XML_Char *bytes, int size)
{
  UpdateReader *reader = data;
  if (size > 0 && reader->text->len < TEXT_MAX)
    g_string_append_len(reader->text, bytes, MIN(size, (int)(TEXT_MAX - reader->text->len)));
}

static bool
give_packages(UpdateReader *reader)
{
  Severity severity = SEVERITY_UNKNOWN;
  guint packages = g_hash_table_size(reader->packages);
  if ((uint64_t)packages * reader->cves->len > FEED_STATEMENTS_MAX)
    return error_set(&reader->error, ASSAY_ERROR_LIMIT,
                     "%.100s: %u vulnerabilities in %u packages would be more than %u statements",
                     reader->id, reader->cves->len, packages, FEED_STATEMENTS_MAX);
  GHashTableIter iter;
  gpointer key;
  severity_parse(reader->severity, &severity);
  g_hash_table_iter_init(&iter, reader->packages);
  while (g_hash_table_iter_next(&iter, &key, NULL)) {
    const UpdatePackage *package = key;
    AdvisoryRange range = {.ecosystem = reader->ecosystem,
                           .package = package->name,
                           .module = package->module,
                           .architectures = architectures_text(&package->architectures),
                           .scheme = VERSION_RPM,
                           .state = STATE_FIXED,
                           .fixed_version = package->version,
                           .severity = severity,
                           .vendor_id = reader->id};
    if (reader->cves->len == 0) {
      range.id = reader->id;
      range.vendor_id = NULL;
      if (!feed_sink_add_range(reader->sink, &range, &reader->error))
        return false;
    }
    for (guint i = 0; i < reader->cves->len; i++) {
      range.id = reader->cves->pdata[i];
      if (!feed_sink_add_range(reader->sink, &range, &reader->error))
        return false;
    }
  }
  return true;
}

static bool
give_details(UpdateReader *reader)
{
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  g_ptr_array_add(reader->urls, NULL);
  details.id = reader->id;
  details.title = reader->title;
  details.description = reader->description;
  details.published = reader->issued;
  details.modified = reader->updated;
  details.references = (GStrv)reader->urls->pdata;
  severity_parse(reader->severity, &details.severity);
  return feed_sink_add_details(reader->sink, &details, &reader->error);
}

static void
end_update(UpdateReader *reader)
{
  bool given = true;
  if (reader->cves->len == 0) {
    GPtrArray *none = reader->cves;
    reader->cves = reader->titled_cves;
    reader->titled_cves = none;
  }
  if (reader->is_wanted && (reader->id == NULL || reader->id[0] == '\0'))
    feed_skip(reader->sink, reader->skipped, "an update without an id");
  else if (reader->is_wanted)
    given = give_packages(reader) && give_details(reader);
  clear_update(reader);
  if (!given)
    stop(reader);
}

static void XMLCALL
end_element(void *data, const XML_Char *name)
{
  UpdateReader *reader = data;
  const struct {
    const char *name;
    char **member;
  } texts[] = {{"id", &reader->id},
               {"title", &reader->title},
               {"severity", &reader->severity},
               {"description", &reader->description}};
  reader->depth--;
  if (!reader->in_update)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    if (strcmp(name, texts[i].name) == 0 && *texts[i].member == NULL)
      *texts[i].member =
          slice_to_utf8(slice_strip(slice_new(reader->text->str, reader->text->len)));
  if (strcmp(name, "collection") == 0)
    g_clear_pointer(&reader->module, g_free);
  if (strcmp(name, "update") == 0)
    end_update(reader);
}

static void XMLCALL
refuse_entity(void *data, const XML_Char *name, int is_parameter, const XML_Char *value,
              int value_size, const XML_Char *base, const XML_Char *system_id,
              const XML_Char *public_id, const XML_Char *notation)
{
  UpdateReader *reader = data;
  error_set(&reader->error, ASSAY_ERROR_INVALID,
            "declares an entity, which no updateinfo.xml does");
  stop(reader);
}

bool
updateinfo_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                 GError **error)
{
  UpdateReader reader = {
      .ecosystem = ecosystem,
      .sink = sink,
      .skipped = skipped,
      .text = g_string_new(NULL),
      .cves = g_ptr_array_new_with_free_func(g_free),
      .urls = g_ptr_array_new_with_free_func(g_free),
      .titled_cves = g_ptr_array_new_with_free_func(g_free),
      .packages = g_hash_table_new_full(package_hash, package_equal, package_free, NULL)};
  XML_Parser parser = XML_ParserCreate(NULL);
  g_assert(parser != NULL);
  reader.parser = parser;
  XML_SetUserData(parser, &reader);
  XML_SetElementHandler(parser, begin_element, end_element);
  XML_SetCharacterDataHandler(parser, take_text);
  XML_SetEntityDeclHandler(parser, refuse_entity);
  feed_sink_add_ecosystem(sink, ecosystem);

  /* expat counts in int. */
  bool parsed = true;
  do {
    Slice part = slice_sub(text, 0, 1 << 24);
    text = slice_sub(text, part.size, text.size);
    parsed = XML_Parse(parser, part.size > 0 ? (const char *)part.data : "", (int)part.size,
                       text.size == 0) == XML_STATUS_OK;
  } while (parsed && text.size > 0);
  if (!parsed && reader.error == NULL)
    error_set(&reader.error, ASSAY_ERROR_INVALID, "line %lu: %s",
              (unsigned long)XML_GetCurrentLineNumber(parser),
              XML_ErrorString(XML_GetErrorCode(parser)));
  if (reader.error == NULL && !reader.saw_root)
    error_set(&reader.error, ASSAY_ERROR_INVALID, "not an updateinfo.xml: no <updates>");
  XML_ParserFree(parser);
  clear_update(&reader);
  g_ptr_array_unref(reader.cves);
  g_ptr_array_unref(reader.urls);
  g_ptr_array_unref(reader.titled_cves);
  g_hash_table_unref(reader.packages);
  g_string_free(reader.text, true);
  if (reader.error == NULL)
    return true;
  g_propagate_error(error, reader.error);
  return false;
}

static bool
read_file(FeedContext *context, const char *path, GError **error)
{
  return feed_parse_file(context, path, updateinfo_parse, error);
}

static bool
updateinfo_read(FeedContext *context, const char *path, GError **error)
{
  if (context->config->ecosystem == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "needs the `ecosystem` of its packages (rocky:9, almalinux:8)");
  return feed_read_each_file(path, "", read_file, context, error);
}

const FeedType updateinfo_feed = {"updateinfo", updateinfo_fetch, updateinfo_read};
