/* A set of policies as judge.c applies it. */
#pragma once

#include "verdict/exemption.h"
#include "verdict/policy.h"

/* The rules of the checks follow it, as language.c lays them out. */
typedef struct {
  char *name;
  GStrv namespaces;
  bool dry_run;
  Exemption *allowlist;
  unsigned allowlist_count;
} Policy;

struct PolicySet {
  gatomicrefcount references;
  void *policies; /* in the order of the file; policy_at() */
  unsigned policies_count;
  Exemption *exemptions;
  unsigned exemptions_count;
  uint64_t warn_before_end; /* seconds before an exemption ends */
  Policy *otherwise;        /* what holds where no policy is for a repository: the defaults */
  char *file, *sha256;      /* what policy_set_origin() tells */
};

/* The first that matches, or else set->otherwise. */
const Policy *policy_set_find(const PolicySet *set, const char *repository);
