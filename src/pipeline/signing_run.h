/* A run of a rule over all images that are stored (signing/runs.h), and what it would do. Whatever
 * the rule's trigger is, what it may sign and what lacks a signature by its key's present version
 * is signed, in one job, so that a service that holds the key is asked by one. Where the key is
 * away, the run waits and goes on; what fails by itself is tried again by a job of its own. Blocks
 * on the database. */
#pragma once

#include "pipeline/sign_image.h"
#include "signing/runs.h"

/* Copies @rooms; @signer must outlive it. Adds its kind to @jobs, before the start. @again is
 * called with keys of jobs (signing_job_key()), which sign one image each. (transfer full) */
SigningRunner *signing_runner_new(const SigningRooms *rooms, ImageSigner *signer, Jobs *jobs,
                                  bool (*again)(void *data, GPtrArray *keys, GError **error),
                                  void *data);
void signing_runner_free(SigningRunner *runner);

/* As signing_run_ask(). ASSAY_ERROR_NOT_FOUND: there is no such rule. */
bool signing_runner_ask(SigningRunner *runner, const char *rule, const char *repository,
                        const char *asked_by, GError **error);
/* ABSENT: it does not run. */
Found signing_runner_cancel(SigningRunner *runner, const char *rule, GError **error);

/* What a run would do with an image. */
typedef struct {
  char *repository;
  Digest image;
  GStrv tags;
  char *would; /* "sign", "present", "refused" */
  char *why;   /* it is refused; or NULL */
} RunPreview;
void run_preview_free(RunPreview *preview);
extern const JsonTable run_preview_table;
/* Those after *last ("REPOSITORY@DIGEST", or NULL), at most @limit; *last is where to go on, or
 * NULL (transfer full): the end. It looks at 20 times as many manifests at most, so a page may be
 * short. (transfer full): RunPreview */
GPtrArray *signing_runner_preview(SigningRunner *runner, const char *rule, const char *repository,
                                  unsigned limit, char **last, GError **error);
