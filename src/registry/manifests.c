/* Manifests and tags: what they refer to must be there before they are. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "oci/media_type.h"
#include "oci/reference.h"
#include "registry/beside-private.h"
#include "registry/gone-private.h"
#include "registry/pulls-private.h"
#include "registry/quarantine.h"
#include "registry/registry-private.h"

void
stored_manifest_free(StoredManifest *manifest)
{
  if (manifest == NULL)
    return;
  g_clear_pointer(&manifest->bytes, g_bytes_unref);
  g_free(manifest->media_type);
  g_free(manifest);
}

void
pushed_manifest_clear(PushedManifest *pushed)
{
  g_clear_pointer(&pushed->manifest, manifest_free);
  g_clear_pointer(&pushed->warnings, g_ptr_array_unref);
}

static bool
manifest_unknown(GError **error, const char *repository, const char *reference)
{
  return registry_error_set(error, REGISTRY_MANIFEST_UNKNOWN,
                            "%s%s%.200s: no such manifest; `tags/list` lists the tags", repository,
                            strchr(reference, ':') != NULL ? "@" : ":", reference);
}

static bool
check_tag(const char *tag, GError **error)
{
  return tag_is_valid(tag) ||
         registry_error_set(error, REGISTRY_MANIFEST_INVALID,
                            "tag \"%.200s\": letters, digits and . _ - only, at most %d", tag,
                            TAG_MAX);
}

/* A reference is a digest when it holds a colon, which a tag cannot. */
static bool
check_reference(const char *repository, const char *reference, Digest *digest, bool *is_digest,
                GError **error)
{
  if (!registry_check_name(repository, error))
    return false;
  g_autoptr(GError) failure = NULL;
  *is_digest = strchr(reference, ':') != NULL;
  if (*is_digest && !digest_parse(reference, digest, &failure))
    return registry_error_set(error, REGISTRY_DIGEST_INVALID, "%s", failure->message);
  return true;
}

static SqlRows *
query_manifest(SqlConnection *db, const char *repository, const char *reference, bool is_digest,
               GError **error)
{
  if (is_digest)
    return sql_query(db, error,
                     "SELECT digest, media_type, content, pushed FROM manifests "
                     "WHERE repository = $1 AND digest = $2",
                     SQL_TEXT(repository), SQL_TEXT(reference), SQL_END);
  return sql_query(db, error,
                   "SELECT manifests.digest, media_type, content, pushed FROM tags "
                   "JOIN manifests ON manifests.repository = tags.repository "
                   "AND manifests.digest = tags.digest "
                   "WHERE tags.repository = $1 AND tags.name = $2",
                   SQL_TEXT(repository), SQL_TEXT(reference), SQL_END);
}

StoredManifest *
registry_manifest_get(Registry *registry, const char *repository, const char *reference,
                      GError **error)
{
  Digest digest;
  bool is_digest;
  if (!check_reference(repository, reference, &digest, &is_digest, error))
    return NULL;
  /* What can be no tag names nothing: not there, rather than a bad request (distribution-spec,
   * "Pulling manifests"). */
  if (!is_digest && !tag_is_valid(reference)) {
    manifest_unknown(error, repository, reference);
    return NULL;
  }
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows = query_manifest(db, repository, reference, is_digest, error);
  Found found = sql_next(rows, error);
  if (found == ABSENT)
    manifest_unknown(error, repository, reference);
  if (found != FOUND)
    return NULL;
  g_autoptr(StoredManifest) manifest = g_new0(StoredManifest, 1);
  Slice content = sql_rows_bytes(rows, 2);
  if (!digest_parse(sql_rows_text(rows, 0), &manifest->digest, error))
    return NULL;
  manifest->media_type = g_strdup(sql_rows_text(rows, 1));
  manifest->bytes = g_bytes_new(content.data, content.size);
  manifest->pushed = sql_rows_integer(rows, 3);
  return g_steal_pointer(&manifest);
}

static char *
annotations_to_text(const Manifest *manifest)
{
  if (manifest->annotations == NULL || g_hash_table_size(manifest->annotations) == 0)
    return NULL;
  g_autoptr(json_t) object = json_object();
  GHashTableIter iter;
  void *key, *value;
  g_hash_table_iter_init(&iter, manifest->annotations);
  while (g_hash_table_iter_next(&iter, &key, &value))
    json_set_string(object, key, value);
  return json_to_text(object);
}

