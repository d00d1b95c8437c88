/* Deleted manifests: moved aside, brought back, purged; see the header. */
#include "registry/deleted.h"
#include "registry/beside-private.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "registry/pulls-private.h"
#include "registry/registry-private.h"

/* Purged in one transaction; others wait for it. */
#define PURGED_AT_ONCE 100
/* Of an index of indexes: what is deeper is not brought back with it. */
#define DEPTH_MAX 4

static const JsonMember members[] = {
    {JSON_MEMBER(DeletedManifest, repository), .kind = &json_text, .required = true},
    {JSON_MEMBER(DeletedManifest, digest), .kind = &json_digest},
    {JSON_MEMBER(DeletedManifest, media_type), .kind = &json_text, .required = true},
    {JSON_MEMBER(DeletedManifest, artifact_type), .kind = &json_text},
    {JSON_MEMBER(DeletedManifest, tags), .kind = &json_texts},
    {JSON_MEMBER(DeletedManifest, pushed), .kind = &json_moment, .required = true},
    {JSON_MEMBER(DeletedManifest, deleted), .kind = &json_moment, .required = true},
    {JSON_MEMBER(DeletedManifest, until), .kind = &json_moment, .required = true},
};
const JsonTable deleted_manifest_table = JSON_TABLE(DeletedManifest, members);

void
deleted_manifest_free(DeletedManifest *manifest)
{
  if (manifest == NULL)
    return;
  json_table_clear(&deleted_manifest_table, manifest);
  g_free(manifest);
}

static int64_t
time_kept(const Registry *registry)
{
  return (int64_t)registry->settings.undelete * G_USEC_PER_SEC;
}

/* --- deleting --- */

static bool
keep(SqlConnection *db, const char *repository, const Digest *digest, const GPtrArray *tags,
     GError **error)
{
  g_autoptr(json_t) names = json_from_texts(tags);
  g_autofree char *text = json_to_text(names);
  return sql_run(db, NULL, error,
                 "INSERT INTO deleted_manifests (repository, digest, media_type, artifact_type, "
                 "subject, annotations, content, pushed, deleted, tags) "
                 "SELECT repository, digest, media_type, artifact_type, subject, annotations, "
                 "content, pushed, $3, $4 FROM manifests WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_INTEGER(g_get_real_time()),
                 SQL_TEXT(text), SQL_END);
}

GPtrArray *
deleted_tags(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT name FROM tags WHERE repository = $1 AND digest = $2",
                SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
  return sql_texts(rows, error);
}

