/* What the files of the registry share. */
#pragma once

#include "registry/namespaces.h"
#include "registry/registry.h"

/* quarantine.c: what is in quarantine, in memory; guarded by itself. */
typedef struct QuarantineSet QuarantineSet;
struct QuarantineSet {
  GMutex lock;       /* guards the rest, except `some` */
  bool loaded, some; /* `some` is atomic, and true until it is known that there is none */
  GPtrArray *rows;
  GHashTable *by_target; /* char * -> Quarantine: targets, and members of those that are indexes */
};
QuarantineSet *quarantine_set_new(void);
void quarantine_set_free(QuarantineSet *set);
/* It is read again at the next question. */
void quarantine_set_stale(QuarantineSet *set);

struct Registry {
  QuarantineSet *quarantine;
  struct PullNotes *pulls;      /* pulls.c; guarded by itself */
  struct RunningNotes *running; /* running.c; the same */
  struct MovedNames *moved;     /* moved_names.c; the same */
  BlobStore *blobs;
  SqlPool *sql;
  RegistryLimits limits;
  RegistrySettings settings;
  /* By the first byte of a digest. Finishing an upload makes its file visible and then its row;
   * who removes a file looks under the same lock that there is no row, so that a file is never
   * removed between the two steps of a push. A mutex each, and not one lock for readers and a
   * writer: pushes overlap without end, and a delete would wait as long. */
  GMutex blob_locks[256];
  GMutex uploads_lock; /* guards `uploads` and each RegistryUpload.taken */
  GHashTable *uploads; /* id -> RegistryUpload: sessions whose hash is in memory */
  uint64_t generation; /* atomic */
  SqlWork forget;      /* registry_forget_with(); or NULL */
  /* registry_tell_beside(); or NULL. */
  void (*on_beside)(const char *repository, const char *manifest, void *data);
  void *beside_data;
  /* Atomic. The start may find what a crash left; later, a push or a delete that failed between its
   * two steps leaves a file without a row. */
  bool orphans_possible;
  /* Of small_blobs.c: a sync has failed, here or in the process before, after which another says
   * nothing of what it lost. */
  bool blobs_unsure;
};

