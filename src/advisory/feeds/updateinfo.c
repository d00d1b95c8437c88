/* updateinfo.xml of RPM repositories: <update type="security"> with the CVEs it fixes and the
 * packages that fix them. Where the file lies is in updateinfo_fetch.c. */
#include <string.h>

#include "advisory/feeds/architectures.h"
#include "advisory/feeds/changelog.h"
#include "advisory/feeds/feeds.h"
#include "advisory/feeds/updateinfo-private.h"
#include "base/error.h"
#include "text/xml_walk.h"

#define PACKAGES_MAX   20000u /* of one update */
#define REFERENCES_MAX 2000u

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
  GError *error;                       /* nothing more is taken after it */
  bool saw_root, in_update, is_wanted; /* a security update that was not taken back */
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
add_reference(UpdateReader *reader, const char **attributes)
{
  const char *id = xml_attribute(attributes, "id"), *url = xml_attribute(attributes, "href");
  Slice title = slice_from_string(xml_attribute(attributes, "title"));
  char cve[CVE_TEXT_MAX];
  if (advisory_is_cve(id))
    add_once(reader->cves, id);
  while (changelog_next_cve(&title, cve))
    add_once(reader->titled_cves, cve);
  if (url != NULL && reader->urls->len < REFERENCES_MAX)
    g_ptr_array_add(reader->urls, g_strdup(url));
}

static void
add_package(UpdateReader *reader, const char **attributes)
{
  const char *name = xml_attribute(attributes, "name"),
             *version = xml_attribute(attributes, "version");
  const char *release = xml_attribute(attributes, "release"),
             *arch = xml_attribute(attributes, "arch");
  const char *epoch = xml_attribute(attributes, "epoch");
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

static void
begin(const char *path, const char **attributes, void *data)
{
  UpdateReader *reader = data;
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  if (reader->error != NULL)
    return;
  reader->saw_root |= strcmp(name, "updates") == 0;
  if (strcmp(name, "update") == 0) {
    clear_update(reader);
    reader->in_update = true;
    reader->is_wanted = g_strcmp0(xml_attribute(attributes, "type"), "security") == 0 &&
                        g_strcmp0(xml_attribute(attributes, "status"), "retracted") != 0;
  }
  if (!reader->in_update)
    return;
  if (strcmp(name, "issued") == 0 && reader->issued == NULL) {
    reader->issued = normal_date(xml_attribute(attributes, "date"));
  } else if (strcmp(name, "updated") == 0 && reader->updated == NULL) {
    reader->updated = normal_date(xml_attribute(attributes, "date"));
  } else if (strcmp(name, "reference") == 0) {
    add_reference(reader, attributes);
  } else if (strcmp(name, "module") == 0) {
    const char *module = xml_attribute(attributes, "name"),
               *stream = xml_attribute(attributes, "stream");
    g_free(reader->module);
    reader->module =
        module != NULL && stream != NULL ? g_strconcat(module, ":", stream, NULL) : NULL;
  } else if (strcmp(name, "package") == 0) {
    add_package(reader, attributes);
  }
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

static void
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
  feed_sink_add_details(reader->sink, &details, &reader->error);
}

static void
end_update(UpdateReader *reader)
{
  if (reader->cves->len == 0) {
    GPtrArray *none = reader->cves;
    reader->cves = reader->titled_cves;
    reader->titled_cves = none;
  }
  if (reader->is_wanted && (reader->id == NULL || reader->id[0] == '\0'))
    feed_skip(reader->sink, reader->skipped, "an update without an id");
  else if (reader->is_wanted && give_packages(reader))
    give_details(reader);
  clear_update(reader);
}

static void
end(const char *path, const char *text, void *data)
{
  UpdateReader *reader = data;
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  const struct {
    const char *name;
    char **member;
  } texts[] = {{"id", &reader->id},
               {"title", &reader->title},
               {"severity", &reader->severity},
               {"description", &reader->description}};
  if (!reader->in_update || reader->error != NULL)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    if (strcmp(name, texts[i].name) == 0 && *texts[i].member == NULL)
      *texts[i].member = g_strdup(text);
  if (strcmp(name, "collection") == 0)
    g_clear_pointer(&reader->module, g_free);
  if (strcmp(name, "update") == 0)
    end_update(reader);
}

bool
updateinfo_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                 GError **error)
{
  static const XmlVisits visits = {begin, end};
  UpdateReader reader = {
      .ecosystem = ecosystem,
      .sink = sink,
      .skipped = skipped,
      .cves = g_ptr_array_new_with_free_func(g_free),
      .urls = g_ptr_array_new_with_free_func(g_free),
      .titled_cves = g_ptr_array_new_with_free_func(g_free),
      .packages = g_hash_table_new_full(package_hash, package_equal, package_free, NULL)};
  g_autoptr(GError) broken = NULL;
  feed_sink_add_ecosystem(sink, ecosystem);
  bool whole = xml_walk(text, &visits, &reader, &broken);
  if (reader.error == NULL && !whole)
    reader.error = g_steal_pointer(&broken);
  if (reader.error == NULL && !reader.saw_root)
    error_set(&reader.error, ASSAY_ERROR_INVALID, "not an updateinfo.xml: no <updates>");
  clear_update(&reader);
  g_ptr_array_unref(reader.cves);
  g_ptr_array_unref(reader.urls);
  g_ptr_array_unref(reader.titled_cves);
  g_hash_table_unref(reader.packages);
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
