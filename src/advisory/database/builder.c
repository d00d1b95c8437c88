/* Building the advisory database: statements are gathered in memory with every string kept once,
 * then written in key order. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "advisory/database/coverage-private.h"
#include "advisory/database/database.h"
#include "advisory/database/details-private.h"
#include "advisory/database/record-private.h"
#include "advisory/database/table-private.h"
#include "advisory/database/texts-private.h"
#include "base/error.h"
#include "base/fd.h"

#define HASH_FACTOR 2654435761u /* mixes numbers of neighbours, whose sums are few */

/* A statement whose strings are numbers in the builder's pool; 0 is none. */
typedef struct {
  uint32_t id, module, feed, introduced, fixed_version, last_affected, vendor_id, note;
  uint32_t architectures, release_version;
  uint8_t scheme, state, severity;
  bool derived;
} PooledRange;

typedef struct {
  char *ecosystem, *package;
  GArray *ranges; /* PooledRange */
} PackageEntry;

/* What is known of a vulnerability. Its long texts wait elsewhere. */
typedef struct {
  AdvisoryDetails known; /* first: it is what the table of details has */
  TextPlace texts;
} KeptDetails;

struct AdvisoryBuilder {
  char *path, *temporary_path;
  int fd; /* of the temporary file */
  GStringChunk *chunk;
  GHashTable *numbers;  /* string -> its number */
  GPtrArray *pool;      /* number -> string */
  GHashTable *packages; /* record key (GBytes) -> PackageEntry */
  Coverage *coverage;   /* what the feeds speak of */
  GHashTable *details;  /* id -> KeptDetails */
  DetailTexts *texts;
  GHashTable *mentioned; /* ids and vendor ids that statements speak of (pool strings) */
  GPtrArray *feeds;      /* AdvisoryFeedStatus */
};

static void
package_entry_free(gpointer data)
{
  PackageEntry *entry = data;
  g_array_unref(entry->ranges);
  g_free(entry->ecosystem);
  g_free(entry->package);
  g_free(entry);
}

AdvisoryBuilder *
advisory_builder_new(const char *path, GError **error)
{
  g_autoptr(AdvisoryBuilder) builder = g_new0(AdvisoryBuilder, 1);
  builder->fd = -1;
  builder->path = g_strdup(path);
  builder->temporary_path = g_strdup_printf("%s.%08x.new", path, g_random_int());
  builder->chunk = g_string_chunk_new(64 * 1024);
  builder->numbers = g_hash_table_new(g_str_hash, g_str_equal);
  builder->pool = g_ptr_array_new();
  g_ptr_array_add(builder->pool, NULL);
  builder->packages = g_hash_table_new_full(g_bytes_hash, g_bytes_equal,
                                            (GDestroyNotify)g_bytes_unref, package_entry_free);
  builder->coverage = coverage_new();
  builder->details =
      g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)advisory_details_free);
  builder->mentioned = g_hash_table_new(g_str_hash, g_str_equal);
  builder->feeds = g_ptr_array_new_with_free_func((GDestroyNotify)advisory_feed_status_free);

  builder->fd =
      open(builder->temporary_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (builder->fd < 0) {
    error_set_errno(error, errno, "%s", builder->temporary_path);
    return NULL;
  }
  g_autofree char *folder = g_path_get_dirname(path);
  builder->texts = detail_texts_new(folder, error);
  return builder->texts != NULL ? g_steal_pointer(&builder) : NULL;
}

void
advisory_builder_free(AdvisoryBuilder *builder)
{
  if (builder == NULL)
    return;
  fd_clear(&builder->fd);
  if (builder->temporary_path != NULL)
    unlink(builder->temporary_path);
  g_clear_pointer(&builder->packages, g_hash_table_unref);
  g_clear_pointer(&builder->details, g_hash_table_unref);
  g_clear_pointer(&builder->texts, detail_texts_free);
  g_clear_pointer(&builder->mentioned, g_hash_table_unref);
  g_clear_pointer(&builder->coverage, coverage_free);
  g_clear_pointer(&builder->numbers, g_hash_table_unref);
  g_clear_pointer(&builder->pool, g_ptr_array_unref);
  g_clear_pointer(&builder->feeds, g_ptr_array_unref);
  g_clear_pointer(&builder->chunk, g_string_chunk_free);
  g_free(builder->temporary_path);
  g_free(builder->path);
  g_free(builder);
}

