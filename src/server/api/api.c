/* The handlers of /api/v1; see the header. */
#include "server/api/api.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "server/server-private.h"

#define PAGE_DEFAULT 100
#define PAGE_MAX     1000
#define NOTES_MAX    1000

/* --- pages --- */

typedef struct {
  uint64_t limit, offset;
} Page;

static bool
number_of(Request *request, const char *name, uint64_t most, uint64_t *value)
{
  const char *text = request_query(request, name);
  if (text == NULL)
    return true;
  if (slice_to_uint64(slice_from_string(text), value) && *value <= most)
    return true;
  g_autofree char *message =
      g_strdup_printf("?%s= must be a whole number, at most %" G_GUINT64_FORMAT, name, most);
  respond_oci_error(request, 400, "INVALID", message, NULL);
  return false;
}

static bool
page_of(Request *request, Page *page)
{
  *page = (Page){PAGE_DEFAULT, 0};
  return number_of(request, "limit", PAGE_MAX, &page->limit) &&
         number_of(request, "offset", G_MAXUINT32, &page->offset);
}

/* Adds to @body the part of @all that @page asks for, and answers with it. */
static void
respond_page_of(Request *request, json_t *body, const char *key, json_t *all, const Page *page)
{
  json_t *part = json_array();
  size_t total = json_array_size(all);
  for (size_t i = page->offset; i < total && i < page->offset + page->limit; i++)
    json_array_append(part, json_array_get(all, i));
  json_object_set_new(body, "total", json_integer((json_int_t)total));
  json_object_set_new(body, "limit", json_integer((json_int_t)page->limit));
  json_object_set_new(body, "offset", json_integer((json_int_t)page->offset));
  json_object_set_new(body, key, part);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
respond_page(Request *request, const char *key, json_t *all, const Page *page)
{
  g_autoptr(json_t) body = json_object();
  respond_page_of(request, body, key, all, page);
}

static bool
digest_of_path(Request *request, Digest *digest)
{
  g_autoptr(GError) error = NULL;
  if (digest_parse(request_parameter(request, "digest"), digest, &error))
    return true;
  respond_error(request, error);
  return false;
}

static char *
time_text(int64_t microseconds)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(microseconds / G_USEC_PER_SEC);
  return time == NULL ? NULL : g_date_time_format_iso8601(time);
}

static void
set_time(json_t *object, const char *key, int64_t microseconds)
{
  g_autofree char *text = microseconds == 0 ? NULL : time_text(microseconds);
  json_set_string(object, key, text);
}

/* --- repositories, images --- */

void
api_repositories(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) all = json_array();
  Page page;
  bool more;
  if (!page_of(request, &page))
    return;
  g_auto(GStrv) names =
      registry_catalog(server_context(request)->registry, NULL, -1, &more, &error);
  if (names == NULL) {
    respond_error(request, error);
    return;
  }
  for (char **name = names; *name != NULL; name++) {
    json_t *one = json_object();
    json_set_string(one, "name", *name);
    json_array_append_new(all, one);
  }
  respond_page(request, "repositories", all, &page);
}

static json_t *
counts_to_json(const uint32_t counts[SEVERITY_CRITICAL + 1])
{
  json_t *object = json_object();
  for (int severity = SEVERITY_CRITICAL; severity >= SEVERITY_UNKNOWN; severity--)
    json_object_set_new(object, severity_name((Severity)severity), json_integer(counts[severity]));
  return object;
}

static void
set_summary(json_t *object, const ImageSummary *summary)
{
  static const char *const states[] = {"none", "pending", "done", "failed", "not-applicable"};
  json_t *scan = json_object();
  json_set_string(scan, "state", states[summary->state]);
  json_set_string(scan, "error", summary->error);
  set_time(scan, "time", summary->scanned);
  json_set_string(scan, "advisories", summary->database);
  json_set_string(scan, "os", summary->os);
  json_object_set_new(scan, "packages", json_integer(summary->packages));
  json_object_set_new(scan, "findings", counts_to_json(summary->counts));
  json_object_set_new(scan, "fixable", counts_to_json(summary->fixable));
  json_object_set_new(object, "scan", scan);
}

