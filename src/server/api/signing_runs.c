/* /api/v1/signing-rules/<rule>/run: signing by a rule all images that are stored. It asks for the
 * right that signing one by hand needs, on all that the run may be about. */
#include "pipeline/signing_run.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"

const ApiSchema api_signing_run_schemas[] = {
    {"SigningRun", &signing_run_table},
    {"SigningPreview", &run_preview_table},
    {NULL},
};

typedef struct {
  char *repository;
} Wanted;
static const JsonMember wanted_members[] = {{JSON_MEMBER(Wanted, repository), .kind = &json_text}};
static const JsonTable wanted_table = JSON_TABLE(Wanted, wanted_members);

/* @pattern: of repositories: one, all below a name ("team/" and two stars), or any others, for
 * which it must be all; NULL: all. Responds when false. */
static bool
may_sign(Request *request, const char *pattern)
{
  if (pattern != NULL && strpbrk(pattern, "*?[") == NULL) {
    if (request_may(request, VERB_SIGN, pattern))
      return true;
    respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                      "this needs the right to sign in that repository", NULL);
    return false;
  }
  size_t length = pattern == NULL ? 0 : strlen(pattern);
  g_autofree char *space = length > strlen("/**") && g_str_has_suffix(pattern, "/**")
                               ? g_strndup(pattern, length - strlen("/**"))
                               : NULL;
  if (request_may_all(request, VERB_SIGN, NULL))
    return true;
  if (space != NULL && strpbrk(space, "*?[") == NULL)
    return api_may_all_of(request, VERB_SIGN, space);
  respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                    "this needs the right to sign in all repositories; name one, or all below a "
                    "name (\"team/**\")",
                    NULL);
  return false;
}

static SigningRunner *
runner_of(Request *request)
{
  return signing_jobs_runner(server_context(request)->signing_jobs);
}

/* (transfer full); responds when NULL. */
static SigningRun *
find_run(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SigningRun) run = NULL;
  const char *rule = request_parameter(request, "rule");
  if (signing_run_get(server_context(request)->sql, rule, &run, &error) == ABSENT)
    error_set(&error, ASSAY_ERROR_NOT_FOUND, "signing rule %s has not run over all images", rule);
  if (run == NULL)
    respond_error(request, error);
  return g_steal_pointer(&run);
}

static void
respond_run(Request *request, unsigned status, const SigningRun *run)
{
  g_autoptr(json_t) body = json_table_write(&signing_run_table, run);
  respond_json(request, status, body);
}

static void
show_run(Request *request)
{
  g_autoptr(SigningRun) run = find_run(request);
  if (run != NULL && may_sign(request, run->repository))
    respond_run(request, MHD_HTTP_OK, run);
}

static void
ask_run(Request *request)
{
  g_autoptr(GError) error = NULL;
  Wanted wanted = {NULL};
  if (!api_read_body(request, &wanted_table, &wanted))
    return;
  g_autofree char *repository = wanted.repository;
  if (!may_sign(request, repository))
    return;
  if (!signing_runner_ask(runner_of(request), request_parameter(request, "rule"), repository,
                          api_asker(request), &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(SigningRun) run = find_run(request);
  if (run != NULL)
    respond_run(request, MHD_HTTP_ACCEPTED, run);
}

static void
cancel_run(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *rule = request_parameter(request, "rule");
  g_autoptr(SigningRun) run = find_run(request);
  if (run == NULL || !may_sign(request, run->repository))
    return;
  switch (signing_runner_cancel(runner_of(request), rule, &error)) {
  case FOUND:
    respond_empty(request, MHD_HTTP_NO_CONTENT);
    return;
  case ABSENT:
    error_set(&error, ASSAY_ERROR_NOT_FOUND, "signing rule %s: it does not run now", rule);
    break;
  default:
    break;
  }
  respond_error(request, error);
}

static void
preview_run(Request *request)
{
  g_autoptr(GError) error = NULL;
  uint64_t limit = PAGE_DEFAULT;
  const char *repository = request_query(request, "repository");
  if (!may_sign(request, repository) || !api_number_of(request, "limit", 1, PAGE_MAX, &limit))
    return;
  g_autofree char *last = g_strdup(request_query(request, "last"));
  g_autoptr(GPtrArray) list =
      signing_runner_preview(runner_of(request), request_parameter(request, "rule"), repository,
                             (unsigned)limit, &last, &error);
  if (list == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_t *images = json_array();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, "images", images);
  for (guint i = 0; i < list->len; i++)
    json_array_append_new(images, json_table_write(&run_preview_table, g_ptr_array_index(list, i)));
  json_set_string(body, "next", last);
  respond_json(request, MHD_HTTP_OK, body);
}

#define RUN "/api/v1/signing-rules/<rule>/run"

const Route api_signing_run_routes[] = {
    {"GET", RUN, "api-signing-run", VERB_SIGN, ON_WHAT_ONE_MAY, WORK_WAITS, .finish = show_run},
    {"POST", RUN, "api-signing-run", VERB_SIGN, ON_WHAT_ONE_MAY, WORK_WAITS, .finish = ask_run,
     .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", RUN, "api-signing-run", VERB_SIGN, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = cancel_run},
    {"GET", RUN "/preview", "api-signing-run-preview", VERB_SIGN, ON_WHAT_ONE_MAY, WORK_HEAVY,
     .finish = preview_run},
    {NULL},
};
