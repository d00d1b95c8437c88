/* Repositories, uploads, manifests, tags and referrers: the distribution-spec 1.1 without HTTP.
 *
 * A Registry joins the blob store and the metadata database, and keeps rule 2: what it returned
 * success for is on disk. All calls block (the server makes writing ones on its worker threads) and
 * may be made from any thread. Errors of its own domain carry the OCI error codes of the
 * specification ("Error Codes"). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/found.h"
#include "base/settings.h"
#include "inventory/finding_kind.h"
#include "oci/manifest.h"
#include "storage/blobs.h"
#include "storage/sql.h"

#define REGISTRY_ERROR (registry_error_quark())
GQuark registry_error_quark(void);
/* In the order of the specification's table, code-1 to code-14. */
typedef enum {
  REGISTRY_BLOB_UNKNOWN,
  REGISTRY_BLOB_UPLOAD_INVALID,
  REGISTRY_BLOB_UPLOAD_UNKNOWN,
  REGISTRY_DIGEST_INVALID,
  REGISTRY_MANIFEST_BLOB_UNKNOWN,
  REGISTRY_MANIFEST_INVALID,
  REGISTRY_MANIFEST_UNKNOWN,
  REGISTRY_NAME_INVALID,
  REGISTRY_NAME_UNKNOWN,
  REGISTRY_SIZE_INVALID,
  REGISTRY_UNAUTHORIZED,
  REGISTRY_DENIED,
  REGISTRY_UNSUPPORTED,
  REGISTRY_TOOMANYREQUESTS,
  REGISTRY_REFERENCED, /* none of the specification's: DENIED, for what is needed is not deleted */
} RegistryErrorCode;

typedef struct Registry Registry;

/* Keys of `limits` in the configuration. */
typedef struct {
  uint64_t manifest_bytes;     /* 4 MiB */
  uint64_t blob_bytes;         /* 0: no limit but the disk */
  uint32_t concurrent_uploads; /* open upload sessions, whole server; 1000 */
  uint32_t uploads_per_peer;   /* of these, for one peer; 0: as many as are still free */
  uint32_t upload_expiry;      /* an idle upload is dropped after so many seconds; 86400 */
} RegistryLimits;
extern const Section registry_limits_section;

/* `registry.gc`: collection (registry/collect.h). */
typedef struct {
  uint32_t interval; /* seconds from one to the next; 0: only when it is asked for */
  uint32_t grace;    /* so many seconds stays what a client was told to be there; both 24 h */
} RegistryGc;
/* `registry.namespaces`: what holds in each namespace that does not say otherwise. */
typedef struct {
  FindingKinds without; /* Namespace.without; none */
  char *scan;           /* Namespace.scan; "push", as NULL is */
} RegistryDefaults;
/* `registry` in the configuration. */
typedef struct {
  bool sparse_indexes; /* take indexes without their members, and images without their layers */
  RegistryGc gc;
  uint32_t undelete;  /* seconds that a deleted manifest can be brought back; 0: not at all */
  uint32_t retention; /* seconds from one run of retention to the next; 0: only when asked for */
  RegistryDefaults namespaces;
  uint32_t pull_counts; /* seconds that counts of pulls by hour and name are kept */
} RegistrySettings;
extern const Section registry_settings_section;

/* Neither is taken over; both must outlive the registry. (transfer full) */
Registry *registry_new(BlobStore *blobs, SqlPool *sql, const RegistryLimits *limits,
                       const RegistrySettings *settings);
/* Writes the pulls that are noted. */
void registry_free(Registry *registry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Registry, registry_free)

/* What others know of a manifest goes in the transaction that deletes it: @forget gets the text of
 * its digest. Before anything is deleted. */
void registry_forget_with(Registry *registry, SqlWork forget);

/* Rises with every change to manifests and tags: what a cache of answers is checked against. */
uint64_t registry_generation(const Registry *registry);

/* --- blobs --- */
/* Reads only: what it says is no promise (registry_blob_is_promised()). */
bool registry_blob_stat(Registry *registry, const char *repository, const Digest *digest,
                        uint64_t *size, GError **error);
int registry_blob_open(Registry *registry, const char *repository, const Digest *digest,
                       uint64_t *size, GError **error);
/* Whether a client may be told that a blob, which is there, need not be pushed: it then stays for
 * `gc.grace` at least. ABSENT: only after registry_blob_promise(), which writes, and fails as
 * registry_blob_stat() does where the blob has gone meanwhile. Reads only. */
