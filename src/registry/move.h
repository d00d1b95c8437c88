/* Renaming and moving: a repository gets another name, or all of a namespace do, in one
 * transaction, with everything that is kept of them: tags, referrers, pins, pulls, deleted images,
 * quarantine, quotas. The old name answers pulls for as long as who moves says (an alias); a push
 * to it is refused, and the message tells the new name. An upload that was begun under the old name
 * is refused so at its end.
 *
 * Aliases are not followed one after another: a move of the target takes them along. A name that
 * something is moved to is no alias any more. Rules of a namespace (quotas, immutable tags,
 * retention, policies) hold for a repository as soon as it is there. With a whole namespace, they
 * are moved, and the patterns in them that begin with its name are changed.
 *
 * Calls block on the database, except registry_moved_to(); any thread. */
#pragma once

#include "base/json_table.h"
#include "registry/registry.h"

/* Seconds. */
#define REDIRECT_MOST ((uint64_t)10 * 365 * 86400)

typedef struct {
  const char *from, *to; /* names of repositories, or of namespaces */
  bool whole;            /* they are namespaces */
  uint64_t redirect_for; /* seconds; 0: the old name ends at once */
  /* What others keep by names goes along in the same transaction: once for the move. NULL: nothing
   * does. It may be called again, as any SqlWork. */
  bool (*carry)(SqlConnection *db, const char *from, const char *to, bool whole, void *data,
                GError **error);
  void *data;
} RegistryMove;

/* REGISTRY_NAME_UNKNOWN: there is nothing of that name; REGISTRY_NAME_INVALID; REGISTRY_DENIED: a
 * quota would be passed; ASSAY_ERROR_EXISTS: the new name is taken; _INVALID. */
bool registry_move(Registry *registry, const RegistryMove *move, GError **error);

/* For a room above that keeps rows by repository: called for each repository that gets another
 * name, in the transaction. Before the registry is used. */
typedef bool (*RegistryMoved)(SqlConnection *db, const char *from, const char *to, GError **error);
void registry_on_move(Registry *registry, RegistryMoved moved);

/* The name that answers pulls of @name now; NULL: it is none that was moved. Never blocks: what
 * other processes moved is known after registry_read_moved(). (transfer full) */
char *registry_moved_to(Registry *registry, const char *name);
/* Whether @name is one that is not known in memory yet: it was moved a moment ago, here or by
 * another process. It is known then. */
bool registry_moved_meanwhile(Registry *registry, const char *name);

/* One that answers now. */
typedef struct {
  char *name, *to;
  int64_t until; /* microseconds since 1970 */
} MovedName;
void moved_name_free(MovedName *moved);
extern const JsonTable moved_name_table;
/* By name, after @last (NULL: from the first), at most @limit; *more: there are others. (transfer
 * full): MovedName */
GPtrArray *registry_moved_names(Registry *registry, const char *last, unsigned limit, bool *more,
                                GError **error);
/* Ends it before its time. ASSAY_ERROR_NOT_FOUND. */
bool registry_end_moved(Registry *registry, const char *name, GError **error);

/* Reads the aliases again, and forgets those that have ended. */
bool registry_read_moved(Registry *registry, GError **error);
