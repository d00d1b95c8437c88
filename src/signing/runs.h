/* Runs of a signing rule over all images that are stored: a row each rule, of its last run, with
 * how far it has come. A run that was asked for ends, whatever is stopped or killed meanwhile: its
 * job is kept (jobs/jobs.h), and goes on from where the row says it was. Any thread; blocks on the
 * database. */
#pragma once

#include "jobs/jobs.h"
#include "signing/signing.h"

typedef enum { RUN_RUNNING, RUN_DONE, RUN_CANCELLED, RUN_FAILED } SigningRunState;
extern const char *const signing_run_state_names[];

typedef struct {
  char *rule;
  char *repository; /* a pattern (text/glob.h) within the rule's; NULL: all of it */
  SigningRunState state;
  int64_t asked, ended; /* microseconds since 1970; 0: it runs */
  char *asked_by;
  char *at_repository, *at_digest; /* the last that was looked at; NULL: none yet */
  /* Of the scope, signatures among them; -1: not counted yet. And how many were looked at. */
  int64_t manifests, looked;
  /* Images: that got a signature, that had all, that may not be signed, and where it failed. */
  uint64_t made, present, refused, failed;
  char *error; /* of the last that failed or was refused, or why it waits; or NULL */
} SigningRun;
void signing_run_free(SigningRun *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SigningRun, signing_run_free)
/* As the API has it; `to_do` follows from the others. */
extern const JsonTable signing_run_table;

/* Whether it is about the repository. */
bool signing_run_covers(const SigningRun *run, const SigningRule *rule, const char *repository);
/* ABSENT: the rule never ran. */
Found signing_run_get(SqlPool *sql, const char *rule, SigningRun **run, GError **error);
/* Begins one, and asks for its job of @kind, whose key is the rule's name. ASSAY_ERROR_EXISTS: one
 * runs already. */
bool signing_run_ask(SqlPool *sql, const JobKind *kind, const char *rule, const char *repository,
                     const char *asked_by, GError **error);
/* Writes how far it has come; what a power cut takes back is looked at once more. */
bool signing_run_note(SqlPool *sql, const SigningRun *run, GError **error);
/* It ends, in its state; told as "signing-run.ended". */
bool signing_run_end(SqlPool *sql, SigningRun *run, SigningRunState state, GError **error);
/* With its rule. */
bool signing_run_forget(SqlPool *sql, const char *rule, GError **error);