static bool
store_manifest(SqlConnection *db, const char *repository, const Manifest *manifest,
               const Digest *digest, GBytes *bytes, QuotaRule quota, GError **error)
{
  g_autofree char *annotations = annotations_to_text(manifest);
  int64_t changed = 0;
  return sql_run(db, &changed, error,
                 "INSERT INTO manifests (repository, digest, media_type, artifact_type, subject, "
                 "annotations, content, pushed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                 "ON CONFLICT (repository, digest) DO NOTHING",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_TEXT(manifest->media_type),
                 SQL_TEXT(manifest->artifact_type),
                 SQL_TEXT(manifest->subject == NULL ? NULL : manifest->subject->digest.text),
                 SQL_TEXT(annotations), SQL_BYTES(slice_from_bytes(bytes)),
                 SQL_INTEGER(g_get_real_time()), SQL_END) &&
         (changed > 0
              ? quota_charge(db, repository, 1, 0, quota, error)
              : sql_run(
                    db, NULL, error,
                    "UPDATE manifests SET media_type = $3 WHERE repository = $1 AND digest = $2",
                    SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_TEXT(manifest->media_type),
                    SQL_END) &&
                    pulls_note_push(db, repository, digest, error));
}

static bool
store_tag(SqlConnection *db, const char *repository, const char *tag, const Digest *digest,
          QuotaRule quota, GError **error)
{
  int64_t changed = 0;
  if (!immutable_refuse_move(db, repository, tag, digest, error) ||
      !sql_run(db, &changed, error,
               "INSERT INTO tags (repository, name, digest, updated) VALUES ($1, $2, $3, $4) "
               "ON CONFLICT (repository, name) DO NOTHING",
               SQL_TEXT(repository), SQL_TEXT(tag), SQL_TEXT(digest->text),
               SQL_INTEGER(g_get_real_time()), SQL_END))
    return false;
  if (changed > 0)
    return quota_charge(db, repository, 0, 1, quota, error);
  return sql_run(db, NULL, error,
                 "UPDATE tags SET digest = $3, updated = $4 WHERE repository = $1 AND name = $2",
                 SQL_TEXT(repository), SQL_TEXT(tag), SQL_TEXT(digest->text),
                 SQL_INTEGER(g_get_real_time()), SQL_END);
}

/* What @tag points to so far, if that is another, is what it is moved from. */
static bool
note_move(SqlConnection *db, const char *repository, const char *tag, const Digest *digest,
          json_t *moved, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error, "SELECT digest FROM tags WHERE repository = $1 AND name = $2",
                SQL_TEXT(repository), SQL_TEXT(tag), SQL_END);
  if (found == FOUND && strcmp(sql_rows_text(rows, 0), digest->text) != 0)
    json_set_string(moved, tag, sql_rows_text(rows, 0));
  return found != FAILED;
}

/* What is allowed, but will surprise somebody. */
static bool
collect_warnings(SqlConnection *db, const char *repository, const Manifest *manifest,
                 const GPtrArray *absent, GPtrArray *warnings, GError **error)
{
  for (guint i = 0; i < absent->len; i++) {
    const Descriptor *descriptor = g_ptr_array_index(absent, i);
    g_ptr_array_add(warnings,
                    g_strdup_printf("%s is not in repository %s (yet): pulls of it are answered "
                                    "with \"unknown\"",
                                    descriptor->digest.text, repository));
  }
  const Descriptor *subject = manifest->subject;
  Found found =
      subject == NULL ? FOUND : references_has_manifest(db, repository, &subject->digest, error);
  if (found == ABSENT)
    g_ptr_array_add(warnings, g_strdup_printf("the subject %s is not in repository %s yet",
                                              subject->digest.text, repository));
  for (guint i = 0; i < manifest->layers->len && found != FAILED; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    if (!media_type_is_foreign_layer(layer->media_type))
      continue;
    found = references_has_blob(db, repository, &layer->digest, error);
    if (found == ABSENT)
      g_ptr_array_add(warnings, g_strdup_printf("layer %s is not stored here and is not scanned; "
                                                "clients fetch it from its own URLs",
                                                layer->digest.text));
  }
  return found != FAILED;
}

static Manifest *
parse_manifest(GBytes *bytes, const char *media_type, GError **error)
{
  g_autoptr(GError) failure = NULL;
  Manifest *manifest = manifest_parse(slice_from_bytes(bytes), media_type, &failure);
  if (manifest == NULL)
    registry_error_set(error,
                       g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED)
                           ? REGISTRY_UNSUPPORTED
                           : REGISTRY_MANIFEST_INVALID,
                       "%s", failure->message);
  return manifest;
}

static bool
check_tags(const char *const *tags, GError **error)
{
  for (; *tags != NULL; tags++)
    if (!check_tag(*tags, error))
      return false;
  return true;
}

static bool
are_of_referrers(const char *const *tags)
{
  bool all = *tags != NULL;
  for (; *tags != NULL; tags++)
    all = all && tag_is_of_referrers(*tags);
  return all;
}

