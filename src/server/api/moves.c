/* Another name for a repository, or for all of a namespace. */
#include "registry/move.h"

#include <string.h>

#include "access/rights/bindings.h"
#include "base/json.h"
#include "server/api/api-private.h"

#define BODY_MAX      ((size_t)4096)
#define REDIRECT_TIME ((uint64_t)30 * 86400)

typedef struct {
  char *to;
  uint64_t redirect_for;
} Asked;
static const JsonMember asked_members[] = {
    {JSON_MEMBER(Asked, to), .kind = &json_text, .required = true},
    {JSON_MEMBER(Asked, redirect_for), .kind = &json_number, .most = REDIRECT_MOST},
};
static const JsonTable asked_table = JSON_TABLE(Asked, asked_members);

typedef struct {
  const char *from, *to;
  uint64_t redirect_for;
  bool grants;
} Moved;
static const JsonMember moved_members[] = {
    {JSON_MEMBER(Moved, from), .kind = &json_text, .required = true},
    {JSON_MEMBER(Moved, to), .kind = &json_text, .required = true},
    {JSON_MEMBER(Moved, redirect_for), .kind = &json_number},
    {JSON_MEMBER(Moved, grants), .kind = &json_flag},
};
static const JsonTable moved_table = JSON_TABLE(Moved, moved_members);

const ApiSchema api_move_schemas[] = {
    {"Moved", &moved_table},
    {"MovedName", &moved_name_table},
    {NULL},
};

/* False: it responded. */
static bool
read_body(Request *request, Asked *asked)
{
  g_autoptr(GError) error = NULL;
  GBytes *text = request_body(request);
  g_autoptr(json_t) object =
      json_parse(text == NULL ? SLICE_EMPTY : slice_from_bytes(text), &error);
  if (object != NULL && json_object_get(object, "redirect_for") == NULL)
    json_set_number(object, "redirect_for", REDIRECT_TIME);
  if (object != NULL && json_table_read(&asked_table, object, asked, &error))
    return true;
  api_refuse(request, "the body must say where to, as in {\"to\": \"team/app\"}: %s",
             error->message);
  json_table_clear(&asked_table, asked);
  return false;
}

static bool
carry(SqlConnection *db, const char *from, const char *to, bool whole, void *data, GError **error)
{
  return bindings_follow_move(db, from, to, whole, error);
}

static void
run_move(Request *request, RegistryMove *move, bool grants)
{
  g_autoptr(GError) error = NULL;
  ServerContext *server = server_context(request);
  move->carry = grants ? carry : NULL;
  if (!registry_move(server->registry, move, &error)) {
    respond_error(request, error);
    return;
  }
  access_forget(server->access);
  const Moved moved = {move->from, move->to, move->redirect_for, grants};
  g_autoptr(json_t) body = json_table_write(&moved_table, &moved);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
refuse(Request *request, const char *what)
{
  g_autofree char *message = g_strdup_printf(
      "this needs the rights to pull, delete and manage-namespaces on the old name, and to push on "
      "the new one: you have not all of them on %.300s",
      what);
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED", message, NULL);
}

/* What is asked for by the old name is judged by the new one's policy: who could not change a
 * policy does not get round it so. False: it responded. */
static bool
check_policy(Request *request, const char *from, const char *to)
{
  g_autoptr(PolicySet) policy = pipeline_policy(server_context(request)->pipeline);
  if (policy_set_judges_alike(policy, from, to) || request_may(request, VERB_MANAGE_POLICY, from))
    return true;
  g_autofree char *message = g_strdup_printf(
      "another policy is for %.300s than for %.300s: to move it there needs the right "
      "to manage-policy on the old name, too",
      to, from);
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED", message, NULL);
  return false;
}

/* The same of all repositories of a namespace. */
static bool
check_policies(Request *request, const char *from, const char *to)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *start = g_strconcat(from, "/", NULL), *last = g_strdup(start);
  bool more = true;
  while (more) {
    g_auto(GStrv) names =
        registry_catalog(server_context(request)->registry, last, PAGE_MAX, &more, &error);
    if (names == NULL) {
      respond_error(request, error);
      return false;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
      if (!g_str_has_prefix(names[i], start))
        return true;
      g_autofree char *name = g_strconcat(to, names[i] + strlen(from), NULL);
      if (!check_policy(request, names[i], name))
        return false;
      g_free(last);
      last = g_strdup(names[i]);
    }
    more = more && names[0] != NULL;
  }
  return true;
}

