/* Measures how long the look-up of a route takes among 200, and prints nanoseconds of processor
 * time a request. */
#include <stdio.h>
#include <time.h>

#include "server/http/router.h"

#define ROUTES 200u
#define ROUNDS 2000000u

static void
nothing(Request *request)
{
}

/* As many as a registry with access control, signing and mirrors may have: some by repository, some
 * by an id, most below /api/v1. */
static Route *
make_routes(void)
{
  static const char *const methods[] = {"GET", "PUT", "POST", "DELETE", "PATCH"};
  static const char *const shapes[] = {
      "/api/v1/resource%u",
      "/api/v1/resource%u/<id>",
      "/api/v1/resource%u/<id>/members/<member>",
      "/api/v1/repositories/<name>/resource%u",
      "/api/v1/repositories/<name>/resource%u/<id>",
      "/v2/<name>/resource%u/<reference>",
      "/api/v1/images/<digest>/resource%u",
  };
  Route *routes = g_new0(Route, ROUTES + 1);
  for (unsigned i = 0; i < ROUTES; i++) {
    const char *shape = shapes[i % G_N_ELEMENTS(shapes)];
    g_autofree char *number = g_strdup_printf("%u", i);
    g_auto(GStrv) parts = g_strsplit(shape, "%u", 2);
    const Route route = {methods[i % 2 == 0 ? 0 : i % G_N_ELEMENTS(methods)],
                         g_strjoinv(number, parts),
                         "label",
                         VERB_NONE,
                         ON_NOTHING,
                         WORK_AT_ONCE,
                         .finish = nothing};
    routes[i] = route;
  }
  return routes;
}

/* A path that the route's pattern fits. */
static char *
path_of(const char *pattern)
{
  static const char digest[] =
      "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  g_autoptr(GString) path = g_string_new(pattern);
  g_string_replace(path, "<name>", "team/project/application", 0);
  g_string_replace(path, "<digest>", digest, 0);
  g_string_replace(path, "<reference>", digest, 0);
  g_string_replace(path, "<id>", "0a1b2c3d", 0);
  g_string_replace(path, "<member>", "somebody", 0);
  return g_string_free(g_steal_pointer(&path), FALSE);
}

int
main(void)
{
  g_autoptr(GError) error = NULL;
  Route *routes = make_routes();
  const Route *const tables[] = {routes, NULL};
  g_autoptr(Router) router = router_new(tables, &error);
  if (router == NULL) {
    fprintf(stderr, "route-load: %s\n", error->message);
    return 1;
  }
  char *paths[ROUTES];
  for (unsigned i = 0; i < ROUTES; i++)
    paths[i] = path_of(routes[i].pattern);
  clock_t started = clock();
  for (unsigned i = 0; i < ROUNDS; i++) {
    RouteMatch match = router_find(router, routes[i % ROUTES].method, paths[i % ROUTES]);
    if (match.route != &routes[i % ROUTES]) {
      fprintf(stderr, "route-load: %s is not found\n", paths[i % ROUTES]);
      return 1;
    }
  }
  double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
  printf("%.0f\n", seconds * 1e9 / ROUNDS);
  for (unsigned i = 0; i < ROUTES; i++) {
    g_free(paths[i]);
    g_free((char *)(uintptr_t)routes[i].pattern);
  }
  g_free(routes);
  return 0;
}
