/* Whether a rule signs a stored manifest now: whether it is an image at all, passes, repairs
 * another, and which key the rule may use. Blocks on the database. */
#pragma once

#include "pipeline/signing_jobs.h"

/* *scanned: its scan is done; false of what is never scanned, too. */
bool sign_is_scanned(const SigningRooms *rooms, const Digest *image, bool *scanned, GError **error);

typedef enum {
  SIGN_OTHER,   /* the rule is not for it */
  SIGN_WAITS,   /* it is not scanned, or does not pass; when it does, that is an event */
  SIGN_REFUSED, /* for people to mend: no key grant, a revoked key, an unknown original */
  SIGN_DUE,
} SignLook;
/* *key: what it may use, of SIGN_DUE. (transfer none) *why: of all others. */
SignLook sign_look(const SigningRooms *rooms, const SigningSet *set, const SigningRule *rule,
                   const char *repository, const StoredManifest *stored, const Manifest *manifest,
                   const SigningKey **key, GError **why);
