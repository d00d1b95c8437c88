/* A table of contents beside its tar; see the header. */
#include "archive/contents_table.h"

#include <string.h>

#include "archive/contents_table-private.h"
#include "archive/path.h"
#include "base/error.h"
#include "base/json.h"

/* Fourteen for an entry. */
#define VALUES_MAX ((size_t)3 * 1000 * 1000)

struct ContentsTable {
  json_t *document;
  json_t *entries; /* of the document */
  size_t at;       /* of the next */
  GPtrArray *digests;
  bool in_tar; /* the tar ends with the table itself */
  bool table_seen;

  /* The present file. */
  const json_t *file;  /* NULL: there is none */
  DigestStream *whole; /* of the content so far */
  uint64_t size, fed;
  size_t chunk, chunks; /* index in `entries` of the present piece; those of the file end there */
  DigestStream *piece;
  uint64_t piece_end;
  bool wrong_piece;
};

static const char *const names[] = {
    "version",   "entries",     "type",        "name",      "linkName",    "size",
    "digest",    "offset",      "xattrs",      "endOffset", "innerOffset", "chunkSize",
    "chunkType", "chunkOffset", "chunkDigest", "mode",      NULL};

static bool
differs(GError **error, const char *path, const char *what)
{
  return error_set(
      error, ASSAY_ERROR_INVALID,
      "the table of contents, by which some clients unpack, gives other files than the "
      "tar: %s: %s",
      path, what);
}

/* --- reading --- */

static bool
check_form(const json_t *document, GError **error)
{
  json_t *entries = json_get_array(document, "entries");
  size_t index;
  json_t *entry;
  if (entries == NULL || json_get_integer(document, "version", 0) != 1)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "it is of a version that is not known");
  if (!json_refuse_aliases(document, names, error))
    return false;
  json_array_foreach(entries, index, entry) {
    if (!json_is_object(entry) || json_get_string(entry, "name") == NULL ||
        json_get_string(entry, "type") == NULL)
      return error_set(error, ASSAY_ERROR_INVALID, "entry %zu has no name or no type", index);
    if (!json_refuse_aliases(entry, names, error))
      return false;
  }
  return true;
}

ContentsTable *
contents_table_new(const PackedLayer *layer, const LayerLimits *limits, GError **error)
{
  g_autoptr(ContentsTable) table = g_new0(ContentsTable, 1);
  table->digests = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GBytes) text =
      contents_table_find(layer, limits, table->digests, &table->in_tar, error);
  if (text == NULL)
    return NULL;
  table->document = json_parse_bounded(slice_from_bytes(text), VALUES_MAX, error);
  if (table->document == NULL || !check_form(table->document, error))
    return NULL;
  table->entries = json_get_array(table->document, "entries");
  return g_steal_pointer(&table);
}

void
contents_table_free(ContentsTable *table)
{
  if (table == NULL)
    return;
  json_decref(table->document);
  g_ptr_array_unref(table->digests);
  digest_stream_free(table->whole);
  digest_stream_free(table->piece);
  g_free(table);
}

const GPtrArray *
contents_table_digests(const ContentsTable *table)
{
  return table->digests;
}

/* --- entries --- */

static const json_t *
entry_at(const ContentsTable *table, size_t index)
{
  return json_array_get(table->entries, index);
}

static bool
is_chunk(const json_t *entry)
{
  return entry != NULL && strcmp(json_get_string(entry, "type"), "chunk") == 0;
}

/* The name of @entry in the tar. (transfer full) */
static char *
name_of(const LayerEntry *entry)
{
  if (entry->kind == LAYER_ENTRY_OPAQUE)
    return *entry->path == '\0' ? g_strdup(".wh..wh..opq")
                                : g_strconcat(entry->path, "/.wh..wh..opq", NULL);
  if (entry->kind != LAYER_ENTRY_WHITEOUT)
    return g_strdup(entry->path);
  const char *slash = strrchr(entry->path, '/');
  size_t folder = slash == NULL ? 0 : (size_t)(slash - entry->path) + 1;
  return g_strdup_printf("%.*s.wh.%s", (int)folder, entry->path, entry->path + folder);
}

static bool
is_kind(const LayerEntry *entry, const char *type)
{
  static const char *const types[][3] = {
      [LAYER_ENTRY_FILE] = {"reg"},
      [LAYER_ENTRY_FOLDER] = {"dir"},
      [LAYER_ENTRY_SYMLINK] = {"symlink"},
      [LAYER_ENTRY_HARDLINK] = {"hardlink"},
      [LAYER_ENTRY_DEVICE] = {"char", "block"},
      [LAYER_ENTRY_OTHER] = {"fifo"},
      [LAYER_ENTRY_WHITEOUT] = {"reg"},
      [LAYER_ENTRY_OPAQUE] = {"reg"},
      [LAYER_ENTRY_GLOBAL] = {NULL},
  };
  return g_strv_contains(types[entry->kind], type);
}

static bool
same_target(const LayerEntry *entry, const char *target)
{
  if (entry->kind == LAYER_ENTRY_SYMLINK)
    return g_strcmp0(entry->target, target) == 0;
  if (entry->kind != LAYER_ENTRY_HARDLINK)
    return target == NULL || *target == '\0';
  unsigned depth;
  bool escapes;
  g_autofree char *left = path_normalise(entry->target, &depth, &escapes);
  g_autofree char *right = path_normalise(target != NULL ? target : "", &depth, &escapes);
  return strcmp(left, right) == 0;
}

