/* Which route answers which path, and what the names in its pattern stand for. */
#include <string.h>

#include "server/http/http-private.h"

static const Route routes[] = {
    {.method = "GET", .pattern = "/healthz", .label = "healthz"},
    {.method = "GET", .pattern = "/v2/", .label = "v2"},
    {.method = "GET", .pattern = "/v2/_catalog", .label = "catalog"},
    {.method = "GET", .pattern = "/v2/<name>/tags/list", .label = "tags"},
    {.method = "POST", .pattern = "/v2/<name>/blobs/uploads/", .label = "uploads"},
    {.method = "PATCH", .pattern = "/v2/<name>/blobs/uploads/<id>", .label = "upload"},
    {.method = "GET", .pattern = "/v2/<name>/blobs/<digest>", .label = "blob"},
    {.method = "DELETE", .pattern = "/v2/<name>/blobs/<digest>", .label = "blob-delete"},
    {.method = "GET", .pattern = "/v2/<name>/manifests/<reference>", .label = "manifest"},
    {.method = "GET", .pattern = "/api/v1/repositories/<name>/images", .label = "images"},
    {NULL},
};

static void
test_found(void)
{
  static const struct {
    const char *method, *path, *label, *parameter, *value;
  } cases[] = {
      {"GET", "/healthz", "healthz", NULL, NULL},
      {"HEAD", "/healthz", "healthz", NULL, NULL},
      {"GET", "/v2/", "v2", NULL, NULL},
      {"GET", "/v2/_catalog", "catalog", NULL, NULL},
      {"GET", "/v2/a/tags/list", "tags", "name", "a"},
      {"GET", "/v2/a/b/c/tags/list", "tags", "name", "a/b/c"},
      {"GET", "/v2/tags/list/tags/list", "tags", "name", "tags/list"},
      {"GET", "/v2/a/manifests/manifests/manifests/x", "manifest", "name", "a/manifests/manifests"},
      {"GET", "/v2/a/manifests/v1.0", "manifest", "reference", "v1.0"},
      {"GET", "/v2/a/blobs/uploads/blobs/sha256:0", "blob", "name", "a/blobs/uploads"},
      {"POST", "/v2/a/b/blobs/uploads/", "uploads", "name", "a/b"},
      {"PATCH", "/v2/a/blobs/uploads/1-2", "upload", "id", "1-2"},
      {"GET", "/v2//tags/list/tags/list", "tags", "name", "/tags/list"},
      {"GET", "/api/v1/repositories/a/b/images", "images", "name", "a/b"},
      {"GET", "/api/v1/repositories/images/images", "images", "name", "images"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GHashTable) parameters = NULL;
    g_autofree char *allowed = NULL;
    const Route *route = route_find(routes, cases[i].method, cases[i].path, &parameters, &allowed);
    g_test_message("%s %s", cases[i].method, cases[i].path);
    g_assert_nonnull(route);
    g_assert_cmpstr(route->label, ==, cases[i].label);
    if (cases[i].parameter != NULL)
      g_assert_cmpstr(g_hash_table_lookup(parameters, cases[i].parameter), ==, cases[i].value);
  }
}

static void
test_not_found(void)
{
  static const struct {
    const char *method, *path, *allowed; /* NULL: there is nothing at the path */
  } cases[] = {
      {"GET", "", NULL},
      {"GET", "/", NULL},
      {"GET", "/healthz/", NULL},
      {"GET", "/healthzz", NULL},
      {"GET", "/v2//tags/list", NULL},
      {"GET", "/v2/tags/list", NULL},
      {"GET", "/v2/a/tags/list/", NULL},
      {"GET", "/v2/a/manifests/", NULL},
      {"GET", "/v2/a/blobs", NULL},
      {"GET", "*", NULL},
      {"GET", "/api/v1/repositories//images", NULL},
      {"POST", "/healthz", "GET, HEAD"},
      {"get", "/healthz", "GET, HEAD"},
      {"PUT", "/v2/a/blobs/sha256:0", "GET, HEAD, DELETE"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GHashTable) parameters = NULL;
    g_autofree char *allowed = NULL;
    g_test_message("%s %s", cases[i].method, cases[i].path);
    g_assert_null(route_find(routes, cases[i].method, cases[i].path, &parameters, &allowed));
    g_assert_null(parameters);
    g_assert_cmpstr(allowed, ==, cases[i].allowed);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/router/found", test_found);
  g_test_add_func("/router/not-found", test_not_found);
  return g_test_run();
}
