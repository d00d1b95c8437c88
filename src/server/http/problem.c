/* Problems; see the header. */
#include "server/http/problem.h"

#include <string.h>

#include "base/json.h"

/* What does not depend on the case. */
typedef struct {
  const char *code, *title, *remedy;
} Kind;

static const Kind kinds[] = {
    {"CONFLICT", "It is not as the request takes it to be", NULL},
    {"DENIED", "This is not allowed",
     "whoever has manage-access may give the right; GET /api/v1/access/explain says which it is"},
    {"DIGEST_INVALID", "The digest is wrong", NULL},
    {"INSUFFICIENT_STORAGE", "The disk is full", "its operator can free or add space"},
    {"INTERNAL", "The registry has failed", NULL},
    {"INVALID", "The request is not as it must be", NULL},
    {"KEY_REUSED", "The idempotency key belongs to another request", "choose a new key"},
    {"MANIFEST_UNKNOWN", "There is no such image", NULL},
    {"NAME_INVALID", "The name of the repository is wrong", NULL},
    {"NAME_UNKNOWN", "There is no such repository", NULL},
    {"NOT_FOUND", "There is no such thing", NULL},
    {"PRECONDITION_FAILED", "It has changed", "read it again, and send its ETag as If-Match"},
    {"SIZE_INVALID", "It is too large", NULL},
    {"TOOMANYREQUESTS", "Too many requests", "wait as long as Retry-After says"},
    {"UNAUTHORIZED", "Nobody is logged in", "log in with a name and a password, or a token"},
    {"UNAVAILABLE", "The registry cannot do this now", NULL},
    {"UNSCANNED", "The image has no result yet", NULL},
    {"UNSUPPORTED", "This is not supported", NULL},
};

static const Kind *
kind_of(const char *code)
{
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(kinds[i].code, code) == 0)
      return &kinds[i];
  return NULL;
}

/* "NAME_UNKNOWN": urn:assay:problem:name-unknown. (transfer full) */
static char *
type_of(const char *code)
{
  g_autofree char *lower = g_ascii_strdown(code, -1);
  return g_strconcat("urn:assay:problem:", g_strdelimit(lower, "_", '-'), NULL);
}

json_t *
problem_to_json(unsigned status, const char *code, const char *message, const char *request_id)
{
  const Kind *kind = kind_of(code);
  g_autofree char *type = type_of(code);
  g_autofree char *id = g_uri_escape_string(request_id, NULL, FALSE);
  g_autofree char *instance = g_strconcat("urn:assay:request:", id, NULL);
  json_t *problem = json_object();
  json_set_string(problem, "type", type);
  json_set_string(problem, "title", kind != NULL ? kind->title : "This cannot be done");
  json_set_number(problem, "status", status);
  json_set_string(problem, "detail", message);
  json_set_string(problem, "instance", instance);
  json_set_string(problem, "code", code);
  if (kind != NULL)
    json_set_string(problem, "remedy", kind->remedy);
  return problem;
}
