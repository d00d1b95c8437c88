/* What a policy makes of an image: the answer of every gate, as a value. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json_table.h"

/* An exemption of the policy file (exemption.h) that is for something in the image. */
typedef struct {
  GPtrArray *what; /* char *: ids of findings, or the policy's key, each once; the first of them */
  unsigned count;  /* findings, or 1 for the image as a whole */
  char *reason;    /* who decided it says why */
  int64_t expires; /* when it ends, microseconds since 1970; 0: never */
  bool ended;      /* it takes nothing out any more */
  bool ends_soon;  /* ... or will not in a few days */
  const void *source; /* while it is judged: which one it is */
} VerdictExemption;
VerdictExemption *verdict_exemption_new(void);
/* "CVE-2023-4911", "CVE-2023-4911 and 2 more findings". (transfer full) */
char *verdict_exemption_subject(const VerdictExemption *exemption);
/* "CVE-2023-4911, until 2027-06-30: not reachable". (transfer full) */
char *verdict_exemption_in_words(const VerdictExemption *exemption);

/* Immutable once judged; reference-counted. */
typedef struct {
  gatomicrefcount references;
  bool allowed;
  char *policy;        /* the name of the policy that decided */
  char *message;       /* a sentence for the client: policy, worst findings, fixed versions; NULL
                          when nothing blocks */
  GPtrArray *reasons;  /* char *: one line for each thing that blocks, or would in a dry run; worst
                          first */
  GPtrArray *warnings; /* char *: what is only shown: that the image is unscanned where the policy
                          lets it out, what blocks when its grace ends, exemptions that end soon,
                          checks that are not made yet */
  GPtrArray *exemptions; /* VerdictExemption: those that take something out of this verdict, and
                            those that did until they ended */
  int64_t expires;       /* when it may turn out otherwise by itself (a grace period, an exemption's
                            date), microseconds since 1970; 0: never */
  unsigned blocking, ignored; /* findings that block; findings taken out by exemptions */
  bool unscanned;             /* not known to be clean, whether that blocks or not */
} Verdict;

/* Allows, by no policy, for no reason. (transfer full) */
Verdict *verdict_new(void);
Verdict *verdict_ref(Verdict *verdict);
void verdict_unref(Verdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Verdict, verdict_unref)

extern const JsonTable verdict_table;
json_t *verdict_to_json(const Verdict *verdict);
/* What verdict_to_json() wrote. (transfer full) */
Verdict *verdict_from_json(const json_t *json, GError **error);