static uint32_t
pool_string(AdvisoryBuilder *builder, const char *string)
{
  if (string == NULL)
    return 0;
  gpointer number = g_hash_table_lookup(builder->numbers, string);
  if (number == NULL) {
    char *kept = g_string_chunk_insert(builder->chunk, string);
    number = GUINT_TO_POINTER(builder->pool->len);
    g_ptr_array_add(builder->pool, kept);
    g_hash_table_insert(builder->numbers, kept, number);
  }
  return GPOINTER_TO_UINT(number);
}

static char *
pooled(const AdvisoryBuilder *builder, uint32_t number)
{
  return builder->pool->pdata[number];
}

bool
advisory_builder_begin_feed(AdvisoryBuilder *builder, const AdvisoryFeedStatus *feed,
                            GError **error)
{
  AdvisoryFeedStatus *copy = g_new0(AdvisoryFeedStatus, 1);
  *copy = (AdvisoryFeedStatus){.feed = g_strdup(feed->feed),
                               .type = g_strdup(feed->type),
                               .source = g_strdup(feed->source),
                               .source_date = g_strdup(feed->source_date),
                               .updated = feed->updated};
  g_ptr_array_add(builder->feeds, copy);
  return true;
}

static AdvisoryFeedStatus *
current_feed(const AdvisoryBuilder *builder)
{
  g_assert(builder->feeds->len > 0);
  return builder->feeds->pdata[builder->feeds->len - 1];
}

void
advisory_builder_set_source_date(AdvisoryBuilder *builder, const char *source_date)
{
  AdvisoryFeedStatus *feed = current_feed(builder);
  g_free((gpointer)(uintptr_t)feed->source_date);
  feed->source_date = g_strdup(source_date);
}

void
advisory_builder_add_ecosystem(AdvisoryBuilder *builder, const char *ecosystem)
{
  coverage_add(builder->coverage, ecosystem, "", current_feed(builder));
}

static PackageEntry *
find_package(AdvisoryBuilder *builder, const char *ecosystem, const char *package)
{
  g_autoptr(GBytes) key = g_byte_array_free_to_bytes(record_key('R', ecosystem, package));
  PackageEntry *entry = g_hash_table_lookup(builder->packages, key);
  if (entry == NULL) {
    entry = g_new0(PackageEntry, 1);
    entry->ecosystem = g_strdup(ecosystem);
    entry->package = g_strdup(package);
    entry->ranges = g_array_new(false, false, sizeof(PooledRange));
    g_hash_table_insert(builder->packages, g_steal_pointer(&key), entry);
  }
  return entry;
}

bool
advisory_builder_add_range(AdvisoryBuilder *builder, const AdvisoryRange *range, GError **error)
{
  if (range->id == NULL || range->id[0] == '\0' || range->ecosystem == NULL ||
      range->package == NULL || range->package[0] == '\0')
    return error_set(error, ASSAY_ERROR_INVALID, "a statement without id, ecosystem or package");
  AdvisoryFeedStatus *feed = current_feed(builder);
  PackageEntry *entry = find_package(builder, range->ecosystem, range->package);
  PooledRange packed = {
      .id = pool_string(builder, range->id),
      .module = pool_string(builder, range->module),
      .feed = pool_string(builder, feed->feed),
      .introduced = pool_string(builder, range->introduced),
      .fixed_version = pool_string(builder, range->fixed_version),
      .last_affected = pool_string(builder, range->last_affected),
      .vendor_id = pool_string(builder, range->vendor_id),
      .note = pool_string(builder, range->note),
      .architectures = pool_string(builder, range->architectures),
      .release_version = pool_string(builder, range->release_version),
      .scheme = (uint8_t)range->scheme,
      .state = (uint8_t)range->state,
      .severity = (uint8_t)range->severity,
      .derived = range->derived,
  };
  g_array_append_val(entry->ranges, packed);
  coverage_add(builder->coverage, range->ecosystem, range->architectures, feed);
  g_hash_table_add(builder->mentioned, pooled(builder, packed.id));
  if (packed.vendor_id != 0)
    g_hash_table_add(builder->mentioned, pooled(builder, packed.vendor_id));
  feed->count++;
  return true;
}

void
advisory_builder_drop_feed(AdvisoryBuilder *builder)
{
  AdvisoryFeedStatus *feed = current_feed(builder);
  uint32_t number = pool_string(builder, feed->feed);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, builder->packages);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    GArray *ranges = ((PackageEntry *)value)->ranges;
    /* Only the last feed is dropped, and what is added last is last. */
    while (ranges->len > 0 && g_array_index(ranges, PooledRange, ranges->len - 1).feed == number)
      g_array_set_size(ranges, ranges->len - 1);
  }
  /* Else its releases would count as looked after by nobody. */
  coverage_forget(builder->coverage, feed);
  g_ptr_array_remove_index(builder->feeds, builder->feeds->len - 1);
}

