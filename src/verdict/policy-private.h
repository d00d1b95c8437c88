/* A policy as judge.c applies it. */
#pragma once

#include "verdict/policy.h"

typedef struct {
  char *id;      /* CVE number or the source's id */
  char *package; /* NULL: in any */
  char *reason;
  int64_t expires; /* microseconds since 1970; 0: never */
} Allow;

typedef struct {
  char *name;
  GStrv namespaces;
  bool dry_run;
  bool block_unscanned, block_failed;
  bool block[SEVERITY_CRITICAL + 1];
  bool only_fixed;
  Severity unknown_as;  /* what an unknown severity counts as where a fix is published */
  uint64_t grace;       /* seconds */
  GPtrArray *allowlist; /* Allow */
  GPtrArray *unchecked; /* const char *: keys that ask for checks that are not made yet */
} Policy;

struct PolicySet {
  gatomicrefcount references;
  GPtrArray *policies; /* Policy, in the order of the file */
};

/* @text as a policy file named @name, for messages. (transfer full) */
PolicySet *policy_set_parse(Slice text, const char *name, GError **error);

/* The first that matches; NULL: none does, and everything is allowed. */
const Policy *policy_set_find(const PolicySet *set, const char *repository);

/* The sentence on the check that policy->unchecked[@index] asks for. (transfer full) */
char *policy_unchecked_in_words(const Policy *policy, guint index);
