/* Whether a layer's table of contents, by which lazy pulls make the file system, says what its tar
 * says. A second reading, of those few layers whose end names one. */
#include "archive/contents_table.h"
#include "base/error.h"
#include "inspect/worker-private.h"

#define PIECE_SIZE ((size_t)128 * 1024)

static gssize
read_at(void *data, uint64_t at, void *buffer, size_t size, GError **error)
{
  const WorkerInput *input = data;
  WorkerInput part = {input->at + MIN(at, input->end - input->at), input->end};
  return worker_input_read(&part, buffer, size, error);
}

static bool
compare_file(ContentsTable *table, LayerReader *reader, GError **error)
{
  g_autofree uint8_t *buffer = g_malloc(PIECE_SIZE);
  gssize got;
  while ((got = layer_reader_read(reader, buffer, PIECE_SIZE, error)) > 0)
    contents_table_feed(table, slice_new(buffer, (size_t)got));
  return got == 0 && contents_table_end_file(table, error);
}

static bool
has_content(const LayerEntry *entry)
{
  return entry->kind == LAYER_ENTRY_FILE || entry->kind == LAYER_ENTRY_WHITEOUT ||
         entry->kind == LAYER_ENTRY_OPAQUE;
}

static bool
compare(ContentsTable *table, WorkerInput input, const LayerLimits *limits, GError **error)
{
  g_autoptr(LayerReader) reader = layer_reader_new(worker_input_read, &input, limits);
  GError *failure = NULL;
  for (const LayerEntry *entry = layer_reader_next(reader, &failure); entry != NULL;
       entry = layer_reader_next(reader, &failure)) {
    if (!contents_table_take(table, entry, error) ||
        (has_content(entry) && !compare_file(table, reader, error)))
      return false;
  }
  if (failure == NULL)
    return contents_table_end(table, error);
  g_propagate_error(error, failure);
  return false;
}

static bool
check(const PackedLayer *layer, WorkerInput input, const LayerLimits *limits,
      LayerInventory *inventory, GError **error)
{
  g_autoptr(ContentsTable) table = contents_table_new(layer, limits, error);
  if (table == NULL) {
    g_prefix_error(error, "the table of contents, by which some clients unpack, is not read: ");
    return false;
  }
  if (!compare(table, input, limits, error))
    return false;
  const GPtrArray *digests = contents_table_digests(table);
  for (guint i = 0; i < digests->len; i++)
    g_ptr_array_add(inventory->tables, g_strdup(g_ptr_array_index(digests, i)));
  return true;
}

bool
worker_check_table(WorkerInput input, const LayerLimits *limits, LayerInventory *inventory,
                   GError **error)
{
  PackedLayer layer = {read_at, &input, input.end - input.at};
  bool named = false;
  g_autoptr(GError) trouble = NULL;
  if (!contents_table_is_named(&layer, &named, error))
    return false;
  if (!named || check(&layer, input, limits, inventory, &trouble))
    return true;
  if (g_error_matches(trouble, ASSAY_ERROR, ASSAY_ERROR_IO)) {
    g_propagate_error(error, g_steal_pointer(&trouble));
    return false;
  }
  layer_inventory_add_unread(inventory, "contents-table", "table of contents", trouble->message);
  return true;
}
