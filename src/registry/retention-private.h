/* What the files of retention share. */
#pragma once

#include "registry/namespaces.h"
#include "registry/retention.h"

typedef struct RetentionImage RetentionImage;
struct RetentionImage {
  Digest digest;
  char *artifact_type, *subject; /* or NULL */
  int64_t pushed;                /* or tagged, or brought back: the latest */
  int64_t pulled;                /* 0: never */
  GPtrArray *tags;               /* char * */
  GPtrArray *needed_by;          /* RetentionImage: indexes of the repository; borrowed */
  const char *quarantine;        /* the target that is in it, or NULL */
  char *running;                 /* where it runs, or NULL */
  /* The judge's: */
  RetentionImage *belongs_to; /* another image there, that it is a referrer of; or NULL */
  RetentionImage *signature;  /* that it has, or NULL */
  bool decided, deletes, done;
  guint asked; /* of needed_by, by the run */
  RetentionBy by;
  char *reason;
};

/* What is to be known of a repository. */
typedef struct {
  const char *repository; /* borrowed */
  Namespace *space;
  GPtrArray *images; /* RetentionImage, by digest */
  GHashTable *by_digest;
  GPtrArray *quarantined; /* char *: targets */
} RetentionFacts;
void retention_facts_free(RetentionFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RetentionFacts, retention_facts_free)
/* (transfer full) */
RetentionFacts *retention_facts_load(Registry *registry, SqlConnection *db, const char *space,
                                     const char *repository, GError **error);

/* Decides of each image. Pure. */
void retention_judge(const Retention *retention, RetentionFacts *facts, int64_t now);

/* Whether @patterns, of which those with "!" take out, match @name; an empty list does. */
bool retention_patterns_match(const GPtrArray *patterns, const char *name);
/* "the 10 newest of the tags v*" (transfer full) */
char *retention_rule_words(const RetentionRule *rule, bool keeps);

/* (transfer full) */
Retention *retention_load(SqlConnection *db, const char *space, GError **error);
