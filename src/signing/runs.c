/* Runs of rules; see the header. */
#include "signing/runs.h"

#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "text/glob.h"

const char *const signing_run_state_names[] = {"running", "done", "cancelled", "failed", NULL};

static json_t *
write_to_do(const JsonMember *member, const void *value)
{
  const SigningRun *run = value;
  return run->manifests < 0 ? NULL : json_integer(MAX(run->manifests - run->looked, 0));
}
static const JsonKind to_do_kind = {.type = "integer", .write = write_to_do};

static const JsonMember members[] = {
    {JSON_MEMBER(SigningRun, rule), .kind = &json_text, .required = true},
    {JSON_MEMBER(SigningRun, repository), .kind = &json_text},
    {JSON_MEMBER(SigningRun, state), .kind = &json_word, .words = signing_run_state_names},
    {JSON_MEMBER(SigningRun, asked), .kind = &json_moment},
    {JSON_MEMBER(SigningRun, asked_by), .kind = &json_text},
    {JSON_MEMBER(SigningRun, ended), .kind = &json_moment},
    {.name = "to_do", .kind = &to_do_kind},
    {JSON_MEMBER(SigningRun, made), .kind = &json_number},
    {JSON_MEMBER(SigningRun, present), .kind = &json_number},
    {JSON_MEMBER(SigningRun, refused), .kind = &json_number},
    {JSON_MEMBER(SigningRun, failed), .kind = &json_number},
    {JSON_MEMBER(SigningRun, error), .kind = &json_text},
};
const JsonTable signing_run_table = JSON_TABLE(SigningRun, members);

void
signing_run_free(SigningRun *run)
{
  if (run == NULL)
    return;
  g_free(run->at_repository);
  g_free(run->at_digest);
  json_table_clear(&signing_run_table, run);
  g_free(run);
}

bool
signing_run_covers(const SigningRun *run, const SigningRule *rule, const char *repository)
{
  return signing_rule_covers(rule, repository) &&
         (run->repository == NULL || glob_matches(run->repository, repository));
}

static SigningRun *
take(SqlRows *rows)
{
  SigningRun *run = g_new0(SigningRun, 1);
  unsigned state = RUN_FAILED;
  run->rule = g_strdup(sql_rows_text(rows, 0));
  run->repository = g_strdup(sql_rows_text(rows, 1));
  enum_find(signing_run_state_names, sql_rows_text(rows, 2), &state);
  run->state = (SigningRunState)state;
  run->asked = sql_rows_integer(rows, 3);
  run->asked_by = g_strdup(sql_rows_text(rows, 4));
  run->ended = sql_rows_integer(rows, 5);
  run->at_repository = g_strdup(sql_rows_text(rows, 6));
  run->at_digest = g_strdup(sql_rows_text(rows, 7));
  run->manifests = sql_rows_integer(rows, 8);
  run->looked = sql_rows_integer(rows, 9);
  run->made = (uint64_t)sql_rows_integer(rows, 10);
  run->present = (uint64_t)sql_rows_integer(rows, 11);
  run->refused = (uint64_t)sql_rows_integer(rows, 12);
  run->failed = (uint64_t)sql_rows_integer(rows, 13);
  run->error = g_strdup(sql_rows_text(rows, 14));
  return run;
}

static Found
read_run(SqlConnection *db, const char *rule, SigningRun **run, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT rule, pattern, state, asked, asked_by, ended, at_repository, "
                          "at_digest, manifests, looked, made, present, refused, failed, error "
                          "FROM signing_runs WHERE rule = $1",
                          SQL_TEXT(rule), SQL_END);
  *run = found == FOUND ? take(rows) : NULL;
  return found;
}

Found
signing_run_get(SqlPool *sql, const char *rule, SigningRun **run, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  return db == NULL ? FAILED : read_run(db, rule, run, error);
}

typedef struct {
  const JobKind *kind;
  const char *rule, *repository, *asked_by;
} Ask;

static bool
tell(SqlConnection *db, const char *type, const SigningRun *run, GError **error)
{
  g_autoptr(json_t) data = json_table_write(&signing_run_table, run);
  return event_tell(db, type, run->rule, data, error);
}