static bool
append_image(ServerContext *server, const StoredImage *image, json_t *all, GError **error)
{
  g_autoptr(ImageSummary) summary = pipeline_image_summary(server->pipeline, &image->digest, error);
  if (summary == NULL)
    return false;
  json_t *one = json_object();
  json_set_string(one, "digest", image->digest.text);
  json_set_string(one, "media_type", image->media_type);
  json_set_string(one, "artifact_type", image->artifact_type);
  json_set_strings(one, "tags", (const char *const *)image->tags);
  set_time(one, "pushed", image->pushed);
  set_summary(one, summary);
  json_array_append_new(all, one);
  return true;
}

void
api_images(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  Page page;
  uint64_t total = 0;
  if (!page_of(request, &page))
    return;
  g_autoptr(GPtrArray) images =
      registry_images(server->registry, request_parameter(request, "name"), (int64_t)page.limit,
                      (int64_t)page.offset, &total, &error);
  if (images == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "total", json_integer((json_int_t)total));
  json_object_set_new(body, "limit", json_integer((json_int_t)page.limit));
  json_object_set_new(body, "offset", json_integer((json_int_t)page.offset));
  json_object_set_new(body, "images", list);
  for (guint i = 0; i < images->len; i++) {
    if (!append_image(server, g_ptr_array_index(images, i), list, &error)) {
      respond_error(request, error);
      return;
    }
  }
  respond_json(request, MHD_HTTP_OK, body);
}

/* --- findings --- */

typedef struct {
  bool severities[SEVERITY_CRITICAL + 1];
  const char *state, *package, *text;
  bool only_fixable;
} Filter;

static bool
filter_of(Request *request, Filter *filter)
{
  const char *severities = request_query(request, "severity");
  const char *fixable = request_query(request, "fixable");
  filter->state = request_query(request, "state");
  filter->package = request_query(request, "package");
  filter->text = request_query(request, "q");
  filter->only_fixable = g_strcmp0(fixable, "true") == 0;
  for (int i = 0; severities == NULL && i <= SEVERITY_CRITICAL; i++)
    filter->severities[i] = true;
  Slice rest = slice_from_string(severities), word;
  while (slice_next_field(&rest, ',', &word)) {
    Severity severity;
    g_autofree char *name = slice_to_utf8(word);
    if (!severity_parse(name, &severity)) {
      g_autofree char *message = g_strdup_printf("?severity=: \"%s\" is no severity", name);
      respond_oci_error(request, 400, "INVALID", message, NULL);
      return false;
    }
    filter->severities[severity] = true;
  }
  return true;
}

static bool
passes(const Filter *filter, const Finding *finding)
{
  if (!filter->severities[finding->severity] ||
      (filter->only_fixable && finding->fixed_version == NULL))
    return false;
  if (filter->state != NULL && strcmp(filter->state, advisory_state_name(finding->state)) != 0)
    return false;
  if (filter->package != NULL && g_strcmp0(filter->package, finding->package) != 0 &&
      g_strcmp0(filter->package, finding->source_package) != 0)
    return false;
  return filter->text == NULL || strcasestr(finding->id, filter->text) != NULL ||
         (finding->title != NULL && strcasestr(finding->title, filter->text) != NULL);
}

static int
by_package(gconstpointer a, gconstpointer b)
{
  const Finding *left = *(const Finding *const *)a, *right = *(const Finding *const *)b;
  int order = g_strcmp0(left->package, right->package);
  return order != 0 ? order : g_strcmp0(left->id, right->id);
}

static int
by_id(gconstpointer a, gconstpointer b)
{
  const Finding *left = *(const Finding *const *)a, *right = *(const Finding *const *)b;
  int order = g_strcmp0(left->id, right->id);
  return order != 0 ? order : g_strcmp0(left->package, right->package);
}

