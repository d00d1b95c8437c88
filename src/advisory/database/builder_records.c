/* Which records a build has, and writing them in the order of their keys. Encoding and compressing
 * them is half of the work, and is shared by all processors. */
#include <assert.h>
#include <string.h>

#include "advisory/database/builder-private.h"
#include "advisory/database/record-private.h"
#include "advisory/database/table-private.h"
#include "base/error.h"

#define HASH_FACTOR   2654435761u /* mixes numbers of neighbours, whose sums are few */
#define BATCH_RECORDS 256u        /* of one thread's turn */
#define BATCHES_AHEAD 16u         /* encoded before their turn to be written */

static char *
pooled(const AdvisoryBuilder *builder, uint32_t number)
{
  return builder->pool->pdata[number];
}

/* A record to write. */
typedef struct {
  GBytes *key;
  char letter;
  gpointer content; /* PackageEntry, KeptDetails, AdvisoryFeedStatus, or a string */
} Pending;

static void
pending_clear(gpointer data)
{
  g_bytes_unref(((Pending *)data)->key);
}

static int
compare_pending(gconstpointer a, gconstpointer b)
{
  /* As key_compare() orders. */
  return g_bytes_compare(((const Pending *)a)->key, ((const Pending *)b)->key);
}

static void
add_pending(GArray *all, char letter, const char *name, gpointer content)
{
  Pending pending = {g_byte_array_free_to_bytes(record_key(letter, name, NULL)), letter, content};
  g_array_append_val(all, pending);
}

static bool
is_id_mentioned(const AdvisoryBuilder *builder, const char *id)
{
  guint number = GPOINTER_TO_UINT(g_hash_table_lookup(builder->numbers, id));
  return number != 0 && number < builder->mentioned->len && builder->mentioned->data[number] != 0;
}

/* Details that a statement leads to, by id or by an alias. */
static bool
is_mentioned(const AdvisoryBuilder *builder, const AdvisoryDetails *details)
{
  if (is_id_mentioned(builder, details->id))
    return true;
  for (guint i = 0; details->aliases != NULL && details->aliases[i] != NULL; i++)
    if (is_id_mentioned(builder, details->aliases[i]))
      return true;
  return false;
}

/* @aliases: the names that lead elsewhere already. */
static void
gather_details(const AdvisoryBuilder *builder, bool cves, GHashTable *aliases, GArray *all)
{
  GHashTableIter iter;
  gpointer id, value;
  g_hash_table_iter_init(&iter, builder->details);
  while (g_hash_table_iter_next(&iter, &id, &value)) {
    const AdvisoryDetails *details = value;
    if (advisory_is_cve(id) != cves || !is_mentioned(builder, details))
      continue;
    add_pending(all, 'D', id, value);
    for (guint i = 0; details->aliases != NULL && details->aliases[i] != NULL; i++)
      if (!g_hash_table_contains(builder->details, details->aliases[i]) &&
          g_hash_table_add(aliases, details->aliases[i]))
        add_pending(all, 'A', details->aliases[i], id);
  }
}

static GArray *
gather_records(const AdvisoryBuilder *builder, char *generation)
{
  GArray *all = g_array_new(false, false, sizeof(Pending));
  GHashTableIter iter;
  gpointer key, value;
  static char format[] = RECORD_FORMAT;
  g_array_set_clear_func(all, pending_clear);
  add_pending(all, 'M', "format", format);
  add_pending(all, 'M', "generation", generation);
  for (guint i = 0; i < builder->feeds->len; i++) {
    AdvisoryFeedStatus *feed = builder->feeds->pdata[i];
    add_pending(all, 'F', feed->feed, feed);
  }
  g_hash_table_iter_init(&iter, coverage_list(builder->coverage));
  while (g_hash_table_iter_next(&iter, &key, &value))
    add_pending(all, 'E', key, value);
  g_hash_table_iter_init(&iter, builder->packages);
  while (g_hash_table_iter_next(&iter, &key, &value)) {
    Pending pending = {g_bytes_ref(key), 'R', value};
    g_array_append_val(all, pending);
  }
  /* A name that several have leads to the CVE. */
  g_autoptr(GHashTable) aliases = g_hash_table_new(g_str_hash, g_str_equal);
  gather_details(builder, true, aliases, all);
  gather_details(builder, false, aliases, all);
  g_array_sort(all, compare_pending);
  return all;
}

/* A derived statement gives way to what an advisory says of the same vulnerability; one that has
 * no vulnerability's name, only the suite's version, to any advisory that is fixed by it. */