bool
deleted_move(Registry *registry, SqlConnection *db, const char *repository, const Digest *digest,
             const GPtrArray *tags, int64_t *changed, GError **error)
{
  return (registry->settings.undelete > 0 ? keep(db, repository, digest, tags, error)
                                          : references_delete(db, repository, digest, error) &&
                                                pulls_forget(db, repository, digest, error)) &&
         former_tags_forget_all(db, repository, tags, error) &&
         sql_run(db, NULL, error, "DELETE FROM tags WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END) &&
         sql_run(db, changed, error, "DELETE FROM manifests WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END) &&
         (registry->forget == NULL ||
          registry->forget(db, (void *)(uintptr_t)digest->text, error)) &&
         quota_charge(db, repository, -*changed, *changed > 0 ? -(int64_t)tags->len : 0,
                      QUOTA_COUNTS, error);
}

bool
deleted_forget(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  return sql_run(db, NULL, error,
                 "DELETE FROM deleted_manifests WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
}

/* --- listing --- */

static SqlRows *
query_deleted(SqlConnection *db, const char *repository, const char *after_repository,
              const char *after_digest, unsigned limit, GError **error)
{
  if (repository != NULL)
    return sql_query(db, error,
                     "SELECT repository, digest, media_type, artifact_type, tags, pushed, deleted "
                     "FROM deleted_manifests WHERE repository = $1 AND digest > $2 "
                     "ORDER BY digest LIMIT $3",
                     SQL_TEXT(repository), SQL_TEXT(after_digest), SQL_INTEGER(limit), SQL_END);
  return sql_query(db, error,
                   "SELECT repository, digest, media_type, artifact_type, tags, pushed, deleted "
                   "FROM deleted_manifests WHERE repository > $1 OR (repository = $1 AND "
                   "digest > $2) ORDER BY repository, digest LIMIT $3",
                   SQL_TEXT(after_repository), SQL_TEXT(after_digest), SQL_INTEGER(limit), SQL_END);
}

/* NULL: there is none. (transfer full) */
static GStrv
tags_from_text(const char *text)
{
  g_autoptr(json_t) object = json_object();
  json_t *names = json_parse(slice_from_string(text), NULL);
  if (names != NULL)
    json_object_set_new(object, "tags", names);
  return json_get_strings(object, "tags");
}

GPtrArray *
registry_deleted(Registry *registry, const char *repository, const char *last, unsigned limit,
                 bool *more, GError **error)
{
  Found found;
  const char *at = last == NULL ? NULL : strchr(last, '@');
  g_autofree char *after = at == NULL ? g_strdup("") : g_strndup(last, (gsize)(at - last));
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)deleted_manifest_free);
  g_autoptr(SqlRows) rows =
      query_deleted(db, repository, after, at == NULL ? "" : at + 1, limit + 1, error);
  *more = false;
  while (!*more && (found = sql_next(rows, error)) == FOUND) {
    *more = list->len == limit;
    if (*more)
      break;
    DeletedManifest *manifest = g_new0(DeletedManifest, 1);
    g_ptr_array_add(list, manifest);
    manifest->repository = g_strdup(sql_rows_text(rows, 0));
    g_strlcpy(manifest->digest.text, sql_rows_text(rows, 1), sizeof manifest->digest.text);
    manifest->media_type = g_strdup(sql_rows_text(rows, 2));
    manifest->artifact_type = g_strdup(sql_rows_text(rows, 3));
    manifest->tags = tags_from_text(sql_rows_text(rows, 4));
    manifest->pushed = sql_rows_integer(rows, 5);
    manifest->deleted = sql_rows_integer(rows, 6);
    manifest->until = manifest->deleted + time_kept(registry);
  }
  return found == FAILED ? NULL : g_steal_pointer(&list);
}

/* --- bringing back --- */

static void
restored_free(void *data)
{
  RestoredManifest *restored = data;
  manifest_free(restored->manifest);
  g_strfreev(restored->tags);
  g_free(restored);
}

typedef struct {
  Registry *registry;
  const char *repository;
  const Digest *digest;
  GPtrArray *restored;
} Restore;

/* ABSENT: it is not among the deleted. */
static Found
load_deleted(SqlConnection *db, const char *repository, const Digest *digest, Manifest **manifest,
             GStrv *tags, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT content, media_type, tags FROM deleted_manifests "
                          "WHERE repository = $1 AND digest = $2",
                          SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
  if (found != FOUND)
    return found;
  *manifest = manifest_parse(sql_rows_bytes(rows, 0), sql_rows_text(rows, 1), error);
  *tags = tags_from_text(sql_rows_text(rows, 2));
  return *manifest == NULL ? FAILED : FOUND;
}

/* Those of @tags that name nothing now; the others stay where they are. (transfer full) */
static GStrv
restore_tags(SqlConnection *db, const char *repository, const Digest *digest, char **tags,
             GError **error)
{
  g_autoptr(GStrvBuilder) back = g_strv_builder_new();
  for (; tags != NULL && *tags != NULL; tags++) {
    int64_t changed = 0;
    if (!sql_run(db, &changed, error,
                 "INSERT INTO tags (repository, name, digest, updated) VALUES ($1, $2, $3, $4) "
                 "ON CONFLICT (repository, name) DO NOTHING",
                 SQL_TEXT(repository), SQL_TEXT(*tags), SQL_TEXT(digest->text),
                 SQL_INTEGER(g_get_real_time()), SQL_END))
      return NULL;
    if (changed > 0)
      g_strv_builder_add(back, *tags);
  }
  return g_strv_builder_end(back);
}

static bool
tell_restored(SqlConnection *db, const char *repository, const RestoredManifest *restored,
              GError **error)
{
  g_autoptr(json_t) data = json_object();
  json_set_string(data, "repository", repository);
  json_set_string(data, "media_type", restored->manifest->media_type);
  json_set_strings(data, "tags", (const char *const *)restored->tags);
  return event_tell(db, "image.restored", restored->digest.text, data, error);
}

static bool
put_back(SqlConnection *db, const Restore *restore, RestoredManifest *restored, GError **error)
{
  const char *repository = restore->repository;
  g_autoptr(GPtrArray) absent = g_ptr_array_new();
  g_auto(GStrv) had = g_steal_pointer(&restored->tags);
  if (!references_check(db, repository, restored->manifest,
                        restore->registry->settings.sparse_indexes, absent, error) ||
      !sql_run(db, NULL, error,
               "INSERT INTO manifests (repository, digest, media_type, artifact_type, subject, "
               "annotations, content, pushed) SELECT repository, digest, media_type, "
               "artifact_type, subject, annotations, content, pushed FROM deleted_manifests "
               "WHERE repository = $1 AND digest = $2",
               SQL_TEXT(repository), SQL_TEXT(restored->digest.text), SQL_END) ||
      !deleted_forget(db, repository, &restored->digest, error) ||
      !pulls_note_push(db, repository, &restored->digest, error))
    return false;
  restored->tags = restore_tags(db, repository, &restored->digest, had, error);
  return restored->tags != NULL &&
         quota_charge(db, repository, 1, (int64_t)g_strv_length(restored->tags), QUOTA_REFUSES,
                      error) &&
         tell_restored(db, repository, restored, error);
}

/* The members of an index before itself. ABSENT: it is not among the deleted. */
static Found
restore_one(SqlConnection *db, const Restore *restore, const Digest *digest, unsigned depth,
            GError **error)
{
  RestoredManifest *restored = g_new0(RestoredManifest, 1);
  restored->digest = *digest;
  Found found =
      load_deleted(db, restore->repository, digest, &restored->manifest, &restored->tags, error);
  const GPtrArray *of_index = found == FOUND ? restored->manifest->manifests : NULL;
  for (guint i = 0; found == FOUND && depth < DEPTH_MAX && i < of_index->len; i++) {
    const Descriptor *member = g_ptr_array_index(of_index, i);
    if (restore_one(db, restore, &member->digest, depth + 1, error) == FAILED)
      found = FAILED;
  }
  if (found == FOUND && put_back(db, restore, restored, error)) {
    g_ptr_array_add(restore->restored, restored);
    return FOUND;
  }
  restored_free(restored);
  return found == ABSENT ? ABSENT : FAILED;
}

static bool
restore_all(SqlConnection *db, void *data, GError **error)
{
  Restore *restore = data;
  g_ptr_array_set_size(restore->restored, 0);
  if (!registry_add_repository(db, restore->repository, error) ||
      !registry_lock_repository(db, restore->repository, error))
    return false;
  Found found = restore_one(db, restore, restore->digest, 0, error);
  if (found == ABSENT)
    return registry_error_set(error, REGISTRY_MANIFEST_UNKNOWN,
                              "%s@%s: it is not among what was deleted and is kept; `assay image "
                              "deleted` lists that",
                              restore->repository, restore->digest->text);
  return found == FOUND;
}

GPtrArray *
registry_restore(Registry *registry, const char *repository, const Digest *digest, GError **error)
{
  if (!registry_check_name(repository, error))
    return NULL;
  g_autoptr(GPtrArray) restored = g_ptr_array_new_with_free_func(restored_free);
  Restore restore = {registry, repository, digest, restored};
  if (!sql_transact(registry->sql, restore_all, &restore, error))
    return NULL;
  registry_changed(registry);
  g_autoptr(GPtrArray) beside = beside_subjects(registry, repository, digest->text);
  beside_tell(registry, repository, beside);
  return g_steal_pointer(&restored);
}

/* --- purging --- */

typedef struct {
  int64_t before; /* what was deleted until then */
  unsigned purged;
  bool more;
} Purge;

/* Those whose time is over: "REPOSITORY@DIGEST". (transfer full): char * */
static GPtrArray *
find_expired(SqlConnection *db, int64_t before, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(SqlRows) rows = sql_query(
      db, error, "SELECT repository, digest FROM deleted_manifests WHERE deleted <= $1 LIMIT $2",
      SQL_INTEGER(before), SQL_INTEGER(PURGED_AT_ONCE), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    g_ptr_array_add(names,
                    g_strdup_printf("%s@%s", sql_rows_text(rows, 0), sql_rows_text(rows, 1)));
  return found == FAILED ? NULL : g_steal_pointer(&names);
}

static bool
purge_one(SqlConnection *db, const char *name, GError **error)
{
  Digest digest;
  g_autoptr(Manifest) manifest = NULL;
  g_auto(GStrv) tags = NULL;
  const char *at = strchr(name, '@');
  g_autofree char *repository = g_strndup(name, (gsize)(at - name));
  g_autoptr(json_t) data = json_object();
  json_set_string(data, "repository", repository);
  g_strlcpy(digest.text, at + 1, sizeof digest.text);
  /* One that cannot be read any more is looked for among all of its repository's. */
  Found found = load_deleted(db, repository, &digest, &manifest, &tags, NULL);
  return references_forget(db, repository, &digest, found == FOUND ? manifest : NULL, error) &&
         deleted_forget(db, repository, &digest, error) &&
         pulls_forget(db, repository, &digest, error) &&
         event_tell(db, "image.purged", digest.text, data, error);
}

static bool
purge_some(SqlConnection *db, void *data, GError **error)
{
  Purge *purge = data;
  purge->purged = 0;
  g_autoptr(GPtrArray) names = find_expired(db, purge->before, error);
  for (; names != NULL && purge->purged < names->len; purge->purged++)
    if (!purge_one(db, g_ptr_array_index(names, purge->purged), error))
      return false;
  purge->more = purge->purged == PURGED_AT_ONCE;
  return names != NULL;
}

/* For what is asked every minute, no writer waits. */
static Found
something_is_expired(Registry *registry, int64_t before, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  g_autoptr(GPtrArray) names = db == NULL ? NULL : find_expired(db, before, error);
  return names == NULL ? FAILED : names->len > 0 ? FOUND : ABSENT;
}

bool
registry_purge_deleted(Registry *registry, bool all, unsigned *purged, bool *more, GError **error)
{
  Purge purge = {g_get_real_time() - (all ? 0 : time_kept(registry)), 0, false};
  *purged = 0;
  *more = false;
  Found found = something_is_expired(registry, purge.before, error);
  if (found != FOUND)
    return found == ABSENT;
  if (!sql_transact(registry->sql, purge_some, &purge, error))
    return false;
  *purged = purge.purged;
  *more = purge.more;
  return true;
}