unsigned
advisory_builder_feed_count(const AdvisoryBuilder *builder)
{
  return builder->feeds->len;
}

bool
advisory_builder_add_details(AdvisoryBuilder *builder, const AdvisoryDetails *details,
                             GError **error)
{
  if (details->id == NULL || details->id[0] == '\0')
    return error_set(error, ASSAY_ERROR_INVALID, "details without an id");
  KeptDetails *kept = g_hash_table_lookup(builder->details, details->id);
  if (kept == NULL) {
    kept = g_new0(KeptDetails, 1);
    kept->known.id = g_strdup(details->id);
    kept->known.cvss_score = kept->known.epss_score = kept->known.epss_percentile = -1;
    g_hash_table_insert(builder->details, (gpointer)(uintptr_t)kept->known.id, kept);
  }
  bool has_texts = details->description != NULL || details->references != NULL;
  if (has_texts && !detail_texts_get(builder->texts, &kept->known, &kept->texts, error))
    return false;
  details_merge(&kept->known, details, current_feed(builder)->feed);
  return detail_texts_put(builder->texts, &kept->known, &kept->texts, error);
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

/* Details that a statement leads to, by id or by an alias. */
static bool
is_mentioned(const AdvisoryBuilder *builder, const AdvisoryDetails *details)
{
  if (g_hash_table_contains(builder->mentioned, details->id))
    return true;
  for (guint i = 0; details->aliases != NULL && details->aliases[i] != NULL; i++)
    if (g_hash_table_contains(builder->mentioned, details->aliases[i]))
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
  static_assert(sizeof(PooledRange) == 10 * sizeof(uint32_t) + 4, "no bytes between the members");
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
    if (!g_hash_table_add(seen, packed))
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
        .scheme = packed->scheme,
        .state = packed->state,
        .severity = packed->severity,
        .derived = packed->derived,
    };
  }
  record_encode_ranges(ranges, count, out);
}

static bool
encode_details(const AdvisoryBuilder *builder, KeptDetails *details, GByteArray *out,
               GError **error)
{
  if (!detail_texts_get(builder->texts, &details->known, &details->texts, error))
    return false;
  record_encode_details(&details->known, out);
  detail_texts_drop(&details->known);
  return true;
}

static void
encode_pending(const AdvisoryBuilder *builder, const Pending *pending, GByteArray *out)
{
  switch (pending->letter) {
  case 'R':
    encode_package(builder, pending->content, out);
    break;
  case 'D': /* encode_details() */
    break;
  case 'F':
    record_encode_feed(pending->content, out);
    break;
  case 'A':
  case 'E':
  case 'M':
    g_byte_array_append(out, pending->content, (guint)strlen(pending->content));
    break;
  default:
    g_assert_not_reached();
  }
}

static bool
write_records(const AdvisoryBuilder *builder, const GArray *all, GError **error)
{
  g_autoptr(TableWriter) writer = table_writer_new(builder->fd);
  g_autoptr(GByteArray) record = g_byte_array_new();
  for (guint i = 0; i < all->len; i++) {
    const Pending *pending = &g_array_index(all, Pending, i);
    if (i > 0 && g_bytes_equal(pending->key, g_array_index(all, Pending, i - 1).key))
      continue; /* two ids are one key when hashes collide, or a feed is named twice */
    g_byte_array_set_size(record, 0);
    if (pending->letter == 'D' && !encode_details(builder, pending->content, record, error))
      return false;
    encode_pending(builder, pending, record);
    if (!table_writer_add(writer, slice_from_bytes(pending->key),
                          slice_new(record->data, record->len), error))
      return false;
  }
  return table_writer_finish(writer, error);
}

static bool
publish(const AdvisoryBuilder *builder, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(builder->path);
  if (fsync(builder->fd) < 0 || rename(builder->temporary_path, builder->path) < 0)
    return error_set_errno(error, errno, "%s", builder->path);
  return directory_sync(AT_FDCWD, folder, error);
}

bool
advisory_builder_finish(AdvisoryBuilder *builder, GError **error)
{
  g_autofree char *generation = g_uuid_string_random();
  details_unite_aliases(builder->details);
  g_autoptr(GArray) all = gather_records(builder, generation);
  if (write_records(builder, all, error))
    return publish(builder, error);
  g_prefix_error(error, "%s: ", builder->temporary_path);
  return false;
}