/* Who may not read it gets it to no place where they may: so it needs pull, as a mount does. Grants
 * that name it go along where who moves could make them anew. */
static void
api_move(Request *request)
{
  Asked asked = {NULL, 0};
  const char *from = request_parameter(request, "name");
  if (!read_body(request, &asked))
    return;
  g_autofree char *to = asked.to;
  RegistryMove move = {.from = from, .to = to, .redirect_for = asked.redirect_for};
  if (!request_may(request, VERB_MANAGE_NAMESPACES, from) || !request_may(request, VERB_PULL, from))
    refuse(request, from);
  else if (!request_may(request, VERB_PUSH, to))
    refuse(request, to);
  else if (check_policy(request, from, to))
    run_move(request, &move,
             request_may(request, VERB_MANAGE_ACCESS, from) &&
                 request_may(request, VERB_MANAGE_ACCESS, to));
}

static void
api_rename(Request *request)
{
  Asked asked = {NULL, 0};
  const char *from = request_parameter(request, "namespace");
  if (!api_may_all_of(request, VERB_MANAGE_NAMESPACES, from) || !read_body(request, &asked))
    return;
  g_autofree char *to = asked.to;
  RegistryMove move = {.from = from, .to = to, .whole = true, .redirect_for = asked.redirect_for};
  if (!request_may_all(request, VERB_DELETE, from) || !request_may_all(request, VERB_PULL, from))
    refuse(request, from);
  else if (!request_may_all(request, VERB_PUSH, to))
    refuse(request, to);
  else if (check_policies(request, from, to))
    run_move(request, &move,
             request_may_all(request, VERB_MANAGE_ACCESS, from) &&
                 request_may_all(request, VERB_MANAGE_ACCESS, to));
}

/* --- old names --- */

static GPtrArray *
load_names(Request *request, const char *last, unsigned limit, bool *more, GError **error)
{
  return registry_moved_names(server_context(request)->registry, last, limit, more, error);
}

static char *
old_name(const void *row)
{
  return g_strdup(((const MovedName *)row)->name);
}

static bool
sees_name(Request *request, const void *row)
{
  return request_may(request, VERB_LIST, ((const MovedName *)row)->to);
}

static json_t *
write_name(Request *request, const void *row, GError **error)
{
  return json_table_write(&moved_name_table, row);
}

static void
api_moved_names(Request *request)
{
  static const ApiSeenList list = {"moved", load_names, old_name, sees_name, write_name};
  api_respond_seen(request, &list);
}

/* Who may move the repository away may do that, too. */
static void
api_end_moved(Request *request)
{
  g_autoptr(GError) error = NULL;
  Registry *registry = server_context(request)->registry;
  const char *name = request_parameter(request, "name");
  g_autofree char *to = registry_moved_to(registry, name);
  const char *on = to != NULL ? to : name;
  if (!request_may(request, VERB_DELETE, on) || !request_may(request, VERB_MANAGE_NAMESPACES, on))
    refuse(request, on);
  else if (registry_end_moved(registry, name, &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_move_routes[] = {
    {"POST", "/api/v1/repositories/<name>/move", "api-move", VERB_DELETE, ON_REPOSITORY, WORK_HEAVY,
     .finish = api_move, .body_limit = BODY_MAX},
    {"POST", "/api/v1/namespaces/<namespace>/rename", "api-rename", VERB_MANAGE_NAMESPACES,
     ON_WHAT_ONE_MAY, WORK_HEAVY, .finish = api_rename, .body_limit = BODY_MAX},
    {"GET", "/api/v1/moved", "api-moved", VERB_LIST, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_moved_names},
    {"DELETE", "/api/v1/moved/<name>", "api-moved", VERB_DELETE, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_end_moved},
    {NULL},
};
