/* What runs, as it is listed. */
#include "registry/running-private.h"

#include "base/json.h"
#include "jobs/event.h"
#include "registry/registry-private.h"

static const JsonMember members[] = {
    {JSON_MEMBER(RunningImage, cluster), .kind = &json_text, .required = true},
    {JSON_MEMBER(RunningImage, namespace), .kind = &json_text, .required = true},
    {JSON_MEMBER(RunningImage, kind), .kind = &json_text, .required = true},
    {JSON_MEMBER(RunningImage, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(RunningImage, image), .kind = &json_text, .required = true},
    {JSON_MEMBER(RunningImage, repository), .kind = &json_text, .required = true},
    {JSON_MEMBER(RunningImage, digest), .kind = &json_text, .required = true},
    {JSON_MEMBER(RunningImage, since), .kind = &json_moment, .required = true},
    {JSON_MEMBER(RunningImage, seen), .kind = &json_moment, .required = true},
    {JSON_MEMBER(RunningImage, ended), .kind = &json_moment},
};
const JsonTable running_image_table = JSON_TABLE(RunningImage, members);

RunningImage *
running_image_new(void)
{
  return g_new0(RunningImage, 1);
}

void
running_image_free(RunningImage *image)
{
  if (image == NULL)
    return;
  json_table_clear(&running_image_table, image);
  g_free(image);
}

static const char *
text_or_all(const char *text)
{
  return text != NULL ? text : "";
}

/* Parameters: cluster, namespace, repository, digest ("": any), whether ended ones count. An index
 * has the digests of its members, too. */
#define MATCHING                                                                                   \
  "FROM running_images WHERE ($1 = '' OR cluster = $1) AND ($2 = '' OR namespace = $2) "           \
  "AND ($3 = '' OR running_images.repository = $3) AND ($5 <> 0 OR ended = 0) "                    \
  "AND ($4 = '' OR running_images.digest = $4 OR (SELECT count(*) FROM manifest_references "       \
  "WHERE manifest_references.repository = running_images.repository "                              \
  "AND manifest_references.manifest = running_images.digest "                                      \
  "AND manifest_references.kind = 'member' AND manifest_references.digest = $4) > 0)"

static SqlRows *
query(SqlConnection *db, const RunningFilter *filter, GError **error)
{
  return sql_query(db, error,
                   "SELECT cluster, namespace, running_images.kind, name, image, "
                   "running_images.repository, running_images.digest, since, seen, ended " MATCHING
                   " ORDER BY cluster, namespace, running_images.kind, name, image, "
                   "running_images.digest",
                   SQL_TEXT(text_or_all(filter->cluster)), SQL_TEXT(text_or_all(filter->namespace)),
                   SQL_TEXT(text_or_all(filter->repository)), SQL_TEXT(text_or_all(filter->digest)),
                   SQL_INTEGER(filter->ended), SQL_END);
}

static RunningImage *
read_image(SqlRows *rows)
{
  RunningImage *image = running_image_new();
  *image = (RunningImage){.cluster = g_strdup(sql_rows_text(rows, 0)),
                          .namespace = g_strdup(sql_rows_text(rows, 1)),
                          .kind = g_strdup(sql_rows_text(rows, 2)),
                          .name = g_strdup(sql_rows_text(rows, 3)),
                          .image = g_strdup(sql_rows_text(rows, 4)),
                          .repository = g_strdup(sql_rows_text(rows, 5)),
                          .digest = g_strdup(sql_rows_text(rows, 6)),
                          .since = sql_rows_integer(rows, 7),
                          .seen = sql_rows_integer(rows, 8),
                          .ended = sql_rows_integer(rows, 9)};
  return image;
}

typedef struct {
  GPtrArray *list;  /* RunningImage: the page */
  GHashTable *seen; /* keys of rows that several digests have found; NULL: none can */
  int64_t limit, offset;
  uint64_t total;
} Listing;

/* Takes over @image. */
static void
list(Listing *listing, RunningImage *image)
{
  g_autoptr(RunningImage) owned = image;
  char *key = listing->seen == NULL ? NULL
                                    : g_strjoin("\n", image->cluster, image->namespace, image->kind,
                                                image->name, image->image, image->digest, NULL);
  if (key != NULL && !g_hash_table_add(listing->seen, key))
    return;
  int64_t place = (int64_t)listing->total++ - listing->offset;
  if (place >= 0 && place < listing->limit)
    g_ptr_array_add(listing->list, g_steal_pointer(&owned));
}

static bool
list_of(SqlConnection *db, const RunningFilter *filter, Listing *listing, GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows = query(db, filter, error);
  while ((found = sql_next(rows, error)) == FOUND)
    list(listing, read_image(rows));
  return found != FAILED;
}

static bool
list_all(SqlConnection *db, const RunningFilter *filter, Listing *listing, GError **error)
{
  if (filter->images == NULL)
    return list_of(db, filter, listing, error);
  listing->seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  bool done = true;
  for (size_t i = 0; done && i < filter->count; i++) {
    RunningFilter one = *filter;
    one.repository = filter->images[i].repository;
    one.digest = filter->images[i].digest;
    done = list_of(db, &one, listing, error);
  }
  g_hash_table_unref(listing->seen);
  return done;
}

GPtrArray *
registry_running(Registry *registry, const RunningFilter *filter, int64_t limit, int64_t offset,
                 uint64_t *total, GError **error)
{
  if (!sql_pool_is_read_only(registry->sql) && !registry_write_running(registry, error))
    return NULL;
  g_autoptr(SqlConnection) db = sql_acquire(registry->sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)running_image_free);
  Listing listing = {.list = found, .limit = limit, .offset = offset};
  if (!list_all(db, filter, &listing, error))
    return NULL;
  *total = listing.total;
  return g_steal_pointer(&found);
}

/* --- a cluster that is gone --- */

typedef struct {
  const char *cluster;
  int64_t forgotten;
} Forgetting;

/* A SqlWork. */
static bool
forget(SqlConnection *db, void *data, GError **error)
{
  Forgetting *forgetting = data;
  if (!sql_run(db, &forgetting->forgotten, error, "DELETE FROM running_images WHERE cluster = $1",
               SQL_TEXT(forgetting->cluster), SQL_END))
    return false;
  g_autoptr(json_t) told = json_pack("{s:I}", "images", (json_int_t)forgetting->forgotten);
  return event_tell(db, "cluster.forgotten", forgetting->cluster, told, error);
}

bool
registry_forget_cluster(Registry *registry, const char *cluster, uint64_t *forgotten,
                        GError **error)
{
  Forgetting forgetting = {.cluster = cluster};
  if (!registry_write_running(registry, error) ||
      !sql_transact(registry->sql, forget, &forgetting, error))
    return false;
  *forgotten = (uint64_t)forgetting.forgotten;
  return true;
}
