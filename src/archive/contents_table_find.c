/* Where a layer's table of contents is: the last bytes of the layer say. */
#include <string.h>

#include "archive/contents_table-private.h"
#include "archive/inflate.h"
#include "base/error.h"

/* A layer of hundred thousand files has one of 30 MiB; clients read up to 150. */
#define PACKED_MAX  ((uint64_t)64 * 1024 * 1024)
#define TABLE_MAX   ((uint64_t)128 * 1024 * 1024)
#define ENDING_SIZE 72u

typedef enum { NOTHING, CHUNKED, STARGZ, BROKEN } Kind;

typedef struct {
  Kind kind;
  uint64_t at, size; /* of the packed table */
} Place;

static bool
read_range(const PackedLayer *layer, uint64_t at, uint64_t size, GByteArray *into, GError **error)
{
  g_byte_array_set_size(into, (guint)size);
  for (uint64_t got = 0; got < size;) {
    gssize more =
        layer->read_at(layer->data, at + got, into->data + got, (size_t)(size - got), error);
    if (more <= 0)
      return more == 0 && error_set(error, ASSAY_ERROR_INVALID, "the layer ends in the middle");
    got += (uint64_t)more;
  }
  return true;
}

/* zstd:chunked: a skippable frame of 64 bytes, of 40 in older layers, all numbers little-endian:
 * offset, packed and unpacked size and type of the table, ..., magic. */
static Place
find_chunked(Slice ending)
{
  static const Slice magic = SLICE_LITERAL("GnUlInUx"), frame = SLICE_LITERAL("\x50\x2a\x4d\x18");
  static const uint32_t sizes[] = {64, 40};
  if (ending.size < magic.size || !slice_equal(slice_sub(ending, ending.size - 8, 8), magic))
    return (Place){NOTHING, 0, 0};
  for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
    if (ending.size < sizes[i] + 8)
      continue;
    Slice rest = slice_sub(ending, ending.size - sizes[i] - 8, SIZE_MAX);
    uint32_t size = 0;
    uint64_t unpacked = 0, type = 0;
    Place place = {CHUNKED, 0, 0};
    if (!slice_has_prefix(rest, frame))
      continue;
    rest = slice_sub(rest, 4, SIZE_MAX);
    if (slice_take_uint32(&rest, &size) && size == sizes[i] &&
        slice_take_uint64(&rest, &place.at) && slice_take_uint64(&rest, &place.size) &&
        slice_take_uint64(&rest, &unpacked) && slice_take_uint64(&rest, &type) && type == 1)
      return place;
  }
  return (Place){BROKEN, 0, 0};
}

/* eStargz: an empty gzip member with the offset in its extra field, "%016xSTARGZ". Its subfield has
 * a head of four bytes, which the stargz before it did not have. */
static Place
find_stargz(Slice ending, uint64_t layer_size)
{
  static const struct {
    size_t size, digits_at;
  } forms[] = {{51, 16}, {47, 12}};
  static const Slice gzip = SLICE_LITERAL("\x1f\x8b\x08\x04"), magic = SLICE_LITERAL("STARGZ");
  for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
    Slice footer = ending.size < forms[i].size
                       ? SLICE_EMPTY
                       : slice_sub(ending, ending.size - forms[i].size, SIZE_MAX);
    if (!slice_has_prefix(footer, gzip) ||
        !slice_equal(slice_sub(footer, forms[i].digits_at + 16, magic.size), magic))
      continue;
    g_autofree char *digits = slice_to_string(slice_sub(footer, forms[i].digits_at, 16));
    uint64_t at = 0, end = layer_size - forms[i].size;
    if (!g_ascii_string_to_unsigned(digits, 16, 0, INT64_MAX, &at, NULL) || at >= end)
      return (Place){BROKEN, 0, 0};
    return (Place){STARGZ, at, end - at};
  }
  return (Place){NOTHING, 0, 0};
}

static bool
find_place(const PackedLayer *layer, Place *place, GError **error)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  uint64_t size = MIN(layer->size, ENDING_SIZE);
  if (!read_range(layer, layer->size - size, size, bytes, error))
    return false;
  Slice ending = slice_new(bytes->data, bytes->len);
  *place = find_chunked(ending);
  if (place->kind == NOTHING)
    *place = find_stargz(ending, layer->size);
  bool inside = place->at <= layer->size && place->size <= layer->size - place->at;
  if (!inside || (place->size == 0 && place->kind != NOTHING))
    place->kind = BROKEN;
  return true;
}

bool
contents_table_is_named(const PackedLayer *layer, bool *named, GError **error)
{
  Place place = {0};
  if (!find_place(layer, &place, error))
    return false;
  *named = place.kind != NOTHING;
  return true;
}

/* --- unpacking --- */

static GBytes *
unpack_chunked(Slice packed, GError **error)
{
  g_autoptr(Inflater) inflater = inflater_new(inflater_read_slice, &packed);
  g_autoptr(GByteArray) text = g_byte_array_new();
  g_autofree uint8_t *buffer = g_malloc(ENDING_SIZE * 1024);
  gssize got;
  while ((got = inflater_read(inflater, buffer, ENDING_SIZE * 1024, error)) > 0) {
    g_byte_array_append(text, buffer, (guint)got);
    if (text->len > TABLE_MAX) {
      error_set(error, ASSAY_ERROR_LIMIT, "it is larger than is read");
      return NULL;
    }
  }
  return got < 0 ? NULL : g_byte_array_free_to_bytes(g_steal_pointer(&text));
}

/* A tar of its own: the first member is it. */
static GBytes *
unpack_stargz(Slice packed, const LayerLimits *limits, GError **error)
{
  LayerLimits most = *limits;
  most.file_bytes = MIN(most.file_bytes, TABLE_MAX);
  g_autoptr(LayerReader) reader = layer_reader_new(inflater_read_slice, &packed, &most);
  const LayerEntry *entry = layer_reader_next(reader, error);
  if (entry == NULL)
    return NULL;
  if (entry->kind == LAYER_ENTRY_FILE && strcmp(entry->path, TABLE_NAME) == 0)
    return layer_reader_read_file(reader, error);
  error_set(error, ASSAY_ERROR_INVALID, "there is no %s where the end says", TABLE_NAME);
  return NULL;
}

GBytes *
contents_table_find(const PackedLayer *layer, const LayerLimits *limits, GPtrArray *digests,
                    bool *in_tar, GError **error)
{
  Place place = {0};
  g_autoptr(GByteArray) packed = g_byte_array_new();
  if (!find_place(layer, &place, error))
    return NULL;
  if (place.kind == NOTHING || place.kind == BROKEN || place.size > PACKED_MAX) {
    error_set(error, place.size > PACKED_MAX ? ASSAY_ERROR_LIMIT : ASSAY_ERROR_INVALID,
              "the end of the layer does not say where one is that can be read");
    return NULL;
  }
  if (!read_range(layer, place.at, place.size, packed, error))
    return NULL;
  Slice bytes = slice_new(packed->data, packed->len);
  *in_tar = place.kind == STARGZ;
  GBytes *text = *in_tar ? unpack_stargz(bytes, limits, error) : unpack_chunked(bytes, error);
  if (text == NULL)
    return NULL;
  g_ptr_array_add(digests, g_strdup(digest_of(DIGEST_SHA256, slice_from_bytes(text)).text));
  if (!*in_tar)
    g_ptr_array_add(digests, g_strdup(digest_of(DIGEST_SHA256, bytes).text));
  return text;
}
