/* What manifests need of their repository: checked when they are pushed, and kept as rows in the
 * same transaction, so that what is needed is not deleted. */
#include <string.h>

#include "base/log.h"
#include "oci/media_type.h"
#include "oci/reference.h"
#include "registry/gone-private.h"
#include "registry/pins-private.h"
#include "registry/registry-private.h"

/* Manifests that are read in one transaction; others wait for it. */
#define RECORDED_AT_ONCE 100
/* Of those who need what is to be deleted. */
#define HOLDERS_NAMED 3u
/* Of what is to be pushed first. */
#define MISSING_NAMED 20u

static Found
is_present(SqlConnection *db, const char *text, const char *repository, const Digest *digest,
           GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  return sql_first(db, &rows, error, text, SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
}

Found
references_has_blob(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  return is_present(db, "SELECT 1 FROM repository_blobs WHERE repository = $1 AND digest = $2",
                    repository, digest, error);
}

Found
references_has_manifest(SqlConnection *db, const char *repository, const Digest *digest,
                        GError **error)
{
  return is_present(db, "SELECT 1 FROM manifests WHERE repository = $1 AND digest = $2", repository,
                    digest, error);
}

/* --- when a manifest is pushed --- */

/* Whether @descriptor may be referred to; ABSENT: it is to be pushed first. */
typedef Found (*IsThere)(SqlConnection *db, const char *repository, const Descriptor *descriptor,
                         GError **error);

static Found
blob_is_there(SqlConnection *db, const char *repository, const Descriptor *blob, GError **error)
{
  return media_type_is_foreign_layer(blob->media_type)
             ? FOUND
             : references_has_blob(db, repository, &blob->digest, error);
}

/* BuildKit's cache is an index whose members are blobs, layers among them; what calls itself a
 * manifest is asked for as one. So is a member that carries its own text, whatever it calls itself:
 * clients that read it there ask for none, and would pass the gate by (pipeline_judge_pull() judges
 * those that are stored). */
static Found
member_is_there(SqlConnection *db, const char *repository, const Descriptor *member, GError **error)
{
  bool may_be_blob = !member->has_data && !media_type_is_manifest(member->media_type) &&
                     !media_type_is_index(member->media_type);
  Found found = references_has_manifest(db, repository, &member->digest, error);
  return found == ABSENT && may_be_blob
             ? references_has_blob(db, repository, &member->digest, error)
             : found;
}

/* Adds those of @descriptors that are not there to @absent. */
static bool
collect_absent(SqlConnection *db, IsThere is_there, const char *repository,
               const GPtrArray *descriptors, GPtrArray *absent, GError **error)
{
  for (guint i = 0; i < descriptors->len; i++) {
    Descriptor *descriptor = g_ptr_array_index(descriptors, i);
    Found found = is_there(db, repository, descriptor, error);
    if (found == FAILED)
      return false;
    if (found == ABSENT)
      g_ptr_array_add(absent, descriptor);
  }
  return true;
}

/* Without its config nobody could tell what an image is, and a member whose text stands in the
 * index is pulled with it. */
static bool
may_be_absent(const Manifest *manifest, const Descriptor *descriptor)
{
  return descriptor != manifest->config &&
         (manifest->kind == MANIFEST_IMAGE || !descriptor->has_data);
}

static bool
refuse_incomplete(const char *repository, const Manifest *manifest, const GPtrArray *absent,
                  bool sparse, GError **error)
{
  g_autoptr(GString) missing = g_string_new(NULL);
  guint count = 0;
  for (guint i = 0; i < absent->len; i++) {
    const Descriptor *descriptor = g_ptr_array_index(absent, i);
    if ((!sparse || !may_be_absent(manifest, descriptor)) && count++ < MISSING_NAMED)
      g_string_append_printf(missing, "%s%s", count == 1 ? "" : ", ", descriptor->digest.text);
  }
  if (count == 0)
    return true;
  if (count > MISSING_NAMED)
    g_string_append_printf(missing, " and %u more", count - MISSING_NAMED);
  bool by_rule = manifest->kind == MANIFEST_INDEX && !sparse;
  return registry_error_set(
      error, REGISTRY_MANIFEST_BLOB_UNKNOWN,
      "repository %s lacks what the %s refers to; push %s: %s%s", repository,
      manifest->kind == MANIFEST_INDEX ? "index" : "manifest",
      by_rule ? "all of its members first" : "first", missing->str,
      by_rule ? " (a registry takes sparse indexes only with `registry: {sparse_indexes: true}` in "
                "its configuration)"
              : "");
}

bool
references_check(SqlConnection *db, const char *repository, const Manifest *manifest, bool sparse,
                 GPtrArray *absent, GError **error)
{
  g_autoptr(GPtrArray) config = g_ptr_array_new();
  if (manifest->config != NULL)
    g_ptr_array_add(config, manifest->config);
  return collect_absent(db, blob_is_there, repository, config, absent, error) &&
         collect_absent(db, blob_is_there, repository, manifest->layers, absent, error) &&
         collect_absent(db, member_is_there, repository, manifest->manifests, absent, error) &&
         refuse_incomplete(repository, manifest, absent, sparse, error);
}

bool
references_visit(const Manifest *manifest, ReferenceVisit visit, void *data, GError **error)
{
  if (manifest->config != NULL && !visit(manifest->config, "config", data, error))
    return false;
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    bool foreign = media_type_is_foreign_layer(layer->media_type);
    if (!visit(layer, foreign ? "foreign" : "layer", data, error))
      return false;
  }
  for (guint i = 0; i < manifest->manifests->len; i++)
    if (!visit(g_ptr_array_index(manifest->manifests, i), "member", data, error))
      return false;
  return true;
}

