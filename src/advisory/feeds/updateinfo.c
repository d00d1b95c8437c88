/* updateinfo.xml of RPM repositories: <update type="security"> with the CVEs it fixes and the
 * packages that fix them. Read by expat: it streams, fetches nothing by itself, bounds entities,
 * and we refuse a document that declares any. */
#include <expat.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "advisory/feeds/feeds.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/digest.h"

#define TEXT_MAX       8192u  /* of one element */
#define PACKAGES_MAX   20000u /* of one update */
#define REFERENCES_MAX 2000u
#define DEPTH_MAX      32u
#define REPOMD_MAX     ((size_t)4 * 1024 * 1024)

/* A package that an update brings; each once, whatever the architectures. */
typedef struct {
  char *name, *version; /* [epoch:]version-release */
  char *module;         /* "nodejs:18", or NULL */
} UpdatePackage;

typedef struct {
  const char *ecosystem;
  const FeedSink *sink;
  uint64_t *skipped;
  GError *error;
  XML_Parser parser;
  unsigned depth;
  bool saw_root, in_update, is_security;
  GString *text; /* of the element that is open, NULL between those that we read */
  char *id, *title, *description, *severity, *issued, *updated;
  char *module;           /* of the collection that is open */
  GPtrArray *cves, *urls; /* char * */
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
  g_hash_table_remove_all(reader->packages);
  reader->in_update = reader->is_security = false;
}

static const char *
attribute(const XML_Char **attributes, const char *name)
{
  for (size_t i = 0; attributes[i] != NULL; i += 2)
    if (strcmp(attributes[i], name) == 0)
      return attributes[i + 1];
  return NULL;
}

static void
stop(UpdateReader *reader)
{
  XML_StopParser(reader->parser, XML_FALSE);
}

static void
add_reference(UpdateReader *reader, const XML_Char **attributes)
{
  const char *id = attribute(attributes, "id"), *url = attribute(attributes, "href");
  if (id != NULL && g_str_has_prefix(id, "CVE-") && reader->cves->len < REFERENCES_MAX &&
      !g_ptr_array_find_with_equal_func(reader->cves, id, g_str_equal, NULL))
    g_ptr_array_add(reader->cves, g_strdup(id));
  if (url != NULL && reader->urls->len < REFERENCES_MAX)
    g_ptr_array_add(reader->urls, g_strdup(url));
}

