/* The handlers of /api/v1; see the header. */
#include "server/api/api.h"
#include "inventory/image.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/media_type.h"
#include "registry/quarantine.h"
#include "report/report.h"
#include "server/api/api-private.h"
#include "server/visible.h"

#define NOTES_MAX 1000
/* For what is being worked out. */
#define WAIT_SECONDS 60

/* --- the image of the path --- */

/* What is there, but has nothing to tell. */
static void
respond_unscanned(Request *request, const char *format, const char *detail)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  g_autofree char *message = g_strdup_printf(format, detail);
#pragma GCC diagnostic pop
  respond_oci_error(request, MHD_HTTP_CONFLICT, "UNSCANNED", message, NULL);
}

/* Rounded up; at least 1. */
static int64_t
seconds_until(int64_t time)
{
  int64_t left = time - g_get_real_time();
  return left <= 0 ? 1 : left / G_USEC_PER_SEC + 1;
}

bool
api_scanned_image(Request *request, Digest *digest, unsigned *weight)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  g_autofree char *other = NULL;
  if (!digest_parse(request_parameter(request, "digest"), digest, &error)) {
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "DIGEST_INVALID", error->message, NULL);
    return false;
  }
  if (!visible_image(request, VERB_READ_FINDINGS, digest))
    return false;
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, digest, &error);
  *weight = summary == NULL ? 0 : image_summary_weight(summary);
  if (summary != NULL && summary->state == SCAN_DONE)
    return true;
  if (summary == NULL || !pipeline_image_exists(pipeline, digest, &other, &error)) {
    respond_error(request, error);
  } else if (other != NULL) {
    respond_unscanned(request, "it is no image but %s; ask for the images in it, if there are any",
                      other);
  } else if (summary->state == SCAN_FAILED) {
    respond_unscanned(request, "the scan of the image failed: %s", summary->error);
  } else if (summary->state == SCAN_WAITING) {
    respond_unscanned(request, "the scan of the image will be tried again: %s", summary->error);
    response_header_format(request, "Retry-After", "%" G_GINT64_FORMAT,
                           seconds_until(summary->retry_at));
  } else if (summary->state == SCAN_DEFERRED) {
    respond_unscanned(request, "the image is not scanned: %s", summary->error);
  } else {
    respond_unscanned(request, "the image %s is not scanned yet; ask again in a moment",
                      digest->text);
    response_header(request, "Retry-After", "1");
  }
  return false;
}

bool
api_waits(Request *request, const GError *error)
{
  return g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_BUSY) &&
         request_wait(request, WAIT_SECONDS);
}

/* --- repositories, images --- */

/* By name and not by number: a page costs the same wherever it is, and stays right while
 * repositories come. */
static void
api_repositories(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = PAGE_DEFAULT;
  bool more = false;
  if (!api_number_of(request, "limit", 1, PAGE_MAX, &limit))
    return;
  g_auto(GStrv) names = visible_repositories(request, VERB_LIST, request_query(request, "last"),
                                             (int64_t)limit, &more, &error);
  if (names == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "limit", json_integer((json_int_t)limit));
  json_object_set_new(body, "repositories", list);
  for (char **name = names; *name != NULL; name++) {
    json_t *one = json_object();
    json_set_string(one, "name", *name);
    json_array_append_new(list, one);
    if (more && name[1] == NULL)
      json_set_string(body, "next", *name);
  }
  respond_json(request, MHD_HTTP_OK, body);
}

/* By ScanState. What waits for another try is pending, with a reason. */
static const char *const scan_names[] = {"none",           "pending", "done",     "failed",
                                         "not-applicable", "pending", "deferred", NULL};
typedef struct {
  ImageSummary summary;
  bool older_detectors;
} ScannedImage;
#define SUMMARY_MEMBER(name, member) JSON_MEMBER_AS(name, ScannedImage, summary.member)
static const JsonMember scan_members[] = {
    {SUMMARY_MEMBER("state", state), .kind = &json_word, .words = scan_names},
    {SUMMARY_MEMBER("error", error), .kind = &json_text},
    {SUMMARY_MEMBER("retry_at", retry_at), .kind = &json_moment},
    {SUMMARY_MEMBER("time", scanned), .kind = &json_moment},
    {SUMMARY_MEMBER("advisories", database), .kind = &json_text},
    {SUMMARY_MEMBER("os", os), .kind = &json_text},
    {SUMMARY_MEMBER("end_of_life", end_of_life), .kind = &json_text},
    {SUMMARY_MEMBER("packages", packages), .kind = &json_number},
    {SUMMARY_MEMBER("findings", counts), .kind = &json_counts, .words = severity_names,
     .last_first = true},
    {SUMMARY_MEMBER("fixable", fixable), .kind = &json_counts, .words = severity_names,
     .last_first = true},
    {SUMMARY_MEMBER("uncovered_packages", uncovered), .kind = &json_number},
    {SUMMARY_MEMBER("third_party_packages", third_party), .kind = &json_number},
    {SUMMARY_MEMBER("incomplete", gaps), .kind = &json_lines},
    {JSON_MEMBER(ScannedImage, older_detectors), .kind = &json_flag},
    {SUMMARY_MEMBER("older_detectors_reason", renewal_error), .kind = &json_text},
};
static const JsonTable scan_table = JSON_TABLE(ScannedImage, scan_members);

