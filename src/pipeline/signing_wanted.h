/* What an event has to be signed, within the room: keys of jobs, which ask all anew
 * (signing_jobs.c). */
#pragma once

#include "pipeline/signing_jobs.h"

/* Of the jobs that sign one image each. */
#define SIGN_JOB_KIND "sign"

/* What takes such events, NULL-terminated. */
extern const char *const signing_events[];

/* "RULE REPOSITORY@DIGEST", for no name has a space. (transfer full) */
char *signing_job_key(const SigningRule *rule, const char *repository, const char *digest);
/* A signature is not signed: cosign's tags tell that without a look at it. */
bool signing_is_of_signature(const char *const *tags);
/* Adds to @keys (char *): signing_job_key(). @kind: of the jobs,
 * those of which that were given up are wanted again when keys, rules or grants change. */
bool signing_wanted(const SigningRooms *rooms, Jobs *jobs, const char *kind, const SigningSet *set,
                    const Event *event, GPtrArray *keys, GError **error);
