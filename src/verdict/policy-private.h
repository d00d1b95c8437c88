/* A set of policies as judge.c applies it. */
#pragma once

#include "verdict/exemption.h"
#include "verdict/policy.h"
#include "verdict/vex_set.h"

/* The rules of the checks follow it, as language.c lays them out. */
typedef struct {
  char *name;
  GStrv namespaces;
  bool dry_run;
  Exemption *allowlist;
  unsigned allowlist_count;
  GStrv vex;           /* files and folders */
  VexSet *statements;  /* of these; NULL: not read */
  GStrv vex_attestors; /* by whom attestations of VEX beside an image count */
} Policy;

/* A key as the file names it. */
typedef struct {
  char *key;                    /* the path of a file, or the PEM itself */
  char *name;                   /* or NULL */
  int64_t from, until, revoked; /* microseconds since 1970; 0: not said */
} PolicyKey;

/* Whose certificates count, as AttestorIdentity has it; the first alone may be a subject, too. */
typedef struct {
  char *name, *subject, *issuer;
} PolicyIdentity;

typedef struct {
  char *name, *description;
  unsigned formats; /* bits of SignatureFormat; 0: all */
  PolicyKey *keys;
  unsigned keys_count;
  PolicyIdentity *identities;
  unsigned identities_count;
  GStrv roots, time_roots, trusted_root, rekor, ctlogs;
} PolicyAttestor;

struct PolicySet {
  gatomicrefcount references;
  void *policies; /* in the order of the file; policy_at() */
  unsigned policies_count;
  Exemption *exemptions;
  unsigned exemptions_count;
  GStrv vex; /* as in a policy, for all of them */
  VexSet *statements;
  char *identity; /* where there are any */
  char *looked;   /* how their files looked when they were read */
  PolicyAttestor *attestors;
  unsigned attestors_count;
  GPtrArray *trusted;       /* Attestor: what was made of these */
  GHashTable *key_files;    /* char * -> GBytes: what was read for them */
  uint64_t warn_before_end; /* seconds before an exemption ends */
  Policy *otherwise;        /* what holds where no policy is for a repository: the defaults */
  char *file, *sha256;      /* what policy_set_origin() tells */
  GBytes *text;             /* of the file */
};

/* The first that matches, or else set->otherwise. */
const Policy *policy_set_find(const PolicySet *set, const char *repository);
/* What VEX documents say for images of @repository: those of its policy, and *@of_all, those of the
 * whole file; each or NULL. */
const VexSet *policy_set_statements(const PolicySet *set, const char *repository,
                                    const VexSet **of_all);
