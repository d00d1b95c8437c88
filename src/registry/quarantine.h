/* Quarantine by hand: what nobody pulls, from now on and until it is taken out again, whatever the
 * policy says of it. A target is a repository with all in it ("team/app"), an image wherever it is
 * ("sha256:..."), or an image of one repository ("team/app@sha256:...").
 *
 * An index in quarantine takes its members along: they are refused by their own digests, too, also
 * under other indexes. A member in quarantine leaves its index to be pulled, and is refused itself,
 * as by the gate. Layers are refused where they are the target, or their repository is; those of an
 * image are not, for other images share them. What is in quarantine can be pushed to, is never
 * mounted from, and stays: retention and deletion leave it alone.
 *
 * The question at each pull costs an atomic load while nothing is in quarantine, and else look-ups
 * in memory. The registry must be told by its own functions: rows that others write are seen after
 * a restart. Any thread. */
#pragma once

#include "base/json_table.h"
#include "registry/registry.h"

/* In force at a time. */
#define QUARANTINES_MAX       10000u
#define QUARANTINE_REASON_MAX 1000u

typedef struct {
  char *target;
  char *reason;
  char *author;
  int64_t since; /* microseconds since 1970 */
  int64_t until; /* the same; 0: until it is taken out */
} Quarantine;
void quarantine_free(Quarantine *quarantine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Quarantine, quarantine_free)

/* As the API has it. */
extern const JsonTable quarantine_table;

/* All, by target, those that have ended left out. (transfer full): Quarantine */
GPtrArray *registry_quarantines(Registry *registry, GError **error);
/* NULL, ASSAY_ERROR_NOT_FOUND: it is not in quarantine. (transfer full) */
Quarantine *registry_quarantine_find(Registry *registry, const char *target, GError **error);
/* A target that is in quarantine gets the new reason and end. ASSAY_ERROR_INVALID: the target is
 * none, there is no reason, or the end is past; _LIMIT: there are QUARANTINES_MAX. */
bool registry_quarantine_add(Registry *registry, const Quarantine *quarantine, GError **error);
/* ASSAY_ERROR_NOT_FOUND */
bool registry_quarantine_remove(Registry *registry, const char *target, GError **error);
/* "team/app" of the target; NULL: it is an image wherever it is. (transfer full) */
char *quarantine_repository(const char *target);
/* REGISTRY_DENIED, with the reason, the author and the end, when a manifest or blob of @repository
 * is in quarantine. */
bool registry_check_quarantine(Registry *registry, const char *repository, const Digest *digest,
                               GError **error);
/* The same for lists: what a pull of that manifest is told, or NULL. (transfer full) */
char *registry_quarantined(Registry *registry, const char *repository, const char *digest);