Found registry_blob_is_promised(Registry *registry, const char *repository, const Digest *digest,
                                GError **error);
bool registry_blob_promise(Registry *registry, const char *repository, const Digest *digest,
                           GError **error);
/* Links a blob of @from (NULL: of any repository) into @repository; ABSENT: there is none, and the
 * client must upload. */
Found registry_blob_mount(Registry *registry, const char *repository, const char *from,
                          const Digest *digest, GError **error);
/* Stores what the program itself made, as an upload of it would. */
bool registry_blob_put(Registry *registry, const char *repository, const Digest *digest,
                       Slice bytes, GError **error);
/* REGISTRY_REFERENCED while a manifest of the repository needs it. */
bool registry_blob_delete(Registry *registry, const char *repository, const Digest *digest,
                          GError **error);

/* Reads a blob again, at @pace (blob_store_verify()). BLOB_DAMAGED, with *error saying how: its
 * bytes are no longer those of its digest, and it was set aside; it is "not there" until it is
 * pushed again. BLOB_UNCHECKED: it was deleted or stored again meanwhile,
 * or, with *error, cannot be read. */
typedef enum { BLOB_WHOLE, BLOB_DAMAGED, BLOB_UNCHECKED } BlobCheck;
BlobCheck registry_check_blob(Registry *registry, const Digest *digest, BlobPace pace, void *data,
                              GError **error);

/* --- uploads: a session belongs to one repository and survives a restart --- */
typedef struct RegistryUpload RegistryUpload;
/* @algorithm: what the finishing digest is expected to be by; sha256 unless announced. */
RegistryUpload *registry_upload_start(Registry *registry, const char *repository,
                                      DigestAlgorithm algorithm, GError **error);
/* For a blob that comes in the request that starts it: no other request needs to find the session,
 * so it has no row, does not count as open, ends when it is released, and need not wait for the
 * database's one writer. @peer: whose it is, or NULL. */
RegistryUpload *registry_upload_start_unlisted(Registry *registry, const char *repository,
                                               const char *peer, DigestAlgorithm algorithm,
                                               GError **error);
/* Makes it one that other requests continue with: REGISTRY_TOOMANYREQUESTS when
 * limits.uploads_per_peer or limits.concurrent_uploads are open. Where the latter are, sessions
 * that were idle for long go first, and then the longest idle one of the peer that has most, if
 * that is more than this one has. */
bool registry_upload_list(RegistryUpload *upload, GError **error);
/* Takes the session for this thread: REGISTRY_BLOB_UPLOAD_UNKNOWN; REGISTRY_TOOMANYREQUESTS while
 * another request holds it. */
RegistryUpload *registry_upload_take(Registry *registry, const char *repository, const char *id,
                                     GError **error);
/* How much has come, also while another request holds it. */
bool registry_upload_status(Registry *registry, const char *repository, const char *id,
                            uint64_t *size, GError **error);
const char *registry_upload_id(const RegistryUpload *upload);
uint64_t registry_upload_size(const RegistryUpload *upload);
bool registry_upload_append(RegistryUpload *upload, Slice bytes, GError **error);
/* Durable and linked into the repository on success. A digest that does not hold ends the session;
 * after an error of the disk it may be tried again, unless the disk lost bytes. */
bool registry_upload_finish(RegistryUpload *upload, const Digest *digest, GError **error);
bool registry_upload_cancel(RegistryUpload *upload, GError **error);
/* Gives the session back, open unless it is unlisted. */
void registry_upload_release(RegistryUpload *upload);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RegistryUpload, registry_upload_release)

/* --- manifests and tags --- */
typedef struct {
  GBytes *bytes;
  Digest digest;
  char *media_type;
  int64_t pushed; /* microseconds since 1970 */
} StoredManifest;
void stored_manifest_free(StoredManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StoredManifest, stored_manifest_free)

/* @reference: a tag or a digest. (transfer full) */
StoredManifest *registry_manifest_get(Registry *registry, const char *repository,
                                      const char *reference, GError **error);
/* What became of a manifest that was put. */
typedef struct {
  Digest digest;
  Manifest *manifest;
  GPtrArray *warnings; /* char *: what its pusher should know */
} PushedManifest;
void pushed_manifest_clear(PushedManifest *pushed);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PushedManifest, pushed_manifest_clear)
/* Parses, checks that what it refers to is there (as far as `sparse_indexes` asks for it), stores,
 * tags (@reference a tag; @tags, which may be NULL, when it is a digest), records the subject.
 * Fills @pushed on success. */
