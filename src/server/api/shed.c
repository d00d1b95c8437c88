/* GET /api/v1/images/{digest}/shed: what an image that was pushed could do without, by layer. */
#include "base/json.h"
#include "report/shed_report.h"
#include "server/api/api-private.h"
#include "server/visible.h"
#include "verdict/completeness.h"

/* Of its files. */
typedef struct {
  uint64_t total, limit, offset;
} FilePage;
static const JsonMember page_members[] = {
    {JSON_MEMBER(FilePage, total), .kind = &json_number},
    {JSON_MEMBER(FilePage, limit), .kind = &json_number},
    {JSON_MEMBER(FilePage, offset), .kind = &json_number},
};
static const JsonTable page_table = JSON_TABLE(FilePage, page_members);

const ApiSchema api_shed_schemas[] = {
    {"Shed", &shed_report_table},
    {"Shed", &page_table},
    {"Shed.sheds", &shed_report_sum_table},
    {"Shed.layers", &shed_report_layer_table},
    {"Shed.build_tools", &shed_report_package_table},
    {"Shed.files", &shed_report_file_table},
    {NULL},
};

/* The findings to count; *observed: what was seen alone, where there are no advisories. False: it
 * has responded. */
static bool
read_findings(Request *request, const Digest *digest, unsigned weight, SharedItem **item,
              MatchResult **observed)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  *item = pipeline_image_findings(pipeline, digest, weight, &error);
  if (*item != NULL)
    return true;
  if (api_waits(request, error))
    return false;
  if (!pipeline_has_advisories(pipeline)) {
    g_clear_error(&error);
    *observed = pipeline_image_observed(pipeline, digest, &error);
  }
  if (*observed == NULL)
    respond_error(request, error);
  return *observed != NULL;
}

/* A page of its files, and all the rest. */
static void
respond_shed(Request *request, const ShedReport *report, const Page *page)
{
  g_autoptr(json_t) body = shed_report_to_json(report);
  json_t *files = json_incref(json_object_get(body, "files")), *part = json_array();
  size_t total = json_array_size(files);
  for (uint64_t i = page->offset; i < MIN(total, page->offset + page->limit); i++)
    json_array_append(part, json_array_get(files, i));
  const FilePage shown = {total, page->limit, page->offset};
  json_table_add(&page_table, &shown, body);
  json_decref(files);
  json_object_set_new(body, "files", part);
  respond_json(request, MHD_HTTP_OK, body);
}

/* ?repository= says for which namespace: what that does not look for is not counted. */
static void
api_shed(Request *request)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  const char *repository = request_query(request, "repository");
  Digest digest;
  Page page;
  unsigned weight;
  FindingKinds without = 0;
  if (!api_page_of(request, &page) ||
      (repository != NULL && !visible_repository(request, VERB_READ_FINDINGS, repository)) ||
      !api_scanned_image(request, &digest, &weight))
    return;
  g_autoptr(SharedItem) item = pipeline_image_inventory(pipeline, &digest, weight, &error);
  if (api_waits(request, error))
    return;
  g_autoptr(ImageConfig) config =
      item == NULL ? NULL : pipeline_image_config(pipeline, &digest, &error);
  if (error != NULL || !pipeline_without(pipeline, repository, &digest, &without, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(SharedItem) matched = NULL;
  g_autoptr(MatchResult) observed = NULL;
  if (!read_findings(request, &digest, weight, &matched, &observed))
    return;
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, &digest, &error);
  if (summary == NULL) {
    respond_error(request, error);
    return;
  }
  const MatchResult *result = observed != NULL ? observed : shared_item_value(matched);
  const ImageInventory *inventory = shared_item_value(item);
  g_autoptr(GPtrArray) findings = findings_without(result->findings, without);
  g_autoptr(GPtrArray) gaps = completeness_without(result->gaps, without);
  const Report report = {.digest = digest.text,
                         .inventory = inventory,
                         .findings = findings,
                         .gaps = gaps,
                         .notes = result->notes,
                         .database = observed != NULL ? NULL : summary->database};
  g_autoptr(Shed) shed = shed_of_image(inventory, config);
  const ShedReport document = {&report, shed, observed == NULL};
  respond_shed(request, &document, &page);
}

const Route api_shed_routes[] = {
    {"GET", "/api/v1/images/<digest>/shed", "api-shed", VERB_READ_FINDINGS, ON_WHAT_ONE_MAY,
     WORK_HEAVY, .finish = api_shed},
    {NULL},
};
