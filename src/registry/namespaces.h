/* What is set for a namespace, which is the first part of its repositories' names: of `team/app` it
 * is `team`, of `app` it is `app`. A namespace is there as soon as something is pushed to it or set
 * for it; without settings nothing of this applies.
 *
 * Calls block on the database; any thread. Errors: REGISTRY_NAME_INVALID, REGISTRY_NAME_UNKNOWN. */
#pragma once

#include "registry/namespace.h"
#include "registry/registry.h"

/* What is set; the defaults of one for which nothing is. REGISTRY_NAME_UNKNOWN: nothing is set for
 * it, and nothing was pushed to it. (transfer full) */
Namespace *registry_namespace(Registry *registry, const char *name, GError **error);
/* The same; the defaults where there is none of that name. (transfer full) */
Namespace *registry_namespace_or_none(Registry *registry, const char *name, GError **error);
/* What is not looked for in images of @repository (Namespace.without). Any thread; blocks on the
 * database. */
bool registry_kinds_without(Registry *registry, const char *repository, FindingKinds *without,
                            GError **error);
/* When an image that comes to @repository after @now is to be scanned (scan_time.h). */
bool registry_scan_time(Registry *registry, const char *repository, int64_t now, int64_t *when,
                        GError **error);
/* Those after @last (NULL: from the first) in byte order, at most @limit; *more: there are others.
 * (transfer full): Namespace */
GPtrArray *registry_namespaces(Registry *registry, const char *last, unsigned limit, bool *more,
                               GError **error);
/* Sets the members of @change, an object with some of namespace_table's that can be set, and leaves
 * the others. Null sets the default. @version: only while it is this one, else ASSAY_ERROR_EXISTS;
 * negative: whichever. @also: done in the same transaction, with the name; or NULL.
 * ASSAY_ERROR_INVALID: a member or a value that is none. (transfer full) */
Namespace *registry_namespace_set(Registry *registry, const char *name, const json_t *change,
                                  int64_t version, SqlWork also, GError **error);
/* What is not looked for where nothing else is set. */
FindingKinds registry_default_without(const Registry *registry);
