/* Which route answers a method and a path: a look-up that allocates nothing.
 *
 * A pattern holds literal text and <parts>. A part stands for at least one character up to the next
 * slash; <name> is a repository's and may span slashes, so that a pattern with it is matched from
 * both ends. Of several routes that fit, the first of the tables answers. */
#pragma once

#include <glib.h>

#include "server/http/route.h"

typedef struct Router Router;

#define PATH_PARTS_MAX 4u

/* What a <part> of the pattern stands for: a view of the path that was looked up. */
typedef struct {
  Slice name, value;
} PathPart;

typedef struct {
  const Route *route; /* NULL: none */
  unsigned index;     /* of the route, among all of the router's */
  unsigned count;
  PathPart parts[PATH_PARTS_MAX];
} RouteMatch;

/* @tables: ended by NULL, each ended by a row without a method; borrowed. ASSAY_ERROR_INVALID: a
 * row is wrong. (transfer full) */
Router *router_new(const Route *const *tables, GError **error);
void router_free(Router *router);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Router, router_free)
/* How many routes there are; RouteMatch.index is less. */
unsigned router_count(const Router *router);
/* Any thread. The match is valid as long as @path. */
RouteMatch router_find(const Router *router, const char *method, const char *path);
/* The methods that @path takes, "GET, HEAD, DELETE"; NULL: there is nothing at it. (transfer full)
 */
char *router_allowed(const Router *router, const char *path);