static bool
check_bytes(Registry *registry, const char *reference, bool is_digest, GBytes *bytes,
            Digest *digest, GError **error)
{
  if (g_bytes_get_size(bytes) > registry->limits.manifest_bytes)
    return registry_error_set(error, REGISTRY_SIZE_INVALID,
                              "a manifest may have at most %" G_GUINT64_FORMAT
                              " bytes (limits.manifest_bytes)",
                              registry->limits.manifest_bytes);
  *digest =
      digest_of(is_digest ? digest_algorithm(digest) : DIGEST_SHA256, slice_from_bytes(bytes));
  if (is_digest && strcmp(digest->text, reference) != 0)
    return registry_error_set(error, REGISTRY_DIGEST_INVALID,
                              "the manifest has the digest %s, not %s", digest->text, reference);
  return true;
}

/* Any manifest: what it is, its media type tells. */
static bool
tell_pushed(SqlConnection *db, const char *repository, const char *const *tags,
            const Digest *digest, const Manifest *manifest, json_t *moved, GError **error)
{
  g_autoptr(json_t) data = json_object();
  json_set_string(data, "repository", repository);
  json_set_string(data, "media_type", manifest->media_type);
  json_set_strings(data, "tags", tags);
  if (json_object_size(moved) > 0)
    json_object_set(data, "moved_from", moved);
  return event_tell(db, "image.pushed", digest->text, data, error);
}

typedef struct {
  Registry *registry;
  const char *repository;
  const char *const *tags;
  const Manifest *manifest;
  Digest digest;
  GBytes *bytes;
  GPtrArray *warnings;
  QuotaRule quota;
  const Digest *expected;
} Push;

/* Adds the tags that pointed to another manifest to @moved. */
static bool
store_tags(SqlConnection *db, const Push *push, json_t *moved, GError **error)
{
  const char *repository = push->repository;
  for (const char *const *tags = push->tags; *tags != NULL; tags++)
    if (!note_move(db, repository, *tags, &push->digest, moved, error) ||
        !former_tags_note(db, repository, *tags, &push->digest, error) ||
        !store_tag(db, repository, *tags, &push->digest, push->quota, error))
      return false;
  return true;
}

static bool
push_manifest(SqlConnection *db, void *data, GError **error)
{
  Push *push = data;
  const char *repository = push->repository;
  g_autoptr(GPtrArray) absent = g_ptr_array_new();
  g_autoptr(json_t) moved = json_object();
  g_ptr_array_set_size(push->warnings, 0);
  return registry_add_repository(db, repository, error) &&
         registry_lock_repository(db, repository, error) &&
         references_check(db, repository, push->manifest, push->registry->settings.sparse_indexes,
                          absent, error) &&
         collect_warnings(db, repository, push->manifest, absent, push->warnings, error) &&
         store_manifest(db, repository, push->manifest, &push->digest, push->bytes, push->quota,
                        error) &&
         references_store(db, repository, push->digest.text, push->manifest,
                          are_of_referrers(push->tags), error) &&
         deleted_forget(db, repository, &push->digest, error) &&
         store_tags(db, push, moved, error) &&
         former_tags_check(push->tags, push->expected, &push->digest, moved, error) &&
         tell_pushed(db, repository, push->tags, &push->digest, push->manifest, moved, error);
}

bool
registry_put_manifest(Registry *registry, const char *repository, const char *reference,
                      const char *const *tags, const char *media_type, GBytes *bytes,
                      QuotaRule quota, const Digest *expected, PushedManifest *pushed,
                      GError **error)
{
  static const char *const no_tags[] = {NULL};
  const char *const one_tag[] = {reference, NULL};
  Digest digest;
  bool is_digest;
  if (!check_reference(repository, reference, &digest, &is_digest, error))
    return false;
  if (!is_digest)
    tags = one_tag;
  else if (tags == NULL)
    tags = no_tags;
  if (!check_tags(tags, error) ||
      !check_bytes(registry, reference, is_digest, bytes, &digest, error))
    return false;
  g_autoptr(Manifest) manifest = parse_manifest(bytes, media_type, error);
  if (manifest == NULL)
    return false;

  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  Push push = {registry, repository, tags, manifest, digest, bytes, warnings, quota, expected};
  if (!sql_transact(registry->sql, push_manifest, &push, error))
    return false;
  /* Its members are in quarantine with it. */
  if (manifest->kind == MANIFEST_INDEX &&
      !registry_check_quarantine(registry, repository, &digest, NULL))
    quarantine_set_stale(registry->quarantine);
  registry_changed(registry);
  beside_tell_pushed(registry, repository, manifest, tags);
  *pushed = (PushedManifest){digest, g_steal_pointer(&manifest), g_steal_pointer(&warnings)};
  return true;
}