/* By extended attributes overlayfs is told to hide a folder, or to take another in its place. */
static bool
directs_overlay(const json_t *entry)
{
  const char *key;
  json_t *value;
  json_object_foreach(json_get_object(entry, "xattrs"), key, value) {
    if (strstr(key, "overlay.") != NULL)
      return true;
  }
  return false;
}

/* --- content --- */

/* Begins the piece at `chunk`. */
static bool
begin_piece(ContentsTable *table)
{
  const json_t *piece = entry_at(table, table->chunk);
  json_int_t offset = json_get_integer(piece, "chunkOffset", 0);
  json_int_t size = json_get_integer(piece, "chunkSize", 0);
  if (offset < 0 || size < 0 || (uint64_t)offset != table->fed ||
      (uint64_t)size > table->size - table->fed)
    return false;
  bool last = table->chunk + 1 == table->chunks;
  table->piece_end = size == 0 ? table->size : table->fed + (uint64_t)size;
  g_clear_pointer(&table->piece, digest_stream_free);
  table->piece = digest_stream_new(DIGEST_SHA256);
  return last == (table->piece_end == table->size);
}

static bool
end_piece(const ContentsTable *table)
{
  const char *digest = json_get_string(entry_at(table, table->chunk), "chunkDigest");
  Digest found = digest_stream_current(table->piece);
  return digest == NULL || strcmp(digest, found.text) == 0;
}

static bool
begin_file(ContentsTable *table, const json_t *file, const LayerEntry *entry)
{
  table->file = file;
  table->size = entry->size;
  table->fed = 0;
  table->chunk = table->at - 1;
  table->wrong_piece = false;
  while (is_chunk(entry_at(table, table->at))) {
    const char *name = json_get_string(entry_at(table, table->at), "name");
    if (*name != '\0' && strcmp(name, json_get_string(file, "name")) != 0)
      return false;
    table->at++;
  }
  table->chunks = table->at;
  g_clear_pointer(&table->whole, digest_stream_free);
  table->whole = digest_stream_new(DIGEST_SHA256);
  return begin_piece(table);
}

static void
feed_pieces(ContentsTable *table, Slice content)
{
  while (content.size > 0) {
    Slice part = slice_sub(content, 0, (size_t)MIN(table->piece_end - table->fed, content.size));
    digest_stream_update(table->piece, part);
    table->fed += part.size;
    content = slice_sub(content, part.size, SIZE_MAX);
    if (content.size == 0)
      return;
    /* There is more of the file than of this piece. */
    table->wrong_piece = table->chunk + 1 == table->chunks || !end_piece(table);
    table->chunk++;
    if (table->wrong_piece || !begin_piece(table)) {
      table->wrong_piece = true;
      return;
    }
  }
}

void
contents_table_feed(ContentsTable *table, Slice content)
{
  if (table->file == NULL || table->wrong_piece)
    return;
  digest_stream_update(table->whole, content);
  feed_pieces(table, content);
}

bool
contents_table_end_file(ContentsTable *table, GError **error)
{
  if (table->file == NULL)
    return true;
  const char *digest = json_get_string(table->file, "digest");
  const char *name = json_get_string(table->file, "name");
  if (table->wrong_piece || table->fed != table->size || table->chunk + 1 != table->chunks ||
      !end_piece(table))
    return differs(error, name, "another content in a piece");
  Digest found = digest_stream_current(table->whole);
  /* Without one, some clients would check nothing. */
  if ((digest == NULL || *digest == '\0') ? table->size > 0 : strcmp(digest, found.text) != 0)
    return differs(error, name, "another content");
  table->file = NULL;
  return true;
}

/* --- the tar's entries --- */

bool
contents_table_take(ContentsTable *table, const LayerEntry *entry, GError **error)
{
  const json_t *next = entry_at(table, table->at);
  if (next == NULL && table->in_tar && !table->table_seen && strcmp(entry->path, TABLE_NAME) == 0) {
    table->table_seen = true;
    table->file = NULL;
    return true;
  }
  if (next == NULL || table->table_seen)
    return differs(error, entry->path, "it is not in the table");
  table->at++;
  unsigned depth;
  bool escapes;
  g_autofree char *name = path_normalise(json_get_string(next, "name"), &depth, &escapes);
  g_autofree char *path = name_of(entry);
  if (strcmp(name, path) != 0)
    return differs(error, path, "another name is in its place");
  if (!is_kind(entry, json_get_string(next, "type")))
    return differs(error, path, "it is of another kind");
  if (!same_target(entry, json_get_string(next, "linkName")))
    return differs(error, path, "it leads to somewhere else");
  if (directs_overlay(next))
    return differs(error, path, "it has attributes of overlayfs");
  if (!is_kind(entry, "reg"))
    return true;
  if (json_get_integer(next, "size", 0) != (json_int_t)entry->size ||
      !begin_file(table, next, entry))
    return differs(error, path, "it has another size, or other pieces");
  return true;
}

bool
contents_table_end(ContentsTable *table, GError **error)
{
  const json_t *next = entry_at(table, table->at);
  return next == NULL || differs(error, json_get_string(next, "name"), "it is not in the tar");
}