static void
add_package(UpdateReader *reader, const XML_Char **attributes)
{
  const char *name = attribute(attributes, "name"), *version = attribute(attributes, "version");
  const char *release = attribute(attributes, "release"), *arch = attribute(attributes, "arch");
  const char *epoch = attribute(attributes, "epoch");
  if (g_strcmp0(arch, "src") == 0)
    return;
  if (name == NULL || name[0] == '\0' || version == NULL || release == NULL ||
      g_hash_table_size(reader->packages) >= PACKAGES_MAX) {
    (*reader->skipped)++;
    return;
  }
  bool has_epoch = epoch != NULL && epoch[0] != '\0' && strcmp(epoch, "0") != 0;
  UpdatePackage *package = g_new0(UpdatePackage, 1);
  package->name = g_strdup(name);
  package->version = has_epoch ? g_strdup_printf("%s:%s-%s", epoch, version, release)
                               : g_strdup_printf("%s-%s", version, release);
  package->module = g_strdup(reader->module);
  g_hash_table_add(reader->packages, package);
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
    reader->is_security = g_strcmp0(attribute(attributes, "type"), "security") == 0;
  }
  if (!reader->in_update)
    return;
  if (g_strv_contains(with_text, name)) {
    g_string_truncate(reader->text, 0);
  } else if (strcmp(name, "issued") == 0 && reader->issued == NULL) {
    reader->issued = g_strdup(attribute(attributes, "date"));
  } else if (strcmp(name, "updated") == 0 && reader->updated == NULL) {
    reader->updated = g_strdup(attribute(attributes, "date"));
  } else if (strcmp(name, "reference") == 0) {
    add_reference(reader, attributes);
  } else if (strcmp(name, "module") == 0) {
    const char *module = attribute(attributes, "name"), *stream = attribute(attributes, "stream");
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
  GHashTableIter iter;
  gpointer key;
  severity_parse(reader->severity, &severity);
  g_hash_table_iter_init(&iter, reader->packages);
  while (g_hash_table_iter_next(&iter, &key, NULL)) {
    const UpdatePackage *package = key;
    AdvisoryRange range = {.ecosystem = reader->ecosystem,
                           .package = package->name,
                           .module = package->module,
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
  if (reader->is_security && (reader->id == NULL || reader->id[0] == '\0'))
    (*reader->skipped)++;
  else if (reader->is_security)
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
  g_hash_table_unref(reader.packages);
  g_string_free(reader.text, true);
  if (reader.error == NULL)
    return true;
  g_propagate_error(error, reader.error);
  return false;
}

/* Of repomd.xml: where updateinfo lies, and its SHA-256. */
typedef struct {
  XML_Parser parser;
  bool in_updateinfo;
  char *location, *sha256;
  GString *text;
} RepomdReader;

static void XMLCALL
begin_repomd_element(void *data, const XML_Char *name, const XML_Char **attributes)
{
  RepomdReader *reader = data;
  if (strcmp(name, "data") == 0)
    reader->in_updateinfo = g_strcmp0(attribute(attributes, "type"), "updateinfo") == 0;
  if (reader->in_updateinfo && strcmp(name, "location") == 0 && reader->location == NULL)
    reader->location = g_strdup(attribute(attributes, "href"));
  g_string_truncate(reader->text, 0);
  if (reader->in_updateinfo && strcmp(name, "checksum") == 0 &&
      g_strcmp0(attribute(attributes, "type"), "sha256") == 0)
    g_string_append_c(reader->text, ':');
}

static void XMLCALL
take_repomd_text(void *data, const XML_Char *bytes, int size)
{
  RepomdReader *reader = data;
  if (size > 0 && reader->text->len < TEXT_MAX)
    g_string_append_len(reader->text, bytes, MIN(size, (int)(TEXT_MAX - reader->text->len)));
}

static void XMLCALL
end_repomd_element(void *data, const XML_Char *name)
{
  RepomdReader *reader = data;
  if (reader->in_updateinfo && strcmp(name, "checksum") == 0 && reader->text->str[0] == ':' &&
      reader->sha256 == NULL)
    reader->sha256 =
        slice_to_utf8(slice_strip(slice_new(reader->text->str + 1, reader->text->len - 1)));
}

static void XMLCALL
refuse_repomd_entity(void *data, const XML_Char *name, int is_parameter, const XML_Char *value,
                     int value_size, const XML_Char *base, const XML_Char *system_id,
                     const XML_Char *public_id, const XML_Char *notation)
{
  XML_StopParser(((RepomdReader *)data)->parser, XML_FALSE);
}

/* Sets *@location and *@sha256 (transfer full). */
static bool
parse_repomd(Slice text, char **location, char **sha256, GError **error)
{
  RepomdReader reader = {.parser = XML_ParserCreate(NULL), .text = g_string_new(NULL)};
  g_assert(reader.parser != NULL);
  XML_SetUserData(reader.parser, &reader);
  XML_SetElementHandler(reader.parser, begin_repomd_element, end_repomd_element);
  XML_SetCharacterDataHandler(reader.parser, take_repomd_text);
  XML_SetEntityDeclHandler(reader.parser, refuse_repomd_entity);
  bool parsed =
      text.size > 0 && text.size <= REPOMD_MAX &&
      XML_Parse(reader.parser, (const char *)text.data, (int)text.size, XML_TRUE) == XML_STATUS_OK;
  XML_ParserFree(reader.parser);
  g_string_free(reader.text, true);
  *location = reader.location;
  *sha256 = reader.sha256;
  if (!parsed)
    return error_set(error, ASSAY_ERROR_INVALID, "repomd.xml cannot be read");
  if (*location == NULL || *sha256 == NULL || strstr(*location, "..") != NULL)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "the repository has no updateinfo");
  return true;
}

/* The file that repomd.xml names, whose SHA-256 must hold. */
static bool
fetch_from_repository(FeedContext *context, bool *changed, GError **error)
{
  const char *base = context->config->url;
  const char *slash = g_str_has_suffix(base, "/") ? "" : "/";
  g_autofree char *url = g_strconcat(base, slash, "repodata/repomd.xml", NULL);
  g_autofree char *location = NULL, *sha256 = NULL;
  g_autoptr(HttpResponse) response = http_client_request(
      context->client, "GET", url, NULL, SLICE_EMPTY, REPOMD_MAX, context->cancellable, error);
  if (response == NULL)
    return false;
  if (response->status != 200)
    return error_set(error, ASSAY_ERROR_NETWORK, "%s: the server answered %ld", url,
                     response->status);
  if (!parse_repomd(slice_from_bytes(response->body), &location, &sha256, error)) {
    g_prefix_error(error, "%s: ", url);
    return false;
  }
  g_autofree char *file_url = g_strconcat(base, slash, location, NULL);
  g_autofree char *path = g_build_filename(context->folder, FEED_DATA_NAME, NULL);
  g_autofree char *temporary = g_strconcat(path, ".new", NULL);
  DownloadResult result;
  if (!http_client_download(context->client, file_url, temporary, FEED_FILE_MAX, FEED_RETRIES,
                            context->progress, context->cancellable, &result, error))
    return false;
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, temporary, FEED_FILE_MAX, error);
  if (bytes == NULL)
    return false;
  Digest digest = digest_of(DIGEST_SHA256, slice_from_bytes(bytes));
  if (strcmp(digest_hex(&digest), sha256) != 0) {
    unlink(temporary); /* asked for anew next time */
    return error_set(error, ASSAY_ERROR_MISMATCH, "%s: not what repomd.xml lists (try again later)",
                     file_url);
  }
  *changed = result == DOWNLOAD_NEW || !g_file_test(path, G_FILE_TEST_EXISTS);
  return !*changed || file_replace(AT_FDCWD, path, slice_from_bytes(bytes), 0600, error);
}

static bool
updateinfo_fetch(FeedContext *context, bool *changed, GError **error)
{
  g_autofree char *name = g_path_get_basename(context->config->url);
  return strstr(name, "updateinfo") != NULL ? feed_fetch_one_file(context, changed, error)
                                            : fetch_from_repository(context, changed, error);
}

static bool
read_file(FeedContext *context, const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = feed_read_one_file(path, error);
  if (bytes == NULL)
    return false;
  if (updateinfo_parse(slice_from_bytes(bytes), context->config->ecosystem, context->sink,
                       &context->skipped, error))
    return true;
  g_prefix_error(error, "%s: ", path);
  return false;
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