static bool
is_overridden(const PackageEntry *entry, const PooledRange *derived, bool has_own_name)
{
  for (guint i = 0; i < entry->ranges->len; i++) {
    const PooledRange *other = &g_array_index(entry->ranges, PooledRange, i);
    if (other->derived)
      continue;
    if (other->id == derived->id || (has_own_name && other->state == STATE_FIXED &&
                                     other->fixed_version == derived->fixed_version))
      return true;
  }
  return false;
}

/* Sources repeat themselves: one erratum for several products that are one ecosystem of ours. */
static guint
pooled_range_hash(gconstpointer data)
{
  const PooledRange *range = data;
  guint hash = (range->id * HASH_FACTOR ^ range->fixed_version) * HASH_FACTOR ^ range->vendor_id;
  return (hash * HASH_FACTOR ^ range->introduced) * HASH_FACTOR;
}

static gboolean
pooled_range_equal(gconstpointer a, gconstpointer b)
{
  static_assert(sizeof(PooledRange) == 11 * sizeof(uint32_t) + 4, "no bytes between the members");
  return memcmp(a, b, sizeof(PooledRange)) == 0;
}

static void
encode_package(const AdvisoryBuilder *builder, const PackageEntry *entry, GByteArray *out)
{
  g_autofree AdvisoryRange *ranges = g_new0(AdvisoryRange, entry->ranges->len);
  g_autoptr(GHashTable) seen = g_hash_table_new(pooled_range_hash, pooled_range_equal);
  size_t count = 0;
  for (guint i = 0; i < entry->ranges->len; i++) {
    PooledRange *packed = &g_array_index(entry->ranges, PooledRange, i);
    if (entry->ranges->len > 1 && !g_hash_table_add(seen, packed))
      continue;
    if (packed->derived &&
        is_overridden(entry, packed, !advisory_is_cve(pooled(builder, packed->id))))
      continue;
    ranges[count++] = (AdvisoryRange){
        .id = pooled(builder, packed->id),
        .module = pooled(builder, packed->module),
        .feed = pooled(builder, packed->feed),
        .introduced = pooled(builder, packed->introduced),
        .fixed_version = pooled(builder, packed->fixed_version),
        .last_affected = pooled(builder, packed->last_affected),
        .vendor_id = pooled(builder, packed->vendor_id),
        .note = pooled(builder, packed->note),
        .architectures = pooled(builder, packed->architectures),
        .release_version = pooled(builder, packed->release_version),
        .symbols = pooled(builder, packed->symbols),
        .scheme = packed->scheme,
        .state = packed->state,
        .severity = packed->severity,
        .derived = packed->derived,
    };
  }
  record_encode_ranges(ranges, count, out);
}

/* --- encoding by several threads, writing in order --- */

/* Records that one thread encodes. */
typedef struct {
  guint first, count;
  GByteArray *bytes; /* one after the other */
  guint ends[BATCH_RECORDS];
  GByteArray *scratch;
  GError *error;
  bool done; /* by the mutex */
} Batch;

/* The records of a build: the threads share it, and only read it. */
typedef struct {
  const AdvisoryBuilder *builder;
  const GArray *all; /* Pending */
  GMutex mutex;
  GCond encoded;
} Encoding;

static bool
encode_details(const AdvisoryBuilder *builder, KeptDetails *details, Batch *batch)
{
  if (!detail_texts_get(builder->texts, &details->known, &details->texts, batch->scratch,
                        &batch->error))
    return false;
  record_encode_details(&details->known, batch->bytes);
  detail_texts_drop(&details->known);
  return true;
}

static bool
encode_pending(const AdvisoryBuilder *builder, const Pending *pending, Batch *batch)
{
  switch (pending->letter) {
  case 'R':
    encode_package(builder, pending->content, batch->bytes);
    return true;
  case 'D':
    return encode_details(builder, pending->content, batch);
  case 'F':
    record_encode_feed(pending->content, batch->bytes);
    return true;
  case 'A':
  case 'E':
  case 'M':
    g_byte_array_append(batch->bytes, pending->content, (guint)strlen(pending->content));
    return true;
  default:
    g_assert_not_reached();
  }
}

/* Two ids are one key when hashes collide, or a feed is named twice: the first counts. */
static bool
is_repeated(const GArray *all, guint number)
{
  return number > 0 && g_bytes_equal(g_array_index(all, Pending, number).key,
                                     g_array_index(all, Pending, number - 1).key);
}

