/* What is set for a namespace, which is the first part of its repositories' names: of `team/app` it
 * is `team`, of `app` it is `app`. A namespace is there as soon as something is pushed to it or set
 * for it; without settings nothing of this applies.
 *
 * Calls block on the database; any thread. Errors: REGISTRY_NAME_INVALID, REGISTRY_NAME_UNKNOWN. */
#pragma once

#include "base/json_table.h"
#include "registry/registry.h"

/* Of one list. */
#define NAMESPACE_PATTERNS_MAX      100u
#define NAMESPACE_PATTERN_BYTES_MAX 512u

typedef struct {
  char *name;
  /* Of tags that neither move nor go: "v*", or "app/web:v*" with the repository's whole name. One
   * that begins with "!" takes out again what it matches. Never NULL. */
  GPtrArray *immutable; /* char * */
  uint64_t version;     /* rises with each change; 0: nothing was ever set */
  int64_t changed;      /* microseconds since 1970; 0: never */
} Namespace;
void namespace_free(Namespace *space);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Namespace, namespace_free)

/* As the API has it. */
extern const JsonTable namespace_table;

/* The namespace of @repository. (transfer full) */
char *namespace_of(const char *repository);

/* What is set; the defaults of one for which nothing is. REGISTRY_NAME_UNKNOWN: nothing is set for
 * it, and nothing was pushed to it. (transfer full) */
Namespace *registry_namespace(Registry *registry, const char *name, GError **error);
/* Those after @last (NULL: from the first) in byte order, at most @limit; *more: there are others.
 * (transfer full): Namespace */
GPtrArray *registry_namespaces(Registry *registry, const char *last, unsigned limit, bool *more,
                               GError **error);
/* Sets the members of @change, an object with some of namespace_table's that can be set, and leaves
 * the others. Null sets the default. @version: only while it is this one, else ASSAY_ERROR_EXISTS;
 * negative: whichever. ASSAY_ERROR_INVALID: a member or a value that is none. (transfer full) */
Namespace *registry_namespace_set(Registry *registry, const char *name, const json_t *change,
                                  int64_t version, GError **error);
