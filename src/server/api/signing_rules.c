/* /api/v1/signing-rules: what is signed, for whom and when. */
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"
#include "signing/signing.h"

const ApiSchema api_signing_rule_schemas[] = {
    {"SigningRule", &signing_rule_table},
    {NULL},
};

#define SIGNING_RULES "/api/v1/signing-rules"
#define BODY_MAX      ((size_t)64 * 1024)

static void
list_rules(Request *request)
{
  g_autoptr(SigningSet) set = signing_get(server_context(request)->signing);
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "signing_rules", list);
  for (guint i = 0; i < set->rules->len; i++)
    json_array_append_new(list,
                          json_table_write(&signing_rule_table, g_ptr_array_index(set->rules, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

static void
respond_rule(Request *request, const SigningRule *rule)
{
  g_autoptr(json_t) body = json_table_write(&signing_rule_table, rule);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
show_rule(Request *request)
{
  const char *name = request_parameter(request, "rule");
  g_autoptr(SigningSet) set = signing_get(server_context(request)->signing);
  const SigningRule *found = signing_set_rule(set, name);
  if (found != NULL) {
    respond_rule(request, found);
    return;
  }
  g_autoptr(GError) error = NULL;
  error_set(&error, ASSAY_ERROR_NOT_FOUND, "there is no signing rule %s", name);
  respond_error(request, error);
}

/* Who made it and when is not the client's to say. */
static void
sign_off(Request *request, SigningRule *rule)
{
  g_free(rule->created_by);
  rule->created_by = g_strdup(request_principal(request)->name);
  rule->created = g_get_real_time();
}

static void
add_rule(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SigningRule) rule = g_new0(SigningRule, 1);
  if (!api_read_body(request, &signing_rule_table, rule))
    return;
  sign_off(request, rule);
  if (!signing_add_rule(server_context(request)->signing, rule, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(&signing_rule_table, rule);
  api_respond_made(request, body, SIGNING_RULES, rule->name);
}

static void
change_rule(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SigningRule) rule = g_new0(SigningRule, 1);
  if (!api_read_body(request, &signing_rule_table, rule))
    return;
  if (g_strcmp0(rule->name, request_parameter(request, "rule")) != 0) {
    api_refuse(request, "the body names another signing rule than the path");
    return;
  }
  int64_t read = rule->created;
  sign_off(request, rule);
  if (signing_change_rule(server_context(request)->signing, rule, read, &error))
    respond_rule(request, rule);
  else
    respond_error(request, error);
}

static void
remove_rule(Request *request)
{
  g_autoptr(GError) error = NULL;
  if (signing_remove_rule(server_context(request)->signing, request_parameter(request, "rule"),
                          &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_signing_rule_routes[] = {
    {"GET", SIGNING_RULES, "api-signing-rules", VERB_VERIFY, ON_SYSTEM, WORK_WAITS,
     .finish = list_rules},
    {"POST", SIGNING_RULES, "api-signing-rules", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = add_rule, .body_limit = BODY_MAX},
    {"GET", SIGNING_RULES "/<rule>", "api-signing-rule", VERB_VERIFY, ON_SYSTEM, WORK_WAITS,
     .finish = show_rule},
    {"PUT", SIGNING_RULES "/<rule>", "api-signing-rule", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = change_rule, .body_limit = BODY_MAX},
    {"DELETE", SIGNING_RULES "/<rule>", "api-signing-rule", VERB_MANAGE_POLICY, ON_SYSTEM,
     WORK_WAITS, .finish = remove_rule},
    {NULL},
};
