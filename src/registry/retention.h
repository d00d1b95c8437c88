/* Retention: which images of a namespace go by themselves.
 *
 * A namespace has rules that keep and rules that delete. What a rule that deletes matches goes,
 * unless a rule that keeps matches it, too. What none matches stays. A rule's conditions must all
 * hold. Whatever the rules say, these stay:
 *
 * - what was pushed, tagged, or brought back within the grace;
 * - what has an immutable tag, is signed, or is in quarantine;
 * - what runs in a cluster, or ran there a while ago (running.h);
 * - a manifest that an index needs which stays, and the subject of what a rule keeps;
 * - signatures, SBOMs and other referrers of what is there: they go with it, by collection.
 *
 * A member of an index that has no tag and that no index which stays needs goes with its index.
 * What retention deletes is deleted as by hand: it can be brought back as long as
 * `registry.undelete` says. A run judges again in the transaction that deletes, so what was pulled,
 * tagged or pushed since a preview is judged as it is then.
 *
 * Calls block on the database; any thread. */
#pragma once

#include "base/json_table.h"
#include "registry/registry.h"

#define RETENTION_RULES_MAX    50u /* of a list */
#define RETENTION_PATTERNS_MAX 50u
#define RETENTION_GRACE        ((uint64_t)24 * 3600)

/* Times are seconds; 0: it does not matter. */
typedef struct {
  /* Patterns of whole names ("team/app", "team/test-*", "!..." takes out); empty: all. */
  GPtrArray *repositories; /* char * */
  /* Patterns of tags. A rule that keeps matches an image by any of its tags, one that deletes by
   * all of them; an image without tags is matched by neither. Empty: tags do not matter. */
  GPtrArray *tags; /* char * */
  bool untagged;   /* only images without a tag */
  bool all;        /* nothing else is asked; for a rule that deletes what no other keeps */
  /* To keep: of those that match otherwise, the so many pushed last, in each repository. To delete:
   * all but these. */
  uint64_t newest;
  /* To keep: within so long. To delete: not within so long; of what was never pulled, the push
   * counts as a pull. */
  uint64_t pushed, pulled;
} RetentionRule;
void retention_rule_free(RetentionRule *rule);

typedef struct {
  GPtrArray *keep, *delete; /* RetentionRule; never NULL */
  uint64_t grace;           /* seconds */
  uint64_t version;         /* rises with each change; 0: nothing was ever set */
  int64_t changed;          /* microseconds since 1970; 0: never */
  uint64_t runs;            /* that have ended */
  int64_t ran;              /* the last of them, microseconds since 1970; 0: none */
  uint64_t deleted;         /* images, in it */
  char *error;              /* why it ended early, or NULL */
} Retention;
Retention *retention_new(void);
void retention_free(Retention *retention);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Retention, retention_free)

/* As the API has them. */
extern const JsonTable retention_table, retention_keep_table, retention_delete_table;

/* Which of the reasons above decides. */
typedef enum {
  RETENTION_BY_NONE,
  RETENTION_BY_KEEP,
  RETENTION_BY_DELETE,
  RETENTION_BY_INDEX, /* it goes with it */
  RETENTION_BY_GRACE,
  RETENTION_BY_IMMUTABLE,
  RETENTION_BY_SIGNATURE,
  RETENTION_BY_QUARANTINE,
  RETENTION_BY_NEED,    /* an index needs it, or what is kept has it for its subject */
  RETENTION_BY_SUBJECT, /* it belongs to another image */
  RETENTION_BY_RUNNING, /* a cluster runs it, or did (running.h) */
} RetentionBy;
extern const char *const retention_by_names[];

typedef struct {
  char *repository;
  Digest digest;
  char **tags; /* may be empty */
  int64_t pushed, pulled;
  bool deletes; /* else it stays */
  RetentionBy by;
  char *reason; /* for people: "delete 1: untagged, pushed more than 30 days ago" */
} RetentionAnswer;
void retention_answer_free(RetentionAnswer *answer);
extern const JsonTable retention_answer_table;

/* What is set; no rules where nothing is. (transfer full) */
Retention *registry_retention(Registry *registry, const char *space, GError **error);
/* Sets the rules and the grace of @object, which has the members of retention_table that can be
 * set. @version: as for registry_namespace_set(). ASSAY_ERROR_INVALID, _LIMIT, _EXISTS. (transfer
 * full) */
Retention *registry_retention_set(Registry *registry, const char *space, const json_t *object,
                                  int64_t version, GError **error);
/* What a run would do now, for each image of @space (of @repository; NULL: of all), by repository
 * and digest, after @last ("REPOSITORY@DIGEST"; NULL: from the first), at most @limit; *more: there
 * are others. @only_deleted leaves out what stays. (transfer full): RetentionAnswer */
typedef struct {
  const char *space, *repository, *last;
  bool only_deleted;
  unsigned limit;
} RetentionQuestion;
GPtrArray *registry_retention_preview(Registry *registry, const RetentionQuestion *question,
                                      bool *more, GError **error);

/* Notes in the journal that somebody asks for a run. *runs: how many have ended before it.
 * ASSAY_ERROR_NOT_FOUND: nothing is set. */
bool registry_retention_ask(Registry *registry, const char *space, uint64_t *runs, GError **error);
/* The namespaces that have rules. (transfer full): char * */
GPtrArray *registry_retention_spaces(Registry *registry, GError **error);
typedef struct {
  bool (*cancelled)(void *data);
  void *data;
} RetentionWatch;
/* Deletes what goes by the rules of @space; *deleted: how many. Its end is noted. */
bool registry_retention_run(Registry *registry, const char *space, const RetentionWatch *watch,
                            uint64_t *deleted, GError **error);