typedef struct {
  StoredImage image;
  GPtrArray *missing;
  ScannedImage scan;
  char *quarantined;
  const char *signing; /* or NULL */
} ListedImage;
static const JsonMember image_members[] = {
    {JSON_MEMBER_AS("digest", ListedImage, image.digest), .kind = &json_digest},
    {JSON_MEMBER_AS("media_type", ListedImage, image.media_type), .kind = &json_text,
     .required = true},
    {JSON_MEMBER_AS("artifact_type", ListedImage, image.artifact_type), .kind = &json_text},
    {JSON_MEMBER_AS("tags", ListedImage, image.tags), .kind = &json_texts, .required = true},
    {JSON_MEMBER_AS("pushed", ListedImage, image.pushed), .kind = &json_moment, .required = true},
    {JSON_MEMBER_AS("pulled", ListedImage, image.pulled), .kind = &json_moment},
    {JSON_MEMBER_AS("pulls", ListedImage, image.pulls), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(ListedImage, missing), .kind = &json_lines, .omitted = true},
    {JSON_MEMBER(ListedImage, quarantined), .kind = &json_text},
    {JSON_MEMBER(ListedImage, signing), .kind = &json_text},
    {JSON_MEMBER(ListedImage, scan), .kind = &json_part, .table = &scan_table, .required = true},
};
static const JsonTable image_table = JSON_TABLE(ListedImage, image_members);

/* Of an image that was judged. */
static const JsonMember judged_members[] = {
    {.name = "gate", .kind = &json_part, .table = &api_gate_table},
    {JSON_MEMBER(Standing, size), .kind = &json_number},
};
static const JsonTable judged_table = JSON_TABLE(Standing, judged_members);

typedef struct {
  LayerNote note;
  const char *layer;
} LocatedNote;
static const JsonMember note_members[] = {
    {JSON_MEMBER_AS("kind", LocatedNote, note.kind), .kind = &json_text, .required = true},
    {JSON_MEMBER_AS("path", LocatedNote, note.path), .kind = &json_text},
    {JSON_MEMBER_AS("detail", LocatedNote, note.detail), .kind = &json_text},
    {JSON_MEMBER(LocatedNote, layer), .kind = &json_text, .required = true},
};
static const JsonTable note_table = JSON_TABLE(LocatedNote, note_members);

const ApiSchema api_image_schemas[] = {
    {"Image", &image_table},
    {"Image", &judged_table, .sometimes = true},
    {"Note", &note_table},
    {NULL},
};

/* What cannot be pulled whole is not fine, whatever its scan said while it was. */
static void
note_missing(const GPtrArray *missing, ImageSummary *summary)
{
  if (missing->len == 0 || summary->state == SCAN_NOT_APPLICABLE)
    return;
  g_free(summary->error);
  summary->error = g_strdup_printf("the image is broken: %s%s is not there any more; push it again",
                                   (const char *)g_ptr_array_index(missing, 0),
                                   missing->len > 1 ? " (and others)" : "");
  summary->state = SCAN_FAILED;
}