typedef struct {
  SqlConnection *db;
  const char *repository, *manifest;
  bool listing;
} Referrer;

static bool
store_reference(const Descriptor *descriptor, const char *kind, void *data, GError **error)
{
  const Referrer *referrer = data;
  bool listed = referrer->listing && strcmp(kind, "member") == 0;
  return sql_run(referrer->db, NULL, error,
                 "INSERT INTO manifest_references (repository, digest, manifest, kind) "
                 "VALUES ($1, $2, $3, $4) ON CONFLICT (repository, digest, manifest) "
                 "DO UPDATE SET kind = excluded.kind WHERE excluded.kind = 'member'",
                 SQL_TEXT(referrer->repository), SQL_TEXT(descriptor->digest.text),
                 SQL_TEXT(referrer->manifest), SQL_TEXT(listed ? "listed" : kind), SQL_END);
}

bool
references_store(SqlConnection *db, const char *repository, const char *digest,
                 const Manifest *manifest, bool listing, GError **error)
{
  Referrer referrer = {db, repository, digest, listing};
  return references_visit(manifest, store_reference, &referrer, error);
}

/* --- manifests of an older version --- */

typedef struct {
  char *repository, *digest, *media_type;
  GBytes *text; /* NULL: it was deleted since */
  bool listing;
} Unrecorded;

static void
unrecorded_free(void *data)
{
  Unrecorded *manifest = data;
  g_free(manifest->repository);
  g_free(manifest->digest);
  g_free(manifest->media_type);
  g_clear_pointer(&manifest->text, g_bytes_unref);
  g_free(manifest);
}