bool registry_manifest_put(Registry *registry, const char *repository, const char *reference,
                           const char *const *tags, const char *media_type, GBytes *bytes,
                           PushedManifest *pushed, GError **error);
/* By digest: the manifest and its tags, but REGISTRY_REFERENCED while an index of the repository
 * needs it; by tag: the tag alone. */
bool registry_manifest_delete(Registry *registry, const char *repository, const char *reference,
                              GError **error);

/* Names after @last in byte order, at most @n (negative: all); *more tells that there are others.
 * (transfer full) */
GStrv registry_tags(Registry *registry, const char *repository, const char *last, int64_t n,
                    bool *more, GError **error);
typedef struct {
  const char *repository, *digest;
} ImageName;
/* For each of @images, the tags that point to it in the order of their names. (transfer full):
 * GStrv */
GPtrArray *registry_tags_of(Registry *registry, const ImageName *images, size_t count,
                            GError **error);
GStrv registry_catalog(Registry *registry, const char *last, int64_t n, bool *more, GError **error);
/* Names of the repositories that hold a manifest, and of those that hold a blob; at most a
 * thousand, in the order of their names. (transfer full): char * */
GPtrArray *registry_repositories_of(Registry *registry, const Digest *manifest, GError **error);
GPtrArray *registry_repositories_with(Registry *registry, const Digest *blob, GError **error);
/* Digests of the indexes of @repository that hold @manifest; at most a thousand.
 * (transfer full): char * */
GPtrArray *registry_indexes_with(Registry *registry, const char *repository, const Digest *manifest,
                                 GError **error);
/* Descriptors (with artifactType and annotations) of the manifests whose subject is @digest, after
 * @last (NULL: from the first) in the order of their digests; @artifact_type NULL: all. A list that
 * would be too large for an index ends early, with *more set. (transfer full) */
GPtrArray *registry_referrers(Registry *registry, const char *repository, const Digest *digest,
                              const char *artifact_type, const char *last, bool *more,
                              GError **error);

/* A manifest of a repository as lists show it. */
typedef struct {
  Digest digest;
  char *media_type;
  char *artifact_type; /* or NULL */
  int64_t pushed;      /* microseconds since 1970 */
  int64_t pulled;      /* the same, last; 0: never, since pulls are counted */
  uint64_t pulls;
  GStrv tags; /* that point to it; may be empty */
} StoredImage;

/* At most @limit manifests from @offset on, newest first; *total counts all. @reference: only the
 * one that this tag or digest names; NULL: all. (transfer full): StoredImage */
GPtrArray *registry_images(Registry *registry, const char *repository, const char *reference,
                           int64_t limit, int64_t offset, uint64_t *total, GError **error);
/* For going through all of them, whatever comes and goes meanwhile: at most @limit by digest, after
 * @last ("": from the first). None where there is no such repository. (transfer full): StoredImage
 */
GPtrArray *registry_images_after(Registry *registry, const char *repository, const char *last,
                                 int64_t limit, GError **error);

/* What a manifest needs and its repository or the disk lacks, except layers that may be elsewhere;
 * at most the first twenty. (transfer full): char * */
GPtrArray *registry_missing(Registry *registry, const char *repository, const Digest *manifest,
                            GError **error);
/* Reads what some of the manifests need that an older version stored without saying so; *more: call
 * again. */
bool registry_record_references(Registry *registry, bool *more, GError **error);
/* Counts what the namespace after *place ("" or NULL: the first) holds, where that is not known
 * yet. *place moves on; *more: call again. For once after the start. */
bool registry_count_namespace(Registry *registry, char **place, bool *more, GError **error);

typedef struct {
  uint64_t repositories, manifests, blobs, blob_bytes;
} RegistryTotals;
/* Counts all rows: for once a minute. */
bool registry_totals(Registry *registry, RegistryTotals *totals, GError **error);

/* Sessions held in memory. */
unsigned registry_open_uploads(Registry *registry);
/* Drops idle uploads; called now and then by the server. */
unsigned registry_expire_uploads(Registry *registry);
/* Removes the files of blobs that no row speaks of: a crash between the two steps of a push or of a
 * delete leaves such, as does a failure of the disk. Looks (at every folder of the store) when
 * called for the first time and after such a failure; otherwise costs nothing. */
bool registry_remove_orphans(Registry *registry, unsigned *removed, GError **error);
