/* Manifests that are gone for good, until collection has looked at what they left: manifests that
 * have one for their subject (signatures, SBOMs), and what clients without the referrers API tagged
 * after its digest ("sha256-<hex>", "sha256-<hex>.sig"). A subject that was never there is none of
 * these: its referrers may have come first. */
#pragma once

#include "registry/registry.h"

typedef struct {
  char *repository;
  Digest digest;
} Gone;

/* In the transaction that forgets what the manifest needed. */
bool gone_note(SqlConnection *db, const char *repository, const Digest *digest, GError **error);
/* Some of those that went until then. (transfer full): Gone */
GPtrArray *gone_before(SqlPool *sql, int64_t before, GError **error);
/* The manifests that were left of one. (transfer full): char *, digests */
GPtrArray *gone_referrers(SqlPool *sql, const Gone *gone, GError **error);
/* ABSENT: @referrer is left over; its subject is not there, and no tag but those of that names it.
 * Under registry_lock_repository(). */
Found gone_is_held(SqlConnection *db, const char *repository, const Digest *referrer,
                   const Digest *subject, GError **error);
/* It was looked at, unless it came back and went again since. */
bool gone_forget(SqlPool *sql, const Gone *gone, int64_t before, GError **error);
