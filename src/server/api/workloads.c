/* What runs in clusters of Kubernetes, and what may although the policy refuses it. */
#include "admission/broken_glass.h"
#include "base/json.h"
#include "registry/running.h"
#include "server/api/api-private.h"

/* Images that one vulnerability is in, whose workloads are looked for. */
#define AFFECTED_MOST 10000

const ApiSchema api_workload_schemas[] = {
    {"Workload", &running_image_table},
    {"BrokenGlass", &broken_glass_table},
    {NULL},
};

static void
respond_running(Request *request, const RunningFilter *filter, const Page *page)
{
  g_autoptr(GError) error = NULL;
  uint64_t total = 0;
  g_autoptr(GPtrArray) images =
      registry_running(server_context(request)->registry, filter, (int64_t)page->limit,
                       (int64_t)page->offset, &total, &error);
  if (images == NULL) {
    respond_error(request, error);
    return;
  }
  json_t *list = json_array();
  for (guint i = 0; i < images->len; i++)
    json_array_append_new(list,
                          json_table_write(&running_image_table, g_ptr_array_index(images, i)));
  api_respond_page(request, "workloads", total, page, list);
}

/* Those of the images that have a vulnerability. */
static void
respond_affected(Request *request, RunningFilter *filter, const char *vulnerability,
                 const Page *page)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  g_autofree char *id = pipeline_vulnerability_id(pipeline, vulnerability, &error);
  const StandingFilter standing = {.vulnerability = id};
  g_autoptr(VulnerabilityImages) found =
      id == NULL ? NULL
                 : pipeline_vulnerability_images(pipeline, &standing, AFFECTED_MOST, 0, &error);
  if (found == NULL) {
    respond_error(request, error);
    return;
  }
  g_autofree ImageName *names = g_new(ImageName, found->images->len + 1);
  for (guint i = 0; i < found->images->len; i++) {
    const AffectedImage *image = g_ptr_array_index(found->images, i);
    names[i] = (ImageName){image->repository, image->manifest};
  }
  filter->images = names;
  filter->count = found->images->len;
  respond_running(request, filter, page);
}

/* ?cluster=, ?namespace=, ?repository=, ?digest=, ?vulnerability=, ?ended=true */
static void
api_workloads(Request *request)
{
  Page page;
  RunningFilter filter = {.cluster = request_query(request, "cluster"),
                          .namespace = request_query(request, "namespace"),
                          .repository = request_query(request, "repository"),
                          .digest = request_query(request, "digest")};
  const char *vulnerability = request_query(request, "vulnerability");
  if (!api_page_of(request, &page) || !api_flag_of(request, "ended", &filter.ended))
    return;
  if (vulnerability != NULL)
    respond_affected(request, &filter, vulnerability, &page);
  else
    respond_running(request, &filter, &page);
}

static void
api_cluster_forget(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t forgotten = 0;
  if (!registry_forget_cluster(server_context(request)->registry, request_parameter(request, "id"),
                               &forgotten, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_set_number(body, "forgotten", forgotten);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
api_broken_glass(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) glasses = broken_glasses(server_context(request)->sql, &error);
  if (glasses == NULL) {
    respond_error(request, error);
    return;
  }
  json_t *list = json_array();
  for (guint i = 0; i < glasses->len; i++)
    json_array_append_new(list,
                          json_table_write(&broken_glass_table, g_ptr_array_index(glasses, i)));
  g_autoptr(json_t) body = json_pack("{s:o}", "broken_glass", list);
  respond_json(request, MHD_HTTP_OK, body);
}

const Route api_workload_routes[] = {
    {"GET", "/api/v1/workloads", "api-workloads", VERB_READ_FINDINGS, ON_SYSTEM, WORK_WAITS,
     .finish = api_workloads},
    {"DELETE", "/api/v1/clusters/<id>", "api-cluster-forget", VERB_OPERATE, ON_SYSTEM, WORK_WAITS,
     .finish = api_cluster_forget},
    {"GET", "/api/v1/broken-glass", "api-broken-glass", VERB_READ_AUDIT, ON_SYSTEM, WORK_WAITS,
     .finish = api_broken_glass},
    {NULL},
};