/* A SqlWork. */
static bool
ask(SqlConnection *db, void *data, GError **error)
{
  const Ask *asked = data;
  g_autoptr(SigningRun) before = NULL;
  SigningRun run = {.rule = (char *)(uintptr_t)asked->rule,
                    .repository = (char *)(uintptr_t)asked->repository,
                    .asked = g_get_real_time(),
                    .asked_by = (char *)(uintptr_t)asked->asked_by,
                    .manifests = -1};
  if (read_run(db, asked->rule, &before, error) == FAILED)
    return false;
  if (before != NULL && before->state == RUN_RUNNING)
    return error_set(error, ASSAY_ERROR_EXISTS, "signing rule %s: it runs already", asked->rule);
  return sql_run(db, NULL, error, "DELETE FROM signing_runs WHERE rule = $1", SQL_TEXT(asked->rule),
                 SQL_END) &&
         sql_run(db, NULL, error,
                 "INSERT INTO signing_runs (rule, pattern, state, asked, asked_by, ended, "
                 "manifests, looked, made, present, refused, failed) "
                 "VALUES ($1, $2, $3, $4, $5, 0, -1, 0, 0, 0, 0, 0)",
                 SQL_TEXT(asked->rule), SQL_TEXT(asked->repository),
                 SQL_TEXT(signing_run_state_names[RUN_RUNNING]), SQL_INTEGER(run.asked),
                 SQL_TEXT(asked->asked_by), SQL_END) &&
         job_ask(db, asked->kind, asked->rule, NULL, error) &&
         tell(db, "signing-run.asked", &run, error);
}

bool
signing_run_ask(SqlPool *sql, const JobKind *kind, const char *rule, const char *repository,
                const char *asked_by, GError **error)
{
  Ask asked = {kind, rule, repository, asked_by};
  return sql_transact(sql, ask, &asked, error);
}

/* A SqlWork. One that was asked for anew, or ended meanwhile, stays as it is. */
static bool
note(SqlConnection *db, void *data, GError **error)
{
  const SigningRun *run = data;
  return sql_run(db, NULL, error,
                 "UPDATE signing_runs SET at_repository = $2, at_digest = $3, manifests = $4, "
                 "looked = $5, made = $6, present = $7, refused = $8, failed = $9, error = $10 "
                 "WHERE rule = $1 AND asked = $11 AND state = $12",
                 SQL_TEXT(run->rule), SQL_TEXT(run->at_repository), SQL_TEXT(run->at_digest),
                 SQL_INTEGER(run->manifests), SQL_INTEGER(run->looked),
                 SQL_INTEGER((int64_t)run->made), SQL_INTEGER((int64_t)run->present),
                 SQL_INTEGER((int64_t)run->refused), SQL_INTEGER((int64_t)run->failed),
                 SQL_TEXT(run->error), SQL_INTEGER(run->asked),
                 SQL_TEXT(signing_run_state_names[RUN_RUNNING]), SQL_END);
}

bool
signing_run_note(SqlPool *sql, const SigningRun *run, GError **error)
{
  return sql_transact_later(sql, note, (void *)(uintptr_t)run, error);
}

/* A SqlWork. */
static bool
end(SqlConnection *db, void *data, GError **error)
{
  const SigningRun *run = data;
  int64_t changed = 0;
  return note(db, data, error) &&
         sql_run(db, &changed, error,
                 "UPDATE signing_runs SET state = $2, ended = $3 "
                 "WHERE rule = $1 AND asked = $4 AND state = $5",
                 SQL_TEXT(run->rule), SQL_TEXT(signing_run_state_names[run->state]),
                 SQL_INTEGER(run->ended), SQL_INTEGER(run->asked),
                 SQL_TEXT(signing_run_state_names[RUN_RUNNING]), SQL_END) &&
         (changed == 0 || tell(db, "signing-run.ended", run, error));
}

bool
signing_run_end(SqlPool *sql, SigningRun *run, SigningRunState state, GError **error)
{
  run->state = state;
  run->ended = g_get_real_time();
  return sql_transact(sql, end, run, error);
}

/* A SqlWork. */
static bool
forget(SqlConnection *db, void *data, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM signing_runs WHERE rule = $1",
                 SQL_TEXT((const char *)data), SQL_END);
}

bool
signing_run_forget(SqlPool *sql, const char *rule, GError **error)
{
  return sql_transact_later(sql, forget, (void *)(uintptr_t)rule, error);
}