static void
encode_batch(gpointer item, gpointer data)
{
  Batch *batch = item;
  Encoding *encoding = data;
  g_byte_array_set_size(batch->bytes, 0);
  for (guint i = 0; i < batch->count && batch->error == NULL; i++) {
    if (!is_repeated(encoding->all, batch->first + i))
      encode_pending(encoding->builder, &g_array_index(encoding->all, Pending, batch->first + i),
                     batch);
    batch->ends[i] = batch->bytes->len;
  }
  g_mutex_lock(&encoding->mutex);
  batch->done = true;
  g_cond_broadcast(&encoding->encoded);
  g_mutex_unlock(&encoding->mutex);
}

static void
wait_for_batch(Encoding *encoding, const Batch *batch)
{
  g_mutex_lock(&encoding->mutex);
  while (!batch->done)
    g_cond_wait(&encoding->encoded, &encoding->mutex);
  g_mutex_unlock(&encoding->mutex);
}

static bool
write_batch(const Encoding *encoding, Batch *batch, TableWriter *writer, GError **error)
{
  guint start = 0;
  if (batch->error != NULL) {
    g_propagate_error(error, g_steal_pointer(&batch->error));
    return false;
  }
  for (guint i = 0; i < batch->count; start = batch->ends[i++]) {
    const Pending *pending = &g_array_index(encoding->all, Pending, batch->first + i);
    Slice record = slice_new(batch->bytes->data + start, batch->ends[i] - start);
    if (!is_repeated(encoding->all, batch->first + i) &&
        !table_writer_add(writer, slice_from_bytes(pending->key), record, error))
      return false;
  }
  return true;
}

/* Gives the batch that begins at record @first to a thread, if there is one. */
static void
begin_batch(const Encoding *encoding, Batch *batch, guint first, GThreadPool *threads)
{
  batch->first = first;
  batch->count = MIN(BATCH_RECORDS, encoding->all->len - MIN(first, encoding->all->len));
  batch->done = false;
  if (batch->count > 0)
    g_thread_pool_push(threads, batch, NULL);
}

static bool
encode_and_write(Encoding *encoding, GThreadPool *threads, Batch *batches, TableWriter *writer,
                 GError **error)
{
  guint next = 0;
  for (; next < BATCHES_AHEAD; next++)
    begin_batch(encoding, &batches[next], next * BATCH_RECORDS, threads);
  for (guint i = 0; batches[i % BATCHES_AHEAD].count > 0; i++) {
    Batch *batch = &batches[i % BATCHES_AHEAD];
    wait_for_batch(encoding, batch);
    if (!write_batch(encoding, batch, writer, error))
      return false;
    begin_batch(encoding, batch, next++ * BATCH_RECORDS, threads);
  }
  return table_writer_finish(writer, error);
}

bool
builder_write_records(AdvisoryBuilder *builder, char *generation, GError **error)
{
  g_autoptr(GArray) all = gather_records(builder, generation);
  g_autoptr(TableWriter) writer = table_writer_new(builder->fd);
  Encoding encoding = {.builder = builder, .all = all};
  Batch batches[BATCHES_AHEAD] = {0};
  if (!detail_texts_flush(builder->texts, error))
    return false;
  /* There is a pool also where not all of its threads could be started. */
  g_autoptr(GError) fewer = NULL;
  GThreadPool *threads =
      g_thread_pool_new(encode_batch, &encoding, (gint)g_get_num_processors(), true, &fewer);
  if (g_thread_pool_get_num_threads(threads) == 0) {
    g_thread_pool_free(threads, true, false);
    return error_set(error, ASSAY_ERROR_FAILED, "no thread can be started: %s", fewer->message);
  }
  g_mutex_init(&encoding.mutex);
  g_cond_init(&encoding.encoded);
  for (guint i = 0; i < BATCHES_AHEAD; i++) {
    batches[i].bytes = g_byte_array_new();
    batches[i].scratch = g_byte_array_new();
  }
  bool written = encode_and_write(&encoding, threads, batches, writer, error);
  g_thread_pool_free(threads, false, true); /* those that are under way end */
  for (guint i = 0; i < BATCHES_AHEAD; i++) {
    g_byte_array_unref(batches[i].bytes);
    g_byte_array_unref(batches[i].scratch);
    g_clear_error(&batches[i].error);
  }
  g_mutex_clear(&encoding.mutex);
  g_cond_clear(&encoding.encoded);
  return written;
}
