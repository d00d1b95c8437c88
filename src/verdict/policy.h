/* The policy: YAML in, a verdict out. One language and one function for every gate (rule 5): pull,
 * `assay scan --policy`, later admission. `docs/policy.md` describes the language. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "verdict/finding.h"

typedef struct PolicySet PolicySet;

/* The built-in set (@path NULL: everything allowed and shown), or the file. "strict" as @path's
 * whole text names the built-in strict set: blocks critical with a fix, and what was never scanned.
 * ASSAY_ERROR_INVALID with file, line and key. Immutable after; reference-counted. (transfer full)
 */
PolicySet *policy_set_load(const char *path, GError **error);
PolicySet *policy_set_ref(PolicySet *set);
void policy_set_unref(PolicySet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicySet, policy_set_unref)

/* Whether any policy of the set speaks of @repository; without one everything is allowed. */
bool policy_set_applies(const PolicySet *set, const char *repository);

/* For people and monitoring: what the set was read from. Lives as long as the set. */
typedef struct {
  const char *file; /* the path, "strict", or "built-in" */
  unsigned policies;
  const char *sha256; /* of the text, in hexadecimal */
} PolicyOrigin;
PolicyOrigin policy_set_origin(const PolicySet *set);

/* What in the set has no effect, whatever the registry holds: checks that this program does not
 * make yet, policies that others leave nothing to. One sentence each. (transfer full) */
GPtrArray *policy_set_warnings(const PolicySet *set);
/* A sentence for each namespace that fits none of @repositories (NULL-terminated): it may be
 * mistyped. Without any repository, and where looking would take long, nothing is told.
 * (transfer full) */
GPtrArray *policy_set_idle_namespaces(const PolicySet *set, const char *const *repositories);

/* Stored as numbers: new ones go to the end. */
typedef enum {
  SCAN_NONE,
  SCAN_PENDING,
  SCAN_DONE,
  SCAN_FAILED, /* for good: the image itself is why */
  SCAN_NOT_APPLICABLE,
  SCAN_WAITING, /* failed for a reason that may pass; will be tried again */
} ScanState;

/* What a gate knows of the image. */
typedef struct {
  const char *repository; /* for the namespace patterns; "" for a scan without one */
  const char *reference;  /* as the client wrote it, for the message */
  ScanState scan_state;
  const char *detail;        /* why there is no scan ("there are no advisories yet"), or NULL */
  const GPtrArray *findings; /* Finding; NULL when not scanned */
  const GPtrArray *gaps;     /* char *: what of the image is not known (completeness.h), so that it
                                counts as unscanned; or NULL */
  const GPtrArray *third_party; /* char *: packages of others than the distribution; or NULL */
  const char *end_of_life;      /* a sentence, when the distribution has reached it; or NULL */
  int64_t life_ends;            /* when it reaches it, microseconds since 1970; 0: not known */
  int64_t pushed;               /* microseconds since 1970, for the grace period; 0: unknown */
  int64_t now;
} PolicyInput;

/* Immutable, reference-counted. */
typedef struct {
  gatomicrefcount references;
  bool allowed;
  char *policy;        /* the name of the policy that decided */
  char *message;       /* a sentence for the client: policy, worst findings, fixed versions; NULL
                          when nothing blocks */
  GPtrArray *reasons;  /* char *: one line for each thing that blocks, or would in a dry run; worst
                          first */
  GPtrArray *warnings; /* char *: what is only shown: that the image is unscanned where the policy
                          lets it out, what blocks when its grace ends, allowlist entries that have
                          expired, checks that are not made yet */
  int64_t expires;     /* when it may turn out otherwise by itself (a grace period, an allowlist's
                          date), microseconds since 1970; 0: never */
  unsigned blocking, ignored; /* findings that block; findings taken out by the allowlist */
  bool unscanned;             /* not known to be clean, whether that blocks or not */
} Verdict;
Verdict *verdict_ref(Verdict *verdict);
void verdict_unref(Verdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Verdict, verdict_unref)
json_t *verdict_to_json(const Verdict *verdict);
/* What verdict_to_json() wrote. (transfer full) */
Verdict *verdict_from_json(const json_t *json);

/* Pure: the same input gives the same verdict. (transfer full) */
Verdict *policy_judge(const PolicySet *set, const PolicyInput *input);
