/* Which route answers which path, and what the names in its pattern stand for. */
#include <string.h>

#include "base/error.h"
#include "server/http/router.h"
#include "server/routes.h"

static void
nothing(Request *request)
{
}

#define ROUTE(method, pattern, label)                                                              \
  {                                                                                                \
    method, pattern, label, VERB_NONE, ON_NOTHING, WORK_AT_ONCE, .finish = nothing                 \
  }

static const Route plain_routes[] = {
    ROUTE("GET", "/healthz", "healthz"),
    ROUTE("GET", "/v2/", "v2"),
    ROUTE("GET", "/v2", "v2"),
    ROUTE("GET", "/v2/_catalog", "catalog"),
    {NULL},
};
static const Route spanning_routes[] = {
    ROUTE("GET", "/v2/<name>/tags/list", "tags"),
    ROUTE("POST", "/v2/<name>/blobs/uploads/", "uploads"),
    ROUTE("POST", "/v2/<name>/blobs/uploads", "uploads"),
    ROUTE("PATCH", "/v2/<name>/blobs/uploads/<id>", "upload"),
    ROUTE("GET", "/v2/<name>/blobs/<digest>", "blob"),
    ROUTE("DELETE", "/v2/<name>/blobs/<digest>", "blob-delete"),
    ROUTE("GET", "/v2/<name>/manifests/<reference>", "manifest"),
    ROUTE("GET", "/api/v1/repositories/<name>/images", "images"),
    ROUTE("PUT", "/api/v1/teams/<team>/repositories/<name>", "team-repository"),
    ROUTE("GET", "/api/v1/images/<digest>/layers/<layer>", "layer"),
    ROUTE("GET", "/api/v1/images/<digest>.json", "never"),
    {NULL},
};
static const Route *const tables[] = {plain_routes, spanning_routes, NULL};

static Router *
make_router(void)
{
  g_autoptr(GError) error = NULL;
  Router *router = router_new(tables, &error);
  g_assert_no_error(error);
  return router;
}

static void
check_parameter(const RouteMatch *match, const char *name, const char *value)
{
  for (unsigned i = 0; i < match->count; i++) {
    if (!slice_equal_string(match->parts[i].name, name))
      continue;
    g_autofree char *found = slice_to_string(match->parts[i].value);
    g_assert_cmpstr(found, ==, value);
    return;
  }
  g_assert_cmpstr(name, ==, NULL);
}

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
      {"GET", "/v2", "v2", NULL, NULL},
      {"POST", "/v2/a/blobs/uploads", "uploads", "name", "a"},
      {"GET", "/v2/a/blobs/uploads", "blob", "digest", "uploads"},
      {"GET", "/v2/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/tags/list", "tags", "name",
       "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r"},
      {"GET", "/v2////////////////////////tags/list", "tags", "name", "//////////////////////"},
      {"GET", "/v2/<name>/tags/list", "tags", "name", "<name>"},
      {"PUT", "/api/v1/teams/red/repositories/a/b", "team-repository", "name", "a/b"},
      {"PUT", "/api/v1/teams/red/repositories/a/b", "team-repository", "team", "red"},
      {"PUT", "/api/v1/teams/red/repositories/a/", "team-repository", "name", "a/"},
      {"GET", "/api/v1/images/x/layers/y", "layer", "digest", "x"},
      {"GET", "/api/v1/images/x/layers/y", "layer", "layer", "y"},
  };
  g_autoptr(Router) router = make_router();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    RouteMatch match = router_find(router, cases[i].method, cases[i].path);
    g_test_message("%s %s", cases[i].method, cases[i].path);
    g_assert_nonnull(match.route);
    g_assert_cmpstr(match.route->label, ==, cases[i].label);
    check_parameter(&match, cases[i].parameter, cases[i].value);
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
      {"HEAD", "", NULL},
      {"GET", "v2/", NULL},
      {"GET", "/v2/a", NULL},
      {"GET", "/v2////", NULL},
      {"GET", "/v2/a/manifests", NULL},
      {"GET", "/v2/a/manifests//", NULL},
      {"GET", "/v2/a/blobs/uploads/", "POST"},
      {"GET", "/v2/a/blobs/uploads/x", "PATCH"},
      {"PUT", "/v2/a/blobs/uploads", "POST, GET, HEAD, DELETE"},
      {"PUT", "/api/v1/teams/red/repositories/", NULL},
      {"PUT", "/api/v1/teams//repositories/a", NULL},
      {"PUT", "/api/v1/teams/red/blue/repositories/a", NULL},
      {"GET", "/api/v1/images/x/layers/", NULL},
      {"GET", "/api/v1/images/x/y/layers/z", NULL},
      {"GET", "/api/v1/images/x.json", NULL},
      {"GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r", NULL},
      {"GET", "/api/v1/repositories//images", NULL},
      {"POST", "/healthz", "GET, HEAD"},
      {"get", "/healthz", "GET, HEAD"},
      {"OPTIONS", "/healthz", "GET, HEAD"},
      {"", "/healthz", "GET, HEAD"},
      {"PUT", "/v2/a/blobs/sha256:0", "GET, HEAD, DELETE"},
  };
  g_autoptr(Router) router = make_router();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *allowed = router_allowed(router, cases[i].path);
    g_test_message("%s %s", cases[i].method, cases[i].path);
    RouteMatch match = router_find(router, cases[i].method, cases[i].path);
    g_assert_null(match.route);
    g_assert_cmpuint(match.count, ==, 0);
    g_assert_cmpstr(allowed, ==, cases[i].allowed);
  }
}

