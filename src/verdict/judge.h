/* Judging an image by a set of policies: one function for every gate (pull, `assay scan --policy`,
 * later admission). Pure: it reads no clock, no file and no network. */
#pragma once

#include "sign/verify.h"
#include "verdict/policy.h"
#include "verdict/verdict.h"

/* Stored as numbers: new ones go to the end. */
typedef enum {
  SCAN_NONE,
  SCAN_PENDING,
  SCAN_DONE,
  SCAN_FAILED, /* for good: the image itself is why */
  SCAN_NOT_APPLICABLE,
  SCAN_WAITING,  /* failed for a reason that may pass; will be tried again */
  SCAN_DEFERRED, /* its namespace has it scanned later, or by hand */
} ScanState;

/* What a gate knows of the image. */
typedef struct {
  const char *repository; /* for the namespace patterns; "" for a scan without one */
  const char *reference;  /* as the client wrote it, for the message */
  ScanState scan_state;
  const char *detail;        /* why there is no scan ("there are no advisories yet"), or NULL */
  const GPtrArray *findings; /* Finding; NULL when not scanned */
  const VexImage *image;     /* for VEX statements (policy_set_has_statements()); or NULL */
  const GPtrArray *gaps;     /* char *: what of the image is not known (completeness.h), so that it
                                counts as unscanned; or NULL */
  const GPtrArray *third_party; /* char *: packages of others than the distribution; or NULL */
  const char *end_of_life;      /* a sentence, when the distribution has reached it; or NULL */
  int64_t life_ends;            /* when it reaches it, microseconds since 1970; 0: not known */
  const GPtrArray *ended;       /* EndedProgram; or NULL */
  int64_t next_ends;            /* when the next program is over; 0: not known */
  int64_t pushed;               /* microseconds since 1970, for the grace period; 0: unknown */
  int64_t now;
  bool artifact; /* no client runs it, so that it needs no signature: a signature, a chart */
  const ImageSignatures *signatures; /* NULL: nobody looked at them, and none counts */
  const GPtrArray *of_indexes;       /* ImageSignatures: of indexes that hold the image; or NULL */
  bool more_indexes;                 /* ... and others do, at which nobody looked */
  int64_t signatures_turn;           /* when one may begin or end to count by itself; 0: never */
} PolicyInput;

/* By the first policy that has a namespace for the image's repository; without one, by what each
 * check does by default: nothing blocks, and what is not known is a warning. (transfer full) */
Verdict *policy_judge(const PolicySet *set, const PolicyInput *input);
/* What the policy makes of the image's signatures alone. (transfer full) */
Verdict *policy_judge_signatures(const PolicySet *set, const PolicyInput *input);
