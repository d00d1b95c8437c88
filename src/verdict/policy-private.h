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
} Policy;

struct PolicySet {
  int references;
  GPtrArray *policies; /* Policy, in the order of the file */
};

/* The first that matches; NULL: none does, and everything is allowed. */
const Policy *policy_set_find(const PolicySet *set, const char *repository);
