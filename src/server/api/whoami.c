/* GET /api/v1/whoami: who asks, by what, and what they may. */
#include "access/people/team.h"
#include "access/rights/holdings.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/api-private.h"

/* --- the objects --- */

typedef struct {
  const char *kind, *name, *how, *token;
  GStrv teams;
  int64_t expires;
} WhoAmI;
static const JsonMember who_members[] = {
    {JSON_MEMBER(WhoAmI, kind), .kind = &json_text, .required = true},
    {JSON_MEMBER(WhoAmI, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(WhoAmI, how), .kind = &json_text},
    {JSON_MEMBER(WhoAmI, token), .kind = &json_text},
    {JSON_MEMBER(WhoAmI, expires), .kind = &json_moment},
    {JSON_MEMBER(WhoAmI, teams), .kind = &json_texts, .required = true},
};
static const JsonTable who_table = JSON_TABLE(WhoAmI, who_members);

/* VerbSet */
static json_t *
write_verbs(const JsonMember *member, const void *value)
{
  VerbSet verbs = *(const VerbSet *)value;
  json_t *list = json_array();
  for (unsigned verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
    if ((verbs & VERB_BIT(verb)) != 0)
      json_array_append_new(list, json_string(verb_name((Verb)verb)));
  return list;
}
static const JsonKind verbs_kind = {.type = "array", .always = true, .write = write_verbs};

static const JsonMember holding_members[] = {
    {JSON_MEMBER(Holding, pattern), .kind = &json_text, .required = true},
    {JSON_MEMBER(Holding, tags), .kind = &json_text},
    {JSON_MEMBER(Holding, verbs), .kind = &verbs_kind},
    {JSON_MEMBER(Holding, denied), .kind = &verbs_kind},
    {JSON_MEMBER(Holding, roles), .kind = &json_texts, .required = true},
};
static const JsonTable holding_table = JSON_TABLE(Holding, holding_members);

const ApiSchema api_whoami_schemas[] = {
    {"WhoAmI", &who_table},
    {"WhoAmI.rights", &holding_table},
    {NULL},
};

/* --- the answer --- */

static json_t *
write_holdings(const AccessRules *rules, const Principal *who)
{
  static const char *const none[] = {NULL};
  json_t *list = json_array();
  if (who->kind == PRINCIPAL_OPERATOR || who->kind == PRINCIPAL_OPEN) {
    const Holding all = {.pattern = "*", .verbs = VERBS_ALL, .roles = (char **)(uintptr_t)none};
    json_array_append_new(list, json_table_write(&holding_table, &all));
    return list;
  }
  g_autoptr(GPtrArray) holdings = access_holdings(rules, who, g_get_real_time());
  for (guint i = 0; i < holdings->len; i++)
    json_array_append_new(list, json_table_write(&holding_table, g_ptr_array_index(holdings, i)));
  return list;
}

static void
who_am_i(Request *request)
{
  g_autoptr(GError) error = NULL;
  Access *access = server_context(request)->access;
  const Principal *who = request_principal(request);
  g_autoptr(AccessRules) rules = access_rules(access, &error);
  g_auto(GStrv) teams = rules == NULL ? NULL : teams_of(access_sql(access), who->id, &error);
  if (teams == NULL) {
    respond_error(request, error);
    return;
  }
  const WhoAmI asker = {.kind = principal_kind_name(who->kind),
                        .name = who->name,
                        .how = *who->how == '\0' ? NULL : who->how,
                        .token = who->token,
                        .teams = teams,
                        .expires = who->expires};
  g_autoptr(json_t) body = json_table_write(&who_table, &asker);
  json_object_set_new(body, "rights", write_holdings(rules, who));
  respond_json(request, MHD_HTTP_OK, body);
  response_header(request, "Cache-Control", "no-store");
}

const Route api_whoami_routes[] = {
    {"GET", "/api/v1/whoami", "api-whoami", VERB_NONE, ON_DOOR, WORK_WAITS, .finish = who_am_i},
    {NULL},
};
