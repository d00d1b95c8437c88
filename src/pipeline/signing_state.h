/* How each signing rule stands with an image: whether it signed it, is about to, failed, may not,
 * or is not for it. Blocks on the database. */
#pragma once

#include "pipeline/sign_image.h"

/* The worst of an image last. */
typedef enum {
  SIGNING_SIGNED,   /* by a key that counts */
  SIGNING_UNWANTED, /* the rule does not sign it by itself: it is for hands, was made later, or is
                       for others */
  SIGNING_WAITING,  /* for its turn, or for another try */
  SIGNING_REFUSED,  /* it does not pass, no grant lets the key, or the key is revoked */
  SIGNING_FAILED,   /* it is not tried any more */
} SigningState;
extern const char *const signing_state_names[];

typedef struct {
  char *rule, *attestor;
  SigningState state;
  char *key, *version, *fingerprint; /* of SIGNING_SIGNED, by which of the keys; or NULL */
  int64_t made;                      /* ... and when, microseconds since 1970 */
  int64_t next;                      /* of SIGNING_WAITING: the next try; 0: it is its first */
  uint64_t attempts;                 /* in vain so far */
  char *why;                         /* of all but SIGNING_SIGNED; or NULL */
} RuleState;
void rule_state_free(RuleState *state);
extern const JsonTable rule_state_table;

/* Of each rule whose patterns the image fits. (transfer full): RuleState */
GPtrArray *signing_states(const SigningRooms *rooms, const ImageSigner *signer,
                          const char *repository, const char *digest, GError **error);

/* For lists of many images, of rules that sign by themselves, without a look at verdicts: the worst
 * of "signed", "waiting", "failed"; "unsigned": none of these, of what has
 * a tag; NULL: no rule signs it by itself, or it is unsigned and has no tag. */
const char *signing_state_in_short(const SigningRooms *rooms, const SigningSet *set,
                                   const char *repository, const char *digest,
                                   const char *const *tags, GError **error);

/* One whose last try was in vain. */
typedef struct {
  char *rule, *repository;
  Digest image;
  bool given_up;
  int64_t asked, next; /* microseconds since 1970; 0: it is not tried any more */
  uint64_t attempts;
  char *error;
} FailedSigning;
void failed_signing_free(FailedSigning *failed);
extern const JsonTable failed_signing_table;
/* The oldest first, at most @limit. (transfer full): FailedSigning */
GPtrArray *signing_failures(const SigningRooms *rooms, unsigned limit, GError **error);
