/* GET /api/v1/access/explain: whether somebody may do something, and by which rule. */
#include <string.h>

#include "access/rights/bindings.h"
#include "access/rights/delegation.h"
#include "access/rights/explain.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/api-private.h"
#include "server/api/grants.h"
#include "server/http/endpoints.h"

static const char *const by_names[] = {[BY_BINDING] = "grant",
                                       [BY_KIND] = "kind",
                                       [BY_NOBODY] = "nobody",
                                       [BY_LIMITS] = "limits",
                                       [BY_EXPIRY] = "expiry",
                                       [BY_NO_RIGHTS] = "no-rights",
                                       [BY_NO_RIGHTS + 1] = "account",
                                       [BY_NO_RIGHTS + 2] = "endpoint",
                                       NULL};
#define BY_ACCOUNT  (BY_NO_RIGHTS + 1)
#define BY_ENDPOINT (BY_NO_RIGHTS + 2)

typedef struct {
  char *who, *verb, *repository, *tag, *endpoint, *address, *reason;
  bool allowed;
  unsigned by;
} Explanation;
static const JsonMember explanation_members[] = {
    {JSON_MEMBER(Explanation, who), .kind = &json_text, .required = true},
    {JSON_MEMBER(Explanation, verb), .kind = &json_text, .required = true},
    {JSON_MEMBER(Explanation, repository), .kind = &json_text},
    {JSON_MEMBER(Explanation, tag), .kind = &json_text},
    {JSON_MEMBER(Explanation, endpoint), .kind = &json_text},
    {JSON_MEMBER(Explanation, address), .kind = &json_text},
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
  Endpoint *endpoint; /* NULL: none is asked about */
  const char *address;
  Address from; /* with an address */
} Question;

static void
question_clear(Question *question)
{
  g_clear_pointer(&question->endpoint, endpoint_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_clear)

/* ?endpoint= and ?address=; false: it has responded. */
static bool
read_endpoint(Request *request, Question *question)
{
  const char *name = request_query(request, "endpoint");
  question->address = request_query(request, "address");
  if (question->address != NULL &&
      (name == NULL || !address_parse(slice_from_string(question->address), &question->from))) {
    api_refuse(request, "?address= must be an address such as 10.1.2.3, beside an ?endpoint=");
    return false;
  }
  if (name == NULL)
    return true;
  question->endpoint = endpoints_find(request_http_server(request), name);
  if (question->endpoint != NULL)
    return true;
  g_autofree char *message =
      g_strdup_printf("there is no endpoint %s; GET /api/v1/endpoints lists them", name);
  respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND", message, NULL);
  return false;
}

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
  return read_endpoint(request, question);
}

/* Who manages access there, and each of themselves. */
static bool
may_ask(Request *request, const AccessRules *rules, const Question *question)
{
  const Principal *asker = request_principal(request);
  const char *pattern = question->on.repository != NULL ? question->on.repository : "*";
  /* Whom an endpoint admits is told to who manages endpoints alone. */
  if (question->address != NULL && !request_may(request, VERB_MANAGE_ENDPOINTS, NULL)) {
    respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                      "?address= needs the right to manage-endpoints", NULL);
    return false;
  }
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

/* What the endpoint has against it, which comes before any right; NULL: nothing. (transfer full) */
static char *
endpoint_reason(const Question *question)
{
  const Endpoint *endpoint = question->endpoint;
  if (endpoint == NULL)
    return NULL;
  if (question->address != NULL && endpoint_admits(endpoint, &question->from, NULL) != ADMITTED) {
    g_autofree char *rule = admission_text(endpoint, &question->from);
    return g_strdup_printf("endpoint %s: %s", endpoint_name(endpoint), rule);
  }
  if (endpoint_serves(endpoint, question->verb, question->on.repository))
    return NULL;
  return endpoint_refusal_text(endpoint, question->verb, question->on.repository);
}

static void
respond_explained(Request *request, const AccessRules *rules, const Question *question,
                  const Principal *who, const char *ended)
{
  int64_t now = g_get_real_time();
  Decision decision = access_decide(rules, who, question->verb, question->on, now);
  g_autoptr(GPtrArray) fitting = access_fitting(rules, who, question->verb, question->on, now);
  g_autofree char *closed = endpoint_reason(question);
  g_autofree char *reason = closed != NULL  ? g_strdup(closed)
                            : ended != NULL ? g_strdup_printf("%s %s", who->name, ended)
                                            : decision_text(&decision, who);
  const Explanation explanation = {
      .who = who->name,
      .verb = (char *)(uintptr_t)verb_name(question->verb),
      .repository = (char *)(uintptr_t)question->on.repository,
      .tag = (char *)(uintptr_t)question->on.tag,
      .endpoint =
          question->endpoint == NULL ? NULL : (char *)(uintptr_t)endpoint_name(question->endpoint),
      .address = (char *)(uintptr_t)question->address,
      .reason = reason,
      .allowed = closed == NULL && ended == NULL && decision.allowed,
      .by = closed != NULL  ? BY_ENDPOINT
            : ended != NULL ? BY_ACCOUNT
                            : decision.by,
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
  g_auto(Question) question = {0};
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
