/* Findings put together by what is to be done about them, for people: what one upgrade mends is one
 * group, whatever number of packages it touches and of vulnerabilities it fixes.
 *
 * The packages that are built from one source go to a newer version together; the version is the
 * highest that a finding of the package asks for. What has no fixed version yet is a group of its
 * own. Pure. */
#pragma once

#include <glib.h>

#include "verdict/finding.h"

typedef struct {
  const char *source;         /* what its packages are built from, or the package's own name */
  const char *target;         /* the version that mends them; NULL: none is published */
  GPtrArray *findings;        /* Finding, borrowed, in the order of the report */
  GPtrArray *packages;        /* char *, owned: "libssl3"; "libc6:i386" where there are several */
  GPtrArray *versions;        /* const char *: what is installed, each once */
  GPtrArray *vulnerabilities; /* const Finding *: the worst of each number; exempt ones come last */
  unsigned exempt;            /* of the vulnerabilities: a policy exempts all that is found of it */
  unsigned known_exploited;   /* of the others */
} FindingGroup;

/* FindingGroup, the most urgent first: those with a fix, by their worst vulnerability (one of
 * unknown severity counts as policies count it), by known exploitation, and by how many are fixed;
 * then those without a fix; last what is exempt as a whole. What is exempt counts for no order. The
 * findings must outlive it. (transfer full) */
GPtrArray *finding_groups_new(const GPtrArray *findings);

/* Whether all of it is exempt: there is nothing to do. */
bool finding_group_is_exempt(const FindingGroup *group);

/* True when one package is there with several architectures, so that its name does not tell it. */
bool findings_differ_in_architecture(const GPtrArray *findings);
