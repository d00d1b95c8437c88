/* GET /api/v1/access/explain: whether somebody may do something, and by which rule. */
#include <string.h>

#include "access/bindings.h"
#include "access/delegation.h"
#include "access/explain.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/api-private.h"
#include "server/api/grants.h"

static const char *const by_names[] = {[BY_BINDING] = "grant",         [BY_KIND] = "kind",
                                       [BY_NOBODY] = "nobody",         [BY_LIMITS] = "limits",
                                       [BY_EXPIRY] = "expiry",         [BY_NO_RIGHTS] = "no-rights",
                                       [BY_NO_RIGHTS + 1] = "account", NULL};
#define BY_ACCOUNT (BY_NO_RIGHTS + 1)

typedef struct {
  char *who, *verb, *repository, *tag, *reason;
  bool allowed;
  unsigned by;
} Explanation;
static const JsonMember explanation_members[] = {
    {JSON_MEMBER(Explanation, who), .kind = &json_text, .required = true},
    {JSON_MEMBER(Explanation, verb), .kind = &json_text, .required = true},
    {JSON_MEMBER(Explanation, repository), .kind = &json_text},
    {JSON_MEMBER(Explanation, tag), .kind = &json_text},
    {JSON_MEMBER(Explanation, allowed), .kind = &json_flag},
    {JSON_MEMBER(Explanation, by), .kind = &json_word, .words = by_names},
    {JSON_MEMBER(Explanation, reason), .kind = &json_text, .required = true},
};
static const JsonTable explanation_table = JSON_TABLE(Explanation, explanation_members);

const ApiSchema api_explain_schemas[] = {
    {"Explanation", &explanation_table},
    {"Explanation.grants", &api_grant_table},
    {NULL},
};

/* --- the question --- */

typedef struct {
  const char *who;
  Verb verb;
  Resource on;
} Question;

/* False: it has responded. */
static bool
read_question(Request *request, Question *question)
{
  const char *verb = request_query(request, "verb");
  const Principal *asker = request_principal(request);
  question->who = request_query(request, "who");
  question->on = (Resource){request_query(request, "repository"), request_query(request, "tag")};
  if (question->who == NULL)
    question->who = asker->name;
  if (verb == NULL || !verb_find(verb, &question->verb)) {
    g_autofree char *all = verbs_text(VERBS_ALL);
    api_refuse(request, "?verb= must be one of %s", all);
    return false;
  }
  if (question->on.tag != NULL && question->on.repository == NULL) {
    api_refuse(request, "?tag= needs a ?repository= that it is of");
    return false;
  }
  return true;
}

/* Who manages access there, and each of themselves. */
static bool
may_ask(Request *request, const AccessRules *rules, const Question *question)
{
  const Principal *asker = request_principal(request);
  const char *pattern = question->on.repository != NULL ? question->on.repository : "*";
  if (strcmp(question->who, asker->name) == 0 ||
      access_manages(rules, asker, pattern, g_get_real_time()))
    return true;
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                    "whose rights these are is told to them, and to who manages access there",
                    NULL);
  return false;
}

/* --- the answer --- */

static json_t *
write_bindings(const GPtrArray *bindings)
{
  json_t *list = json_array();
  for (guint i = 0; i < bindings->len; i++) {
    const BindingRow row = {.binding = *(const Binding *)g_ptr_array_index(bindings, i)};
    json_array_append_new(list, json_table_write(&api_grant_table, &row));
  }
  return list;
}

static void
respond_explained(Request *request, const AccessRules *rules, const Question *question,
                  const Principal *who, const char *ended)
{
  int64_t now = g_get_real_time();
  Decision decision = access_decide(rules, who, question->verb, question->on, now);
  g_autoptr(GPtrArray) fitting = access_fitting(rules, who, question->verb, question->on, now);
  g_autofree char *reason =
      ended != NULL ? g_strdup_printf("%s %s", who->name, ended) : decision_text(&decision, who);
  const Explanation explanation = {
      .who = who->name,
      .verb = (char *)(uintptr_t)verb_name(question->verb),
      .repository = (char *)(uintptr_t)question->on.repository,
      .tag = (char *)(uintptr_t)question->on.tag,
      .reason = reason,
      .allowed = ended == NULL && decision.allowed,
      .by = ended != NULL ? BY_ACCOUNT : decision.by,
  };
  g_autoptr(json_t) body = json_table_write(&explanation_table, &explanation);
  json_object_set_new(body, "grants", write_bindings(fitting));
  respond_json(request, MHD_HTTP_OK, body);
}

static void
explain(Request *request)
{
  g_autoptr(GError) error = NULL;
  Access *access = server_context(request)->access;
  Principal *asker = request_principal(request);
  Question question = {0};
  const char *ended = NULL;
  if (!read_question(request, &question))
    return;
  g_autoptr(AccessRules) rules = access_rules(access, &error);
  if (rules != NULL && !may_ask(request, rules, &question))
    return;
  bool itself = strcmp(question.who, asker->name) == 0;
  g_autoptr(Principal) who = rules == NULL ? NULL
                             : itself
                                 ? principal_ref(asker)
                                 : access_principal_named(access, question.who, &ended, &error);
  if (who == NULL)
    respond_error(request, error);
  else
    respond_explained(request, rules, &question, who, ended);
}

const Route api_explain_routes[] = {
    {"GET", "/api/v1/access/explain", "api-explain", VERB_NONE, ON_DOOR, WORK_WAITS,
     .finish = explain},
    {NULL},
};