static bool
sort_findings(Request *request, GPtrArray *findings)
{
  const char *sort = request_query(request, "sort");
  if (sort == NULL || strcmp(sort, "severity") == 0)
    return true;
  if (strcmp(sort, "package") == 0)
    g_ptr_array_sort(findings, by_package);
  else if (strcmp(sort, "id") == 0)
    g_ptr_array_sort(findings, by_id);
  else {
    respond_oci_error(request, 400, "INVALID", "?sort= must be severity, package or id", NULL);
    return false;
  }
  return true;
}

void
api_findings(Request *request)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  Page page;
  Filter filter = {{false}};
  if (!digest_of_path(request, &digest) || !page_of(request, &page) || !filter_of(request, &filter))
    return;
  g_autoptr(MatchResult) result =
      pipeline_image_findings(server_context(request)->pipeline, &digest, &error);
  if (result == NULL) {
    respond_error(request, error);
    return;
  }
  /* What the sources ruled out is told to who asks for it. */
  GPtrArray *findings = g_strcmp0(filter.state, advisory_state_name(STATE_NOT_AFFECTED)) == 0
                            ? result->not_affected
                            : result->findings;
  if (!sort_findings(request, findings))
    return;
  g_autoptr(json_t) all = json_array();
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    if (passes(&filter, finding))
      json_array_append_new(all, finding_to_json(finding));
  }
  respond_page(request, "findings", all, &page);
}

/* --- packages, verdict --- */

/* What the layers have that a person should know: device nodes, names that climb out of the root,
 * databases that are broken. */
static json_t *
notes_of(const ImageInventory *inventory)
{
  json_t *notes = json_array();
  for (guint i = 0; i < inventory->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(inventory->layers, i);
    for (guint j = 0; j < layer->notes->len && json_array_size(notes) < NOTES_MAX; j++) {
      const LayerNote *note = g_ptr_array_index(layer->notes, j);
      json_t *one = json_object();
      json_set_string(one, "kind", note->kind);
      json_set_string(one, "path", note->path);
      json_set_string(one, "detail", note->detail);
      json_set_string(one, "layer", layer->layer.text);
      json_array_append_new(notes, one);
    }
  }
  return notes;
}

void
api_packages(Request *request)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  Page page;
  if (!digest_of_path(request, &digest) || !page_of(request, &page))
    return;
  g_autoptr(ImageInventory) inventory =
      pipeline_image_inventory(server_context(request)->pipeline, &digest, &error);
  if (inventory == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) all = json_array();
  for (guint i = 0; i < inventory->packages->len; i++) {
    const ImagePackage *package = &g_array_index(inventory->packages, ImagePackage, i);
    const LayerInventory *layer = g_ptr_array_index(inventory->layers, package->layer);
    json_t *one = json_object();
    json_set_string(one, "type", package->package->type);
    json_set_string(one, "name", package->package->name);
    json_set_string(one, "version", package->package->version);
    json_set_string(one, "architecture", package->package->architecture);
    json_set_string(one, "source_name", package->package->source_name);
    json_set_string(one, "source_version", package->package->source_version);
    json_set_string(one, "location", package->package->location);
    json_set_string(one, "layer", layer->layer.text);
    json_array_append_new(all, one);
  }
  g_autoptr(json_t) body = json_object();
  json_object_set_new(body, "notes", notes_of(inventory));
  respond_page_of(request, body, "packages", all, &page);
}

/* ?repository= says for which namespace. */
void
api_verdict(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  const char *repository = request_query(request, "repository");
  Digest digest;
  if (!digest_of_path(request, &digest))
    return;
  if (repository == NULL) {
    respond_oci_error(request, 400, "INVALID",
                      "?repository= is needed: policies differ by namespace", NULL);
    return;
  }
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(server->registry, repository, digest.text, &error);
  ScanState scan;
  g_autoptr(Verdict) verdict =
      stored == NULL
          ? NULL
          : pipeline_judge_pull(server->pipeline, repository, digest.text, stored, &scan, &error);
  if (verdict == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = verdict_to_json(verdict);
  respond_json(request, MHD_HTTP_OK, body);
}
