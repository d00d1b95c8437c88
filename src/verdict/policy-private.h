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
  bool block[SEVERITY_CRITICAL + 1];
  bool only_fixed;
  Severity unknown_as; /* what an unknown severity counts as where a fix is published */
  uint64_t grace;      /* seconds */
} VulnerabilityRule;

/* What a policy does about something that is no finding. */
typedef enum { ACTION_ALLOW, ACTION_WARN, ACTION_BLOCK } Action;

typedef struct {
  char *name;
  GStrv namespaces;
  bool dry_run;
  bool block_unscanned, block_failed;
  Action end_of_life, third_party;
  VulnerabilityRule vulnerabilities;
  Allow *allowlist;
  unsigned allowlist_count;
  bool malware, secrets, baseline; /* asks for checks that are not made yet */
} Policy;

struct PolicySet {
  gatomicrefcount references;
  Policy *policies; /* in the order of the file */
  unsigned policies_count;
  char *file, *sha256; /* what policy_set_origin() tells */
};

/* @text as a policy file named @name, for messages. (transfer full) */
PolicySet *policy_set_parse(Slice text, const char *name, GError **error);

/* The first that matches; NULL: none does, and everything is allowed. */
const Policy *policy_set_find(const PolicySet *set, const char *repository);

/* Adds a sentence for each check that @policy asks for and nobody makes yet. */
void policy_add_unchecked(const Policy *policy, GPtrArray *sentences);