/* Sets REGISTRY_ERROR; always false. */
bool registry_error_set(GError **error, RegistryErrorCode code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* The lock that a blob's file and row are made and removed under. */
GMutex *registry_blob_lock(Registry *registry, const Digest *digest);

/* Makes the next registry_remove_orphans() look. */
void registry_expect_orphans(Registry *registry);

/* Counts a committed change to manifests or tags. */
void registry_changed(Registry *registry);

/* REGISTRY_NAME_INVALID unless @repository follows the grammar. */
bool registry_check_name(const char *repository, GError **error);

/* REGISTRY_NAME_UNKNOWN unless the repository was ever pushed to. */
bool registry_check_known(SqlConnection *db, const char *repository, GError **error);

bool registry_add_repository(SqlConnection *db, const char *repository, GError **error);
/* A quota refuses what clients push. What the registry signs counts, and is let in: nothing could
 * leave a full namespace whose policy asks for signatures. */
typedef enum { QUOTA_REFUSES, QUOTA_COUNTS } QuotaRule;

bool registry_link_blob(SqlConnection *db, const char *repository, const Digest *digest,
                        QuotaRule quota, GError **error);
/* registry_blob_put() and registry_manifest_put(), by such a rule. @expected: what the tags must
 * name so far ("": nothing), or ASSAY_ERROR_CHANGED; NULL: whatever. */
bool registry_put_blob(Registry *registry, const char *repository, const Digest *digest,
                       Slice bytes, QuotaRule quota, GError **error);
bool registry_put_manifest(Registry *registry, const char *repository, const char *reference,
                           const char *const *tags, const char *media_type, GBytes *bytes,
                           QuotaRule quota, const Digest *expected, PushedManifest *pushed,
                           GError **error);
/* Before it is finished; QUOTA_REFUSES until then. */
void registry_upload_set_quota(RegistryUpload *upload, QuotaRule quota);

/* Sets REGISTRY_BLOB_UNKNOWN; always false. */
bool registry_blob_unknown(GError **error, const char *repository, const Digest *digest);
/* Whether there is a row of it. ABSENT: nor will there be one after a power cut, so that the file
 * may go. */
Found registry_blob_is_known(Registry *registry, const Digest *digest, GError **error);
/* "blob.pushed", "blob.deleted". @from: the repository that it was mounted from, "*" of any; NULL:
 * it was not mounted. */
bool registry_tell_blob(SqlConnection *db, const char *type, const char *repository,
                        const Digest *digest, const char *from, GError **error);

/* Keeps every other transaction that takes it out until this one ends: who looks whether something
 * is needed, or there, and then acts on it, takes it first. SQLite's one writer is such a lock
 * already; of PostgreSQL's transactions each sees the others' past. */
bool registry_lock_repository(SqlConnection *db, const char *repository, GError **error);
/* The same, and REGISTRY_NAME_UNKNOWN unless the repository was ever pushed to. */
bool registry_lock_known(SqlConnection *db, const char *repository, GError **error);

/* --- references.c: what manifests need of their repository --- */

/* Whether it is in the repository. */
Found references_has_blob(SqlConnection *db, const char *repository, const Digest *digest,
                          GError **error);
Found references_has_manifest(SqlConnection *db, const char *repository, const Digest *digest,
                              GError **error);
/* REGISTRY_MANIFEST_BLOB_UNKNOWN unless all that @manifest must have is there. @sparse: it may do
 * without layers and members; @absent takes those that are not there, Descriptor of @manifest. */
bool references_check(SqlConnection *db, const char *repository, const Manifest *manifest,
                      bool sparse, GPtrArray *absent, GError **error);
/* Calls @visit with each descriptor that @manifest needs, and what it is to it ("config", "layer",
 * "foreign", "member"), until it returns false. */
typedef bool (*ReferenceVisit)(const Descriptor *descriptor, const char *kind, void *data,
                               GError **error);
bool references_visit(const Manifest *manifest, ReferenceVisit visit, void *data, GError **error);
/* ABSENT: it is not there, or cannot be read, and then needs nothing that is known. *manifest takes
 * it when FOUND. (transfer full) */
Found references_load(SqlConnection *db, const char *repository, const Digest *digest,
                      Manifest **manifest, GError **error);
/* @listing: an index that lists referrers, whose members may be deleted before it. */
bool references_store(SqlConnection *db, const char *repository, const char *digest,
                      const Manifest *manifest, bool listing, GError **error);
bool references_delete(SqlConnection *db, const char *repository, const Digest *digest,
                       GError **error);
/* The same of one that is no longer stored; @manifest: what it was, or NULL when that cannot be
 * read. */
bool references_forget(SqlConnection *db, const char *repository, const Digest *digest,
                       const Manifest *manifest, GError **error);
/* REGISTRY_REFERENCED while some manifest needs it. Call under registry_lock_repository(). */
bool references_refuse_blob(SqlConnection *db, const char *repository, const Digest *digest,
                            GError **error);
bool references_refuse_manifest(SqlConnection *db, const char *repository, const Digest *digest,
                                GError **error);

/* A deletion failed: true when it was for want of room, and some was kept for it: try again. */
bool registry_make_room(Registry *registry, const GError *failure);

/* --- namespaces.c, namespace_settings.c, namespace_names.c --- */

/* @settings: the JSON of what was set, or NULL. (transfer full) */
Namespace *namespace_read(const char *name, const char *settings, GError **error);
/* What it inherits of @defaults. */
void namespace_inherit(Namespace *space, const RegistryDefaults *defaults);
/* The settings; the defaults where there are none. (transfer full) */
Namespace *namespace_load(SqlConnection *db, const char *name, GError **error);
/* The names of all of its repositories are @name, or above @name and a slash and below this.
 * (transfer full) */
char *namespace_end(const char *name);
/* The next namespace after @last ("": the first), by byte order. (transfer full); NULL: *found says
 * why */
char *namespace_after(SqlConnection *db, const char *last, Found *found, GError **error);

/* --- deleted.c --- */

/* Deletes a manifest that was left of @subject, which is gone, as registry_manifest_delete() does;
 * not *deleted: something holds it. */
bool registry_manifest_delete_left(Registry *registry, const char *repository,
                                   const Digest *referrer, const Digest *subject, bool *deleted,
                                   GError **error);
/* The tags of a manifest, before it is deleted. (transfer full): char * */
GPtrArray *deleted_tags(SqlConnection *db, const char *repository, const Digest *digest,
                        GError **error);
/* Deletes the manifest with @tags, all that it has; it can be brought back if `undelete` says so.
 * What others know of it goes as well (registry_forget_with()). Under registry_lock_repository().
 */
bool deleted_move(Registry *registry, SqlConnection *db, const char *repository,
                  const Digest *digest, const GPtrArray *tags, int64_t *changed, GError **error);
/* It is pushed again. */
bool deleted_forget(SqlConnection *db, const char *repository, const Digest *digest,
                    GError **error);

/* --- known_names.c: which manifests a tag named before --- */

/* In the transaction that has @tag name @digest from now on. */
bool former_tags_note(SqlConnection *db, const char *repository, const char *tag,
                      const Digest *digest, GError **error);
/* Whether each of @tags named @expected ("": nothing; NULL: whatever) before it names @digest;
 * @moved: what those that were moved named. ASSAY_ERROR_CHANGED. */
bool former_tags_check(const char *const *tags, const Digest *expected, const Digest *digest,
                       const json_t *moved, GError **error);
/* The tag is deleted. */
bool former_tags_forget(SqlConnection *db, const char *repository, const char *tag, GError **error);
/* The same of all @tags (char *). */
bool former_tags_forget_all(SqlConnection *db, const char *repository, const GPtrArray *tags,
                            GError **error);

/* --- immutable.c: REGISTRY_DENIED, by a rule of the namespace. Under
 * registry_lock_repository() --- */

/* The pattern by which a tag is immutable, or NULL. (transfer none) */
const char *immutable_rule(const Namespace *space, const char *repository, const char *tag);
bool immutable_refuse_move(SqlConnection *db, const char *repository, const char *tag,
                           const Digest *digest, GError **error);
bool immutable_refuse_untag(SqlConnection *db, const char *repository, const char *tag,
                            GError **error);
/* Of a manifest with @tags, all that it has. */
bool immutable_refuse_delete(SqlConnection *db, const char *repository, const Digest *digest,
                             const GPtrArray *tags, GError **error);

/* --- quota.c, usage.c: what a namespace holds. Each is called in the transaction of the change,
 * after it, and is REGISTRY_DENIED where that passes a quota --- */

/* Before it is looked whether a blob is new to a repository. */
bool quota_lock(SqlConnection *db, const char *repository, GError **error);
/* The blob is new in the repository, or no longer there; its size is still known. */
bool quota_linked(SqlConnection *db, const char *repository, const Digest *digest, QuotaRule rule,
                  GError **error);
bool quota_unlinked(SqlConnection *db, const char *repository, const Digest *digest,
                    GError **error);
/* For many at once: whether another repository of the namespace has the blob, so that it still
 * counts; and that so many bytes count no more. */
Found quota_has_elsewhere(SqlConnection *db, const char *repository, const Digest *digest,
                          GError **error);
bool quota_freed(SqlConnection *db, const char *repository, int64_t bytes, GError **error);
/* So many images and tags more, or less. */
bool quota_charge(SqlConnection *db, const char *repository, int64_t images, int64_t tags,
                  QuotaRule rule, GError **error);
/* The repository is new. */
bool quota_begin(SqlConnection *db, const char *repository, GError **error);
/* Only asks: REGISTRY_DENIED if a blob of @size would pass the quota now. */
bool quota_refuse_blob(SqlConnection *db, const char *repository, const Digest *digest,
                       uint64_t size, GError **error);
/* Whether what it holds passes its quota. */
bool quota_refuse_passed(SqlConnection *db, const char *space, GError **error);
/* Counts a namespace anew. */
bool quota_count(SqlConnection *db, const char *space, GError **error);
/* ABSENT: it is not counted yet. */
Found quota_usage(SqlConnection *db, const char *space, NamespaceUsage *usage, GError **error);
