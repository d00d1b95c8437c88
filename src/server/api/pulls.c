/* Pulls of a repository's images, counted by hour and who. */
#include "registry/pulls.h"

#include "base/json.h"
#include "server/api/api-private.h"

const ApiSchema api_pull_schemas[] = {
    {"PullCount", &pull_count_table},
    {NULL},
};

static void
api_pulls(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t total = 0;
  Page page;
  if (!api_page_of(request, &page))
    return;
  g_autoptr(GPtrArray) counts = registry_pulls(
      server_context(request)->registry, request_parameter(request, "name"),
      request_query(request, "digest"), (int64_t)page.limit, (int64_t)page.offset, &total, &error);
  if (counts == NULL) {
    respond_error(request, error);
    return;
  }
  json_t *list = json_array();
  for (guint i = 0; i < counts->len; i++)
    json_array_append_new(list, json_table_write(&pull_count_table, g_ptr_array_index(counts, i)));
  api_respond_page(request, "pulls", total, &page, list);
}

const Route api_pull_routes[] = {
    {"GET", "/api/v1/repositories/<name>/pulls", "api-pulls", VERB_READ_AUDIT, ON_REPOSITORY,
     WORK_WAITS, .finish = api_pulls},
    {NULL},
};
