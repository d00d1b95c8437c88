/* Retention: what a run would do, and the run; see the header. */
#include "registry/retention.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "jobs/event.h"
#include "registry/registry-private.h"
#include "registry/retention-private.h"

/* In one transaction, in which the repository is judged anew; other writers wait for it. */
#define DELETED_AT_ONCE 200u

/* The repositories of @space. (transfer full): char * */
static GPtrArray *
repositories_of(SqlConnection *db, const char *space, GError **error)
{
  g_autofree char *first = g_strconcat(space, "/", NULL), *end = namespace_end(space);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT name FROM repositories WHERE name = $1 OR (name > $2 AND name < $3) "
                "ORDER BY name",
                SQL_TEXT(space), SQL_TEXT(first), SQL_TEXT(end), SQL_END);
  return sql_texts(rows, error);
}

/* (transfer full) */
static RetentionFacts *
judge(Registry *registry, SqlConnection *db, const Retention *retention, const char *space,
      const char *repository, GError **error)
{
  g_autoptr(RetentionFacts) facts = retention_facts_load(registry, db, space, repository, error);
  if (facts != NULL)
    retention_judge(retention, facts, g_get_real_time());
  return g_steal_pointer(&facts);
}

/* --- preview --- */

/* (transfer full) */
static RetentionAnswer *
answer_of(const char *repository, const RetentionImage *image)
{
  RetentionAnswer *answer = g_new0(RetentionAnswer, 1);
  answer->repository = g_strdup(repository);
  answer->digest = image->digest;
  answer->tags = g_new0(char *, image->tags->len + 1);
  for (guint i = 0; i < image->tags->len; i++)
    answer->tags[i] = g_strdup(g_ptr_array_index(image->tags, i));
  answer->pushed = image->pushed;
  answer->pulled = image->pulled;
  answer->deletes = image->deletes;
  answer->by = image->by;
  answer->reason = g_strdup(image->reason);
  return answer;
}

/* Adds what of a repository is asked for; *more: the page is full. */
static void
add_answers(const RetentionFacts *facts, const RetentionQuestion *question, const char *after,
            GPtrArray *answers, bool *more)
{
  for (guint i = 0; !*more && i < facts->images->len; i++) {
    const RetentionImage *image = g_ptr_array_index(facts->images, i);
    if (strcmp(image->digest.text, after) <= 0 || (question->only_deleted && !image->deletes))
      continue;
    *more = answers->len == question->limit;
    if (!*more)
      g_ptr_array_add(answers, answer_of(facts->repository, image));
  }
}

GPtrArray *
registry_retention_preview(Registry *registry, const RetentionQuestion *question, bool *more,
                           GError **error)
{
  const char *at = question->last == NULL ? NULL : strchr(question->last, '@');
  g_autofree char *after =
      at == NULL ? g_strdup("") : g_strndup(question->last, (gsize)(at - question->last));
  g_autoptr(GPtrArray) answers =
      g_ptr_array_new_with_free_func((GDestroyNotify)retention_answer_free);
  g_autoptr(SqlConnection) db = sql_acquire_snapshot(registry->sql, error);
  g_autoptr(Retention) retention = db == NULL ? NULL : retention_load(db, question->space, error);
  g_autoptr(GPtrArray) names =
      retention == NULL ? NULL : repositories_of(db, question->space, error);
  *more = false;
  for (guint i = 0; names != NULL && !*more && i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    if (strcmp(name, after) < 0 ||
        (question->repository != NULL && strcmp(name, question->repository) != 0))
      continue;
    g_autoptr(RetentionFacts) facts = judge(registry, db, retention, question->space, name, error);
    if (facts == NULL)
      return NULL;
    add_answers(facts, question, strcmp(name, after) == 0 && at != NULL ? at + 1 : "", answers,
                more);
  }
  return names == NULL ? NULL : g_steal_pointer(&answers);
}

/* --- the run --- */

typedef struct {
  Registry *registry;
  const char *space, *repository;
  unsigned deleted;
  bool more;
} Batch;

static bool
tell_deleted(SqlConnection *db, const Batch *batch, const RetentionImage *image, GError **error)
{
  g_autoptr(json_t) data = json_object();
  json_set_string(data, "repository", batch->repository);
  json_set_string(data, "digest", image->digest.text);
  json_set_string(data, "retention", image->reason);
  return event_tell(db, "image.deleted", image->digest.text, data, error);
}