bool
registry_manifest_put(Registry *registry, const char *repository, const char *reference,
                      const char *const *tags, const char *media_type, GBytes *bytes,
                      PushedManifest *pushed, GError **error)
{
  return registry_put_manifest(registry, repository, reference, tags, media_type, bytes,
                               QUOTA_REFUSES, NULL, pushed, error);
}

/* The manifest or tag that is there no more. */
static bool
tell_deleted(SqlConnection *db, const char *repository, const char *reference, bool is_digest,
             GError **error)
{
  g_autofree char *tag = g_strdup_printf("%s:%s", repository, reference);
  g_autoptr(json_t) data = json_object();
  json_set_string(data, "repository", repository);
  json_set_string(data, is_digest ? "digest" : "tag", reference);
  return event_tell(db, is_digest ? "image.deleted" : "tag.deleted", is_digest ? reference : tag,
                    data, error);
}

static bool
delete_tag(SqlConnection *db, const char *repository, const char *tag, int64_t *changed,
           GError **error)
{
  return immutable_refuse_untag(db, repository, tag, error) &&
         sql_run(db, changed, error, "DELETE FROM tags WHERE repository = $1 AND name = $2",
                 SQL_TEXT(repository), SQL_TEXT(tag), SQL_END) &&
         former_tags_forget(db, repository, tag, error) &&
         quota_charge(db, repository, 0, -*changed, QUOTA_COUNTS, error);
}

static bool
delete_manifest(Registry *registry, SqlConnection *db, const char *repository, const Digest *digest,
                int64_t *changed, GError **error)
{
  g_autoptr(GPtrArray) tags = deleted_tags(db, repository, digest, error);
  return tags != NULL && references_refuse_manifest(db, repository, digest, error) &&
         immutable_refuse_delete(db, repository, digest, tags, error) &&
         deleted_move(registry, db, repository, digest, tags, changed, error);
}

typedef struct {
  Registry *registry;
  const char *repository, *reference;
  const Digest *digest; /* NULL: the reference is a tag */
} Deletion;

static bool
delete_it(SqlConnection *db, void *data, GError **error)
{
  const Deletion *deletion = data;
  int64_t changed = 0;
  if (!registry_lock_known(db, deletion->repository, error))
    return false;
  if (deletion->digest != NULL
          ? !delete_manifest(deletion->registry, db, deletion->repository, deletion->digest,
                             &changed, error)
          : !delete_tag(db, deletion->repository, deletion->reference, &changed, error))
    return false;
  return changed == 0 ? manifest_unknown(error, deletion->repository, deletion->reference)
                      : tell_deleted(db, deletion->repository, deletion->reference,
                                     deletion->digest != NULL, error);
}

static bool
delete_reference(Registry *registry, const char *repository, const char *reference, GError **error)
{
  Digest digest;
  bool is_digest;
  if (!check_reference(repository, reference, &digest, &is_digest, error))
    return false;
  if (!is_digest && !tag_is_valid(reference))
    return manifest_unknown(error, repository, reference);
  /* It is evidence. */
  if (is_digest && !registry_check_quarantine(registry, repository, &digest, error))
    return false;
  g_autoptr(GPtrArray) beside = beside_subjects(registry, repository, reference);
  Deletion deletion = {registry, repository, reference, is_digest ? &digest : NULL};
  if (!sql_transact(registry->sql, delete_it, &deletion, error))
    return false;
  registry_changed(registry);
  beside_tell(registry, repository, beside);
  return true;
}

bool
registry_manifest_delete(Registry *registry, const char *repository, const char *reference,
                         GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (delete_reference(registry, repository, reference, &failure))
    return true;
  if (registry_make_room(registry, failure))
    return delete_reference(registry, repository, reference, error);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

/* --- what deleted images left --- */

typedef struct {
  Deletion deletion;
  const Digest *subject;
  bool held;
} Leftover;

static bool
delete_left(SqlConnection *db, void *data, GError **error)
{
  Leftover *left = data;
  if (!registry_lock_repository(db, left->deletion.repository, error))
    return false;
  Found held =
      gone_is_held(db, left->deletion.repository, left->deletion.digest, left->subject, error);
  left->held = held == FOUND;
  return held == FOUND || (held == ABSENT && delete_it(db, &left->deletion, error));
}

bool
registry_manifest_delete_left(Registry *registry, const char *repository, const Digest *referrer,
                              const Digest *subject, bool *deleted, GError **error)
{
  g_autoptr(GError) failure = NULL;
  Leftover left = {{registry, repository, referrer->text, referrer}, subject, false};
  *deleted = sql_transact(registry->sql, delete_left, &left, &failure) && !left.held;
  if (*deleted)
    registry_changed(registry);
  /* An index needs it, or it may not go: it stays. */
  if (failure == NULL || failure->domain == REGISTRY_ERROR)
    return true;
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}
