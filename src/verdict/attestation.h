/* What a policy asks of the attestations (in-toto, ITE-6) that lie beside an image: `attestations`
 * of its rule on signatures. An attestation is a predicate that somebody signed; what counts is its
 * type, by whom it is, what its fields say, and how old it is. Pure. */
#pragma once

#include "base/settings.h"
#include "sign/verify.h"

/* A field of the predicate: what is there must be as is said, and it must be there. */
typedef struct {
  char *at; /* its path, with dots between: "runDetails.builder.id"; "*" is each entry of a list,
               of which there must be one at least, and all must fit */
  GStrv is, is_not; /* patterns for its text; of the first one must fit, if there are any */
  uint64_t least, most;
  bool bounded_below, bounded_above;
} FieldRule;

typedef struct {
  char *type;      /* "vuln", "slsa", "spdx", "cyclonedx", or the URI of a predicate */
  GStrv attestors; /* any of them; empty: those of the rule */
  uint64_t age;    /* seconds that it may be old; 0: any */
  FieldRule *fields;
  unsigned fields_count;
} AttestationRule;
extern const Section attestation_rule_section;

/* Whether the predicate's type is the rule's. */
bool attestation_is_of_type(const AttestationRule *rule, const VerifiedSignature *signature);
/* Whether an attestation of that type fits the rule at @now, by whomever it is. *until: until when,
 * microseconds since 1970; 0: for good. NULL: it fits; else why it does not, as "is of
 * 2026-11-01T12:00:00Z, and counted until 2026-11-08T12:00:00Z". (transfer full) */
char *attestation_misfit(const AttestationRule *rule, const VerifiedSignature *signature,
                         int64_t now, int64_t *until);
