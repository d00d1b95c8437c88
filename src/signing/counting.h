/* Which of the signatures that a rule made still count, by their records (signing/journal.h): a key
 * may have been revoked since, or the rule's attestor has another. Pure functions. */
#pragma once

#include "signing/journal.h"
#include "signing/signing.h"

typedef struct {
  bool ever; /* the rule signed the image once */
  /* By a key of its attestor, present or former, that was not revoked by then; or another rule has
   * made all that this one would, by the present key. */
  bool counts;
  bool present;              /* by the present key, in each format that the rule writes */
  const MadeSignature *last; /* of those that count; NULL: none does */
} RuleSignatures;
/* @made: MadeSignature, of one image of a repository. */
RuleSignatures signing_count(const SigningSet *set, const SigningRule *rule, const GPtrArray *made);