static bool
append_image(ServerContext *server, const char *repository, const StoredImage *image, json_t *all,
             GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(ImageSummary) summary = pipeline_image_summary(server->pipeline, &image->digest, error);
  g_autoptr(GPtrArray) missing =
      summary == NULL ? NULL
                      : registry_missing(server->registry, repository, &image->digest, error);
  g_autoptr(Standing) standing =
      missing == NULL ? NULL
                      : pipeline_standing(server->pipeline, repository, &image->digest, &failure);
  FindingKinds without = 0;
  if (missing == NULL)
    return false;
  if (failure != NULL ||
      !pipeline_without(server->pipeline, repository, &image->digest, &without, &failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  image_summary_leave_out(summary, without);
  note_missing(missing, summary);
  g_autofree char *quarantined =
      registry_quarantined(server->registry, repository, image->digest.text);
  ListedImage listed = {*image,
                        missing,
                        {*summary, image_summary_is_of_older_detectors(summary)},
                        quarantined,
                        summary->state == SCAN_NOT_APPLICABLE &&
                                !media_type_is_index(image->media_type)
                            ? NULL
                            : api_signing_of(server, repository, image->digest.text, image->tags)};
  if (summary->state != SCAN_WAITING && summary->state != SCAN_DEFERRED)
    listed.scan.summary.retry_at = 0;
  json_t *one = json_table_write(&image_table, &listed);
  if (standing != NULL)
    json_table_add(&judged_table, standing, one);
  json_array_append_new(all, one);
  return true;
}

/* ?reference= finds the one that a tag or digest names. */
static void
api_images(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  Page page;
  uint64_t total = 0;
  if (!api_page_of(request, &page))
    return;
  const char *repository = request_parameter(request, "name");
  g_autoptr(GPtrArray) images =
      registry_images(server->registry, repository, request_query(request, "reference"),
                      (int64_t)page.limit, (int64_t)page.offset, &total, &error);
  g_autoptr(json_t) list = json_array();
  for (guint i = 0; images != NULL && error == NULL && i < images->len; i++)
    append_image(server, repository, g_ptr_array_index(images, i), list, &error);
  if (error != NULL)
    respond_error(request, error);
  else
    api_respond_page(request, "images", total, &page, g_steal_pointer(&list));
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
      const LocatedNote located = {*note, layer->layer.text};
      json_array_append_new(notes, json_table_write(&note_table, &located));
    }
  }
  return notes;
}

static void
api_packages(Request *request)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  Page page;
  unsigned weight;
  if (!api_page_of(request, &page) || !api_scanned_image(request, &digest, &weight))
    return;
  g_autoptr(SharedItem) item =
      pipeline_image_inventory(server_context(request)->pipeline, &digest, weight, &error);
  if (api_waits(request, error))
    return;
  const ImageInventory *inventory = shared_item_value(item);
  if (inventory == NULL) {
    respond_error(request, error);
    return;
  }
  guint total = inventory->packages->len;
  json_t *part = json_array();
  for (uint64_t i = page.offset; i < MIN(total, page.offset + page.limit); i++)
    json_array_append_new(
        part,
        report_package_to_json(inventory, &g_array_index(inventory->packages, ImagePackage, i)));
  g_autoptr(json_t) body = json_object();
  json_object_set_new(body, "notes", notes_of(inventory));
  api_respond_page_of(request, body, "packages", total, &page, part);
}

static void
api_scan(Request *request)
{
  g_autoptr(GError) error = NULL;
  Digest digest;
  ScanState state;
  if (!digest_parse(request_parameter(request, "digest"), &digest, &error)) {
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "DIGEST_INVALID", error->message, NULL);
    return;
  }
  if (!visible_image(request, VERB_SCAN, &digest))
    return;
  if (!pipeline_scan_now(server_context(request)->pipeline, &digest, &state, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "state", scan_names[state]);
  respond_json(request, MHD_HTTP_ACCEPTED, body);
}

/* ?repository= says for which namespace. */
static void
api_verdict(Request *request)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  const char *repository = request_query(request, "repository");
  const char *digest = request_parameter(request, "digest");
  if (!digest_parse(digest, &(Digest){{0}}, &error)) {
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "DIGEST_INVALID", error->message, NULL);
    return;
  }
  if (repository == NULL) {
    api_refuse(request, "?repository= is needed: policies differ by namespace");
    return;
  }
  if (!visible_repository(request, VERB_READ_FINDINGS, repository))
    return;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(server->registry, repository, digest, &error);
  ScanState scan;
  g_autoptr(Verdict) verdict = stored == NULL ? NULL
                                              : pipeline_judge_pull(server->pipeline, repository,
                                                                    digest, stored, &scan, &error);
  if (verdict == NULL) {
    if (!api_waits(request, error))
      respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = verdict_to_json(verdict);
  respond_json(request, MHD_HTTP_OK, body);
}

const Route api_image_routes[] = {
    {"GET", "/api/v1/repositories", "api-repositories", VERB_LIST, ON_WHAT_ONE_MAY, WORK_HEAVY,
     .finish = api_repositories},
    {"GET", "/api/v1/repositories/<name>/images", "api-images", VERB_LIST, ON_REPOSITORY,
     WORK_HEAVY, .finish = api_images},
    {"GET", "/api/v1/images/<digest>/packages", "api-packages", VERB_READ_FINDINGS, ON_WHAT_ONE_MAY,
     WORK_HEAVY, .finish = api_packages},
    {"POST", "/api/v1/images/<digest>/scan", "api-scan", VERB_SCAN, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_scan},
    {"GET", "/api/v1/images/<digest>/verdict", "api-verdict", VERB_READ_FINDINGS, ON_WHAT_ONE_MAY,
     WORK_HEAVY, .finish = api_verdict},
    {NULL},
};