/* What something holds that the judge did not know of stays: *held. */
static bool
refuse_held(SqlConnection *db, const Batch *batch, const RetentionImage *image,
            const GPtrArray *tags, bool *held, GError **error)
{
  g_autoptr(GError) failure = NULL;
  *held = !references_refuse_manifest(db, batch->repository, &image->digest, &failure) ||
          !immutable_refuse_delete(db, batch->repository, &image->digest, tags, &failure);
  if (failure == NULL || failure->domain == REGISTRY_ERROR)
    return true;
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

static bool
delete_image(SqlConnection *db, Batch *batch, RetentionImage *image, GError **error)
{
  bool held = false;
  int64_t changed = 0;
  image->done = true;
  g_autoptr(GPtrArray) tags = deleted_tags(db, batch->repository, &image->digest, error);
  if (tags == NULL || !refuse_held(db, batch, image, tags, &held, error))
    return false;
  if (held)
    return true;
  if (!deleted_move(batch->registry, db, batch->repository, &image->digest, tags, &changed,
                    error) ||
      !tell_deleted(db, batch, image, error))
    return false;
  batch->deleted++;
  return true;
}

/* One of the indexes that need it, each once; NULL: all are looked at. */
static RetentionImage *
next_index(RetentionImage *image)
{
  return image->asked < image->needed_by->len ? g_ptr_array_index(image->needed_by, image->asked++)
                                              : NULL;
}

/* After the indexes that need it, which may be many, one in the other. */
static bool
delete_with_indexes(SqlConnection *db, Batch *batch, RetentionImage *first, GError **error)
{
  g_autoptr(GPtrArray) path = g_ptr_array_new();
  g_ptr_array_add(path, first);
  while (path->len > 0) {
    RetentionImage *image = g_ptr_array_index(path, path->len - 1);
    RetentionImage *index = image->done || !image->deletes ? NULL : next_index(image);
    if (index != NULL) {
      g_ptr_array_add(path, index);
      continue;
    }
    batch->more = batch->deleted >= DELETED_AT_ONCE;
    if (batch->more)
      return true;
    if (!image->done && image->deletes && !delete_image(db, batch, image, error))
      return false;
    g_ptr_array_set_size(path, (int)path->len - 1);
  }
  return true;
}

/* A SqlWork. */
static bool
delete_some(SqlConnection *db, void *data, GError **error)
{
  Batch *batch = data;
  batch->deleted = 0;
  batch->more = false;
  if (!registry_lock_repository(db, batch->repository, error))
    return false;
  g_autoptr(Retention) retention = retention_load(db, batch->space, error);
  g_autoptr(RetentionFacts) facts =
      retention == NULL
          ? NULL
          : judge(batch->registry, db, retention, batch->space, batch->repository, error);
  if (facts == NULL)
    return false;
  for (guint i = 0; i < facts->images->len && !batch->more; i++)
    if (!delete_with_indexes(db, batch, g_ptr_array_index(facts->images, i), error))
      return false;
  return true;
}

/* Asked of a reader, so that no writer waits where nothing goes. */
static Found
something_goes(Registry *registry, const char *space, const char *repository, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire_snapshot(registry->sql, error);
  g_autoptr(Retention) retention = db == NULL ? NULL : retention_load(db, space, error);
  g_autoptr(RetentionFacts) facts =
      retention == NULL ? NULL : judge(registry, db, retention, space, repository, error);
  if (facts == NULL)
    return FAILED;
  for (guint i = 0; i < facts->images->len; i++)
    if (((const RetentionImage *)g_ptr_array_index(facts->images, i))->deletes)
      return FOUND;
  return ABSENT;
}

/* On a full disk, again with the room that is kept for deletions. */
static bool
delete_batch(Batch *batch, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (sql_transact(batch->registry->sql, delete_some, batch, &failure))
    return true;
  if (registry_make_room(batch->registry, failure))
    return sql_transact(batch->registry->sql, delete_some, batch, error);
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

static bool
run_repository(Registry *registry, const char *space, const char *repository,
               const RetentionWatch *watch, uint64_t *deleted, GError **error)
{
  Batch batch = {registry, space, repository, 0, true};
  Found found = something_goes(registry, space, repository, error);
  if (found != FOUND)
    return found == ABSENT;
  while (batch.more && !watch->cancelled(watch->data)) {
    if (!delete_batch(&batch, error))
      return false;
    registry_changed(registry);
    *deleted += batch.deleted;
    /* What is held stays in the way of nobody. */
    batch.more &= batch.deleted > 0;
  }
  return true;
}

static bool
run_all(Registry *registry, const char *space, const RetentionWatch *watch, uint64_t *deleted,
        GError **error)
{
  g_autoptr(GPtrArray) names = NULL;
  {
    g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
    names = db == NULL ? NULL : repositories_of(db, space, error);
  }
  for (guint i = 0; names != NULL && i < names->len && !watch->cancelled(watch->data); i++)
    if (!run_repository(registry, space, g_ptr_array_index(names, i), watch, deleted, error))
      return false;
  return names != NULL;
}

bool
registry_retention_run(Registry *registry, const char *space, const RetentionWatch *watch,
                       uint64_t *deleted, GError **error)
{
  g_autoptr(GError) failure = NULL;
  *deleted = 0;
  run_all(registry, space, watch, deleted, &failure);
  bool noted =
      sql_write(registry->sql, NULL, failure == NULL ? error : NULL,
                "UPDATE retention SET runs = runs + 1, ran = $2, deleted = $3, error = $4 WHERE "
                "namespace = $1",
                SQL_TEXT(space), SQL_INTEGER(g_get_real_time()), SQL_INTEGER((int64_t)*deleted),
                SQL_TEXT(failure == NULL ? NULL : failure->message), SQL_END);
  if (failure == NULL)
    return noted;
  g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

/* --- who asks --- */

static bool
tell_asked(SqlConnection *db, void *data, GError **error)
{
  return event_tell(db, "retention.asked", data, NULL, error);
}

bool
registry_retention_ask(Registry *registry, const char *space, uint64_t *runs, GError **error)
{
  g_autoptr(Retention) retention = registry_retention(registry, space, error);
  if (retention == NULL)
    return false;
  if (retention->version == 0)
    return error_set(error, ASSAY_ERROR_NOT_FOUND,
                     "namespace %s has no rules of retention; `assay retention set` gives it some",
                     space);
  *runs = retention->runs;
  return sql_transact(registry->sql, tell_asked, (void *)(uintptr_t)space, error);
}

GPtrArray *
registry_retention_spaces(Registry *registry, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT namespace FROM retention ORDER BY namespace", SQL_END);
  return sql_texts(rows, error);
}