/* Each of its own routes is found by a path that fits it, with its parts. */
static void
test_own_routes(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Router) router = router_new(server_routes, &error);
  g_assert_no_error(error);
  unsigned count = 0;
  for (const Route *const *table = server_routes; *table != NULL; table++) {
    for (const Route *route = *table; route->method != NULL; route++, count++) {
      g_autofree char *path = g_strdelimit(g_strdup(route->pattern), "<>", '-');
      RouteMatch match = router_find(router, route->method, path);
      g_test_message("%s %s", route->method, path);
      g_assert_true(match.route == route);
      g_assert_cmpuint(match.index, ==, count);
    }
  }
  g_assert_cmpuint(router_count(router), ==, count);
}

static void
test_wrong_rows(void)
{
  static const struct {
    Route row;
    const char *says;
  } cases[] = {
      {{"GET", "/a", "a", .work = WORK_AT_ONCE, .finish = nothing}, "which verb"},
      {{"GET", "/a", "a", VERB_NONE, .work = WORK_AT_ONCE, .finish = nothing}, "done to"},
      {{"GET", "/a", "a", VERB_PULL, ON_NOTHING, WORK_AT_ONCE, .finish = nothing}, "done to"},
      {{"GET", "/a", "a", VERB_PULL, ON_REPOSITORY, WORK_AT_ONCE, .finish = nothing}, "no <name>"},
      {{"GET", "/a", "a", VERB_NONE, ON_NOTHING, .finish = nothing}, "where its work"},
      {{"GET", "/a", "a", VERB_NONE, ON_NOTHING, WORK_AT_ONCE}, "finishes"},
      {{"HEAD", "/a", "a", VERB_NONE, ON_NOTHING, WORK_AT_ONCE, .finish = nothing}, "finishes"},
      {{"GET", "/<a>/<b>/<c>/<d>/<e>", "a", VERB_NONE, ON_NOTHING, WORK_AT_ONCE, .finish = nothing},
       "too many parts"},
      {{"GET", "/////////////////", "a", VERB_NONE, ON_NOTHING, WORK_AT_ONCE, .finish = nothing},
       "too many parts"},
      {{"GET", "/a/<name>.json", "a", VERB_NONE, ON_NOTHING, WORK_AT_ONCE, .finish = nothing},
       "<name> must"},
      {{"GET", "/a/<b", "a", VERB_NONE, ON_NOTHING, WORK_AT_ONCE, .finish = nothing}, "not closed"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    const Route table[] = {cases[i].row, {NULL}};
    const Route *const wrong[] = {plain_routes, table, NULL};
    g_autoptr(Router) router = router_new(wrong, &error);
    g_assert_null(router);
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, cases[i].says));
    g_assert_nonnull(strstr(error->message, cases[i].row.pattern));
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/router/found", test_found);
  g_test_add_func("/router/not-found", test_not_found);
  g_test_add_func("/router/own-routes", test_own_routes);
  g_test_add_func("/router/wrong-rows", test_wrong_rows);
  return g_test_run();
}
