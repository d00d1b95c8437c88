/* On which image another was built: GET /api/v1/images/{digest}/base, and what findings tell of
 * it. Who asks sees a base in repositories alone that they may list. */
#include "report/base.h"

#include "base/json.h"
#include "pipeline/bases.h"
#include "server/api/api-private.h"
#include "server/api/base.h"
#include "server/visible.h"

const ApiSchema api_base_schemas[] = {
    {"Base", &report_base_table},
    {"Origins", &report_origins_table},
    {"NewerBase", &report_newer_base_table},
    {"BaseDifference", &report_base_difference_table},
    {NULL},
};

/* A NameSeen. */
static bool
may_list(const char *repository, void *data)
{
  return request_may(data, VERB_LIST, repository);
}

bool
api_base_find(Request *request, const Digest *digest, BaseImage **base, GError **error)
{
  return pipeline_image_base(server_context(request)->pipeline, digest, may_list, request, base,
                             error);
}

const char *
api_base_origin(const BaseImage *base, const Finding *finding)
{
  if (base == NULL || base->layers->len == 0)
    return NULL;
  return base_image_has(base, finding->layer) ? "base" : "own";
}

void
api_base_count(const BaseImage *base, const Finding *finding, ReportOrigins *origins)
{
  if (base_image_has(base, finding->layer))
    origins->of_base++;
  else
    origins->own++;
}

json_t *
api_base_to_json(const BaseImage *base, ReportOrigins *origins, ReportNewerBase *newer)
{
  ReportBase reported = {.repository = base->repository,
                         .tag = base->tag,
                         .digest =
                             base->repository != NULL ? (char *)(uintptr_t)base->digest.text : NULL,
                         .layers = base->layers->len,
                         .platform = base->layers->len > 0 ? base->platform : NULL,
                         .named = base->named,
                         .named_digest = base->named_digest,
                         .findings = base->layers->len > 0 ? origins : NULL,
                         .newer = base->moved_to != NULL ? newer : NULL};
  newer->digest = base->moved_to;
  newer->since = base->moved;
  return json_table_write(&report_base_table, &reported);
}

/* All but what is not looked for in ?repository=. */
static void
count_all(const BaseImage *base, const MatchResult *result, FindingKinds without,
          ReportOrigins *origins)
{
  for (guint i = 0; i < result->findings->len; i++) {
    const Finding *finding = g_ptr_array_index(result->findings, i);
    if (!finding_is_of(finding, without))
      api_base_count(base, finding, origins);
  }
}

/* NULL without *error: it is not scanned. (transfer full) */
static SharedItem *
findings_of(Pipeline *pipeline, const Digest *image, GError **error)
{
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, image, error);
  if (summary == NULL || summary->state != SCAN_DONE)
    return NULL;
  return pipeline_image_findings(pipeline, image, image_summary_weight(summary), error);
}

/* What is told of what the tag of @base names now. */
typedef struct {
  ReportNewerBase newer;
  ReportBaseDifference difference;
  Digest image;
} Newer;

static void
compare(Request *request, const BaseImage *base, FindingKinds without, Newer *told, GError **error)
{
  Pipeline *pipeline = server_context(request)->pipeline;
  if (pipeline_newer_base(pipeline, base, &told->image, error) != FOUND)
    return;
  told->newer.image = told->image.text;
  if (!request_may(request, VERB_READ_FINDINGS, base->repository))
    return;
  g_autoptr(SharedItem) before = findings_of(pipeline, &base->digest, error);
  g_autoptr(SharedItem) after = before == NULL ? NULL : findings_of(pipeline, &told->image, error);
  if (after != NULL && report_base_compare(shared_item_value(before), shared_item_value(after),
                                           without, &told->difference))
    told->newer.difference = &told->difference;
}

/* Without advisories nothing is counted. */
static bool
tell(Request *request, const Digest *digest, const BaseImage *base, FindingKinds without,
     json_t *body, GError **error)
{
  g_autoptr(GError) failure = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  ReportOrigins origins = {0};
  Newer told = {0};
  g_autoptr(SharedItem) item =
      pipeline_has_advisories(pipeline) ? findings_of(pipeline, digest, &failure) : NULL;
  if (item != NULL) {
    count_all(base, shared_item_value(item), without, &origins);
    compare(request, base, without, &told, &failure);
  }
  if (failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  json_object_set_new(body, "base",
                      api_base_to_json(base, item != NULL ? &origins : NULL, &told.newer));
  return true;
}

static void
api_base(Request *request)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  const char *repository = request_query(request, "repository");
  g_autoptr(BaseImage) base = NULL;
  FindingKinds without = 0;
  Digest digest;
  unsigned weight;
  if ((repository != NULL && !visible_repository(request, VERB_READ_FINDINGS, repository)) ||
      !api_scanned_image(request, &digest, &weight))
    return;
  g_autoptr(json_t) body = json_object();
  if (api_base_find(request, &digest, &base, &error) &&
      pipeline_without(pipeline, repository, &digest, &without, &error) &&
      (base == NULL || tell(request, &digest, base, without, body, &error)))
    respond_json(request, MHD_HTTP_OK, body);
  else if (!api_waits(request, error))
    respond_error(request, error);
}

const Route api_base_routes[] = {
    {"GET", "/api/v1/images/<digest>/base", "api-base", VERB_READ_FINDINGS, ON_WHAT_ONE_MAY,
     WORK_HEAVY, .finish = api_base},
    {NULL},
};