static SqlRows *
query_unrecorded(SqlConnection *db, const char *repository, GError **error)
{
  if (repository == NULL)
    return sql_query(db, error,
                     "SELECT todo.repository, todo.digest, media_type, content, "
                     "(SELECT min(name) FROM tags WHERE tags.repository = todo.repository "
                     "AND tags.digest = todo.digest), "
                     "(SELECT max(name) FROM tags WHERE tags.repository = todo.repository "
                     "AND tags.digest = todo.digest) "
                     "FROM unrecorded_manifests AS todo LEFT JOIN manifests "
                     "ON manifests.repository = todo.repository "
                     "AND manifests.digest = todo.digest LIMIT $1",
                     SQL_INTEGER(RECORDED_AT_ONCE), SQL_END);
  return sql_query(db, error,
                   "SELECT todo.repository, todo.digest, media_type, content, "
                   "(SELECT min(name) FROM tags WHERE tags.repository = todo.repository "
                   "AND tags.digest = todo.digest), "
                   "(SELECT max(name) FROM tags WHERE tags.repository = todo.repository "
                   "AND tags.digest = todo.digest) "
                   "FROM unrecorded_manifests AS todo LEFT JOIN manifests "
                   "ON manifests.repository = todo.repository "
                   "AND manifests.digest = todo.digest WHERE todo.repository = $1 LIMIT $2",
                   SQL_TEXT(repository), SQL_INTEGER(RECORDED_AT_ONCE), SQL_END);
}

/* Some of those of @repository (NULL: of any). (transfer full): Unrecorded */
static GPtrArray *
unrecorded_of(SqlConnection *db, const char *repository, GError **error)
{
  Found found;
  g_autoptr(GPtrArray) manifests = g_ptr_array_new_with_free_func(unrecorded_free);
  g_autoptr(SqlRows) rows = query_unrecorded(db, repository, error);
  while ((found = sql_next(rows, error)) == FOUND) {
    Unrecorded *manifest = g_new0(Unrecorded, 1);
    manifest->repository = g_strdup(sql_rows_text(rows, 0));
    manifest->digest = g_strdup(sql_rows_text(rows, 1));
    manifest->media_type = g_strdup(sql_rows_text(rows, 2));
    Slice text = sql_rows_bytes(rows, 3);
    manifest->text = sql_rows_is_null(rows, 3) ? NULL : g_bytes_new(text.data, text.size);
    manifest->listing = !sql_rows_is_null(rows, 4) && tag_is_of_referrers(sql_rows_text(rows, 4)) &&
                        tag_is_of_referrers(sql_rows_text(rows, 5));
    g_ptr_array_add(manifests, manifest);
  }
  return found == FAILED ? NULL : g_steal_pointer(&manifests);
}

/* It may need anything of its repository, so nothing of that is collected. */
static bool
store_unknown(SqlConnection *db, const Unrecorded *unrecorded, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO manifest_references (repository, digest, manifest, kind) "
                 "VALUES ($1, '*', $2, 'unknown') ON CONFLICT (repository, digest, manifest) "
                 "DO NOTHING",
                 SQL_TEXT(unrecorded->repository), SQL_TEXT(unrecorded->digest), SQL_END);
}

