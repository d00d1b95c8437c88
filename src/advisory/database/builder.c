/* Building the advisory database: statements are gathered in memory with every string kept once.
 * They are written in key order by builder_records.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "advisory/database/builder-private.h"
#include "advisory/database/details-private.h"
#include "advisory/database/record-private.h"
#include "base/error.h"
#include "base/fd.h"

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
  builder->mentioned = g_byte_array_new();
  builder->scratch = g_byte_array_new();
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
  g_clear_pointer(&builder->mentioned, g_byte_array_unref);
  g_clear_pointer(&builder->scratch, g_byte_array_unref);
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

/* A statement speaks of the string with that number. */
static void
mention(AdvisoryBuilder *builder, uint32_t number)
{
  GByteArray *mentioned = builder->mentioned;
  if (number >= mentioned->len) {
    guint had = mentioned->len;
    g_byte_array_set_size(mentioned, MAX(2 * had, number + 1));
    memset(mentioned->data + had, 0, mentioned->len - had);
  }
  mentioned->data[number] = 1;
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
  builder->feed = pool_string(builder, feed->feed);
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
  PackageEntry *entry = builder->package;
  if (entry != NULL && strcmp(entry->package, package) == 0 &&
      strcmp(entry->ecosystem, ecosystem) == 0)
    return entry;
  g_autoptr(GBytes) key = g_byte_array_free_to_bytes(record_key('R', ecosystem, package));
  entry = g_hash_table_lookup(builder->packages, key);
  if (entry == NULL) {
    entry = g_new0(PackageEntry, 1);
    entry->ecosystem = g_strdup(ecosystem);
    entry->package = g_strdup(package);
    entry->ranges = g_array_new(false, false, sizeof(PooledRange));
    g_hash_table_insert(builder->packages, g_steal_pointer(&key), entry);
  }
  builder->package = entry;
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
      .feed = builder->feed,
      .introduced = pool_string(builder, range->introduced),
      .fixed_version = pool_string(builder, range->fixed_version),
      .last_affected = pool_string(builder, range->last_affected),
      .vendor_id = pool_string(builder, range->vendor_id),
      .note = pool_string(builder, range->note),
      .architectures = pool_string(builder, range->architectures),
      .release_version = pool_string(builder, range->release_version),
      .symbols = pool_string(builder, range->symbols),
      .scheme = (uint8_t)range->scheme,
      .state = (uint8_t)range->state,
      .severity = (uint8_t)range->severity,
      .derived = range->derived,
  };
  g_array_append_val(entry->ranges, packed);
  coverage_add(builder->coverage, range->ecosystem, range->architectures, feed);
  mention(builder, packed.id);
  mention(builder, packed.vendor_id);
  feed->count++;
  return true;
}

void
advisory_builder_drop_feed(AdvisoryBuilder *builder)
{
  AdvisoryFeedStatus *feed = current_feed(builder);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init(&iter, builder->packages);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    GArray *ranges = ((PackageEntry *)value)->ranges;
    /* Only the last feed is dropped, and what is added last is last. */
    while (ranges->len > 0 &&
           g_array_index(ranges, PooledRange, ranges->len - 1).feed == builder->feed)
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
  if (has_texts &&
      !detail_texts_get(builder->texts, &kept->known, &kept->texts, builder->scratch, error))
    return false;
  details_merge(&kept->known, details, current_feed(builder)->feed);
  return detail_texts_put(builder->texts, &kept->known, &kept->texts, error);
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
  if (builder_write_records(builder, generation, error))
    return publish(builder, error);
  g_prefix_error(error, "%s: ", builder->temporary_path);
  return false;
}