/* What an older version took and we do not read is told, for what it needs can be deleted. */
static bool
record(SqlConnection *db, const Unrecorded *unrecorded, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(Manifest) manifest =
      unrecorded->text == NULL
          ? NULL
          : manifest_parse(slice_from_bytes(unrecorded->text), unrecorded->media_type, &failure);
  if (failure != NULL)
    log_warning("what a stored manifest needs is not known", "repository", unrecorded->repository,
                "digest", unrecorded->digest, "error", failure->message, NULL);
  return (failure == NULL || store_unknown(db, unrecorded, error)) &&
         (manifest == NULL || references_store(db, unrecorded->repository, unrecorded->digest,
                                               manifest, unrecorded->listing, error)) &&
         sql_run(db, NULL, error,
                 "DELETE FROM unrecorded_manifests WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(unrecorded->repository), SQL_TEXT(unrecorded->digest), SQL_END);
}

static bool
record_some(SqlConnection *db, const char *repository, bool *more, GError **error)
{
  g_autoptr(GPtrArray) manifests = unrecorded_of(db, repository, error);
  if (manifests == NULL)
    return false;
  for (guint i = 0; i < manifests->len; i++)
    if (!record(db, g_ptr_array_index(manifests, i), error))
      return false;
  *more = manifests->len == RECORDED_AT_ONCE;
  return true;
}

/* Those of one repository, before something of it is deleted. */
static bool
record_all(SqlConnection *db, const char *repository, GError **error)
{
  for (bool more = true; more;)
    if (!record_some(db, repository, &more, error))
      return false;
  return true;
}

static bool
record_of_any(SqlConnection *db, void *data, GError **error)
{
  return record_some(db, NULL, data, error);
}

bool
registry_record_references(Registry *registry, bool *more, GError **error)
{
  *more = false;
  return sql_transact(registry->sql, record_of_any, more, error);
}

/* --- when something is deleted --- */

static bool
delete_reference(const Descriptor *descriptor, const char *kind, void *data, GError **error)
{
  const Referrer *referrer = data;
  return pins_touch(referrer->db, referrer->repository, &descriptor->digest, error) &&
         sql_run(referrer->db, NULL, error,
                 "DELETE FROM manifest_references WHERE repository = $1 AND digest = $2 AND "
                 "manifest = $3",
                 SQL_TEXT(referrer->repository), SQL_TEXT(descriptor->digest.text),
                 SQL_TEXT(referrer->manifest), SQL_END);
}

Found
references_load(SqlConnection *db, const char *repository, const Digest *digest,
                Manifest **manifest, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found =
      sql_first(db, &rows, error,
                "SELECT content, media_type FROM manifests WHERE repository = $1 AND digest = $2",
                SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END);
  *manifest =
      found == FOUND ? manifest_parse(sql_rows_bytes(rows, 0), sql_rows_text(rows, 1), NULL) : NULL;
  return found == FOUND && *manifest == NULL ? ABSENT : found;
}

bool
references_forget(SqlConnection *db, const char *repository, const Digest *digest,
                  const Manifest *manifest, GError **error)
{
  Referrer referrer = {db, repository, digest->text, false};
  /* One that cannot be read any more is looked for among all of its repository's. */
  return (manifest != NULL
              ? references_visit(manifest, delete_reference, &referrer, error)
              : pins_touch_all(db, repository, digest, error) &&
                    sql_run(
                        db, NULL, error,
                        "DELETE FROM manifest_references WHERE repository = $1 AND manifest = $2",
                        SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END)) &&
         sql_run(db, NULL, error,
                 "DELETE FROM unrecorded_manifests WHERE repository = $1 AND digest = $2",
                 SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_END) &&
         gone_note(db, repository, digest, error);
}

bool
references_delete(SqlConnection *db, const char *repository, const Digest *digest, GError **error)
{
  g_autoptr(Manifest) manifest = NULL;
  return references_load(db, repository, digest, &manifest, error) != FAILED &&
         references_forget(db, repository, digest, manifest, error);
}

typedef struct {
  char *manifest, *kind;
} Holder;

static void
holder_free(void *data)
{
  Holder *holder = data;
  g_free(holder->manifest);
  g_free(holder->kind);
  g_free(holder);
}

/* A member that is stored as a manifest, and as a blob besides, is read as a manifest. A manifest
 * that was deleted needs nothing, though it can be brought back. */
static SqlRows *
query_holders(SqlConnection *db, const char *repository, const Digest *digest, bool as_blob,
              GError **error)
{
  if (as_blob)
    return sql_query(db, error,
                     "SELECT manifest, kind FROM manifest_references WHERE repository = $1 "
                     "AND digest = $2 AND kind <> 'listed' AND (kind <> 'member' OR NOT EXISTS "
                     "(SELECT 1 FROM manifests "
                     "WHERE manifests.repository = manifest_references.repository "
                     "AND manifests.digest = manifest_references.digest)) "
                     "AND NOT EXISTS (SELECT 1 FROM deleted_manifests "
                     "WHERE deleted_manifests.repository = manifest_references.repository "
                     "AND deleted_manifests.digest = manifest_references.manifest) LIMIT $3",
                     SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_INTEGER(HOLDERS_NAMED + 1),
                     SQL_END);
  return sql_query(db, error,
                   "SELECT manifest, kind FROM manifest_references WHERE repository = $1 "
                   "AND digest = $2 AND kind = 'member' "
                   "AND NOT EXISTS (SELECT 1 FROM deleted_manifests "
                   "WHERE deleted_manifests.repository = manifest_references.repository "
                   "AND deleted_manifests.digest = manifest_references.manifest) LIMIT $3",
                   SQL_TEXT(repository), SQL_TEXT(digest->text), SQL_INTEGER(HOLDERS_NAMED + 1),
                   SQL_END);
}

/* Some of the manifests that need @digest as a blob, or as a manifest; more than are named, if
 * there are. (transfer full): Holder */
static GPtrArray *
holders_of(SqlConnection *db, const char *repository, const Digest *digest, bool as_blob,
           GError **error)
{
  Found found;
  g_autoptr(GPtrArray) holders = g_ptr_array_new_with_free_func(holder_free);
  g_autoptr(SqlRows) rows = query_holders(db, repository, digest, as_blob, error);
  while ((found = sql_next(rows, error)) == FOUND) {
    Holder *holder = g_new0(Holder, 1);
    holder->manifest = g_strdup(sql_rows_text(rows, 0));
    holder->kind = g_strdup(sql_rows_text(rows, 1));
    g_ptr_array_add(holders, holder);
  }
  return found == FAILED ? NULL : g_steal_pointer(&holders);
}

/* "a layer of sha256:12ab... (tag v1)", for a person who looks for it. */
static bool
append_holder(SqlConnection *db, const char *repository, const Holder *holder, GString *words,
              GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  g_string_append_printf(words, "%sa %s of %s", words->len == 0 ? "" : ", ",
                         strcmp(holder->kind, "foreign") == 0 ? "layer" : holder->kind,
                         holder->manifest);
  Found found =
      sql_first(db, &rows, error,
                "SELECT min(name), count(*) FROM tags WHERE repository = $1 AND digest = $2",
                SQL_TEXT(repository), SQL_TEXT(holder->manifest), SQL_END);
  if (found == FOUND && !sql_rows_is_null(rows, 0)) {
    int64_t others = sql_rows_integer(rows, 1) - 1;
    g_string_append_printf(words, " (tag %s", sql_rows_text(rows, 0));
    if (others > 0)
      g_string_append_printf(words, " and %" G_GINT64_FORMAT " more", others);
    g_string_append_c(words, ')');
  }
  return found != FAILED;
}

static bool
refuse_needed(SqlConnection *db, const char *repository, const Digest *digest, bool as_blob,
              GError **error)
{
  if (!record_all(db, repository, error))
    return false;
  g_autoptr(GPtrArray) holders = holders_of(db, repository, digest, as_blob, error);
  if (holders == NULL)
    return false;
  if (holders->len == 0)
    return true;
  g_autoptr(GString) words = g_string_new(NULL);
  for (guint i = 0; i < MIN(holders->len, HOLDERS_NAMED); i++)
    if (!append_holder(db, repository, g_ptr_array_index(holders, i), words, error))
      return false;
  return registry_error_set(error, REGISTRY_REFERENCED,
                            "%s %s is needed in repository %s: it is %s%s; delete %s first",
                            as_blob ? "blob" : "manifest", digest->text, repository, words->str,
                            holders->len > HOLDERS_NAMED ? " and of others" : "",
                            holders->len > 1 ? "those manifests" : "that manifest");
}

bool
references_refuse_blob(SqlConnection *db, const char *repository, const Digest *digest,
                       GError **error)
{
  return refuse_needed(db, repository, digest, true, error);
}

bool
references_refuse_manifest(SqlConnection *db, const char *repository, const Digest *digest,
                           GError **error)
{
  return refuse_needed(db, repository, digest, false, error);
}
