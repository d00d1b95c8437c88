/* The central directory of zip archives, and what it points to; see the header. */
#include "archive/zip.h"

#include <isa-l/igzip_lib.h>

#define END_BYTES     22u
#define COMMENT_MAX   65535u
#define LOCATOR_BYTES 20u
#define END_64_BYTES  56u
#define ENTRY_BYTES   46u
#define LOCAL_BYTES   30u
#define STORED        0u
#define DEFLATED      8u
#define ENCRYPTED     1u
#define EXTRA_64      1u
#define IN_EXTRA      0xffffffffu
/* A byte of deflate is at most so many: two of 258 in a bit each, and the head of its block. */
#define DEFLATE_RATIO 1032u

static uint64_t
number(Slice bytes, size_t at, size_t width)
{
  uint64_t value = 0;
  if (at > bytes.size || width > bytes.size - at)
    return 0;
  for (size_t i = width; i > 0; i--)
    value = value << 8 | bytes.data[at + i - 1];
  return value;
}

static bool
part(Slice bytes, uint64_t at, uint64_t size, Slice *found)
{
  if (at > bytes.size || size > bytes.size - at)
    return false;
  *found = slice_new(bytes.data + at, (size_t)size);
  return true;
}

/* --- the end --- */

/* The last place whose comment ends where the archive does; or its last that looks like one. */
static bool
find_end(Slice bytes, size_t *at)
{
  bool found = false;
  if (bytes.size < END_BYTES)
    return false;
  size_t last = bytes.size - END_BYTES;
  for (size_t back = 0; back <= MIN(last, COMMENT_MAX); back++) {
    size_t place = last - back;
    if (bytes.data[place] != 'P' ||
        !slice_has_prefix(slice_sub(bytes, place, 4), SLICE_LITERAL("PK\5\6")))
      continue;
    if (number(bytes, place + 20, 2) == back) {
      *at = place;
      return true;
    }
    if (!found)
      *at = place;
    found = true;
  }
  return found;
}

/* Where Zip64's end is: where the locator says, or in front of that. */
static bool
find_end_64(Slice bytes, size_t end, size_t *at)
{
  Slice locator = SLICE_EMPTY;
  if (end < LOCATOR_BYTES || !part(bytes, end - LOCATOR_BYTES, LOCATOR_BYTES, &locator) ||
      !slice_has_prefix(locator, SLICE_LITERAL("PK\6\7")))
    return false;
  const uint64_t places[] = {number(locator, 8, 8), end < LOCATOR_BYTES + END_64_BYTES
                                                        ? UINT64_MAX
                                                        : end - LOCATOR_BYTES - END_64_BYTES};
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    Slice record = SLICE_EMPTY;
    *at = (size_t)places[i];
    if (part(bytes, places[i], END_64_BYTES, &record) &&
        slice_has_prefix(record, SLICE_LITERAL("PK\6\6")))
      return true;
  }
  return false;
}

bool
zip_open(ZipFile *zip, Slice bytes)
{
  size_t end = 0, end_64 = 0;
  if (!find_end(bytes, &end))
    return false;
  uint64_t size = number(bytes, end + 12, 4), offset = number(bytes, end + 16, 4);
  size_t after = end;
  if (find_end_64(bytes, end, &end_64)) {
    size = number(bytes, end_64 + 40, 8);
    offset = number(bytes, end_64 + 48, 8);
    after = end_64;
  }
  if (size > after || offset > after - size)
    return false;
  *zip = (ZipFile){.bytes = bytes, .base = after - size - offset};
  /* Bytes in front that the offsets count already. */
  Slice first = SLICE_EMPTY;
  if (zip->base > 0 && part(bytes, offset, 4, &first) &&
      slice_has_prefix(first, SLICE_LITERAL("PK\1\2")))
    zip->base = 0;
  return part(bytes, zip->base + offset, size, &zip->directory);
}

/* --- entries --- */

/* Those numbers that are too large for their fields are in the extra field, in this order. */
static void
read_extra_64(Slice extra, ZipEntry *entry)
{
  while (extra.size >= 4) {
    uint64_t kind = number(extra, 0, 2), size = number(extra, 2, 2);
    Slice field = slice_sub(extra, 4, (size_t)size);
    extra = slice_sub(extra, 4 + (size_t)size, extra.size);
    if (kind != EXTRA_64)
      continue;
    uint64_t *const values[] = {&entry->size, &entry->packed, &entry->offset};
    for (size_t i = 0, at = 0; i < G_N_ELEMENTS(values); i++)
      if (*values[i] == IN_EXTRA && field.size >= at + 8) {
        *values[i] = number(field, at, 8);
        at += 8;
      }
    return;
  }
}

bool
zip_next(Slice *rest, ZipEntry *entry)
{
  Slice record = slice_sub(*rest, 0, ENTRY_BYTES), extra = SLICE_EMPTY;
  if (record.size < ENTRY_BYTES || !slice_has_prefix(record, SLICE_LITERAL("PK\1\2")))
    return false;
  uint64_t name = number(record, 28, 2), more = number(record, 30, 2);
  uint64_t comment = number(record, 32, 2);
  *entry = (ZipEntry){.packed = number(record, 20, 4),
                      .size = number(record, 24, 4),
                      .offset = number(record, 42, 4),
                      .method = (uint16_t)number(record, 10, 2),
                      .flags = (uint16_t)number(record, 8, 2)};
  Slice after = SLICE_EMPTY;
  if (!part(*rest, ENTRY_BYTES, name, &entry->name) ||
      !part(*rest, ENTRY_BYTES + name, more, &extra) ||
      !part(*rest, ENTRY_BYTES + name + more, comment, &after))
    return false;
  read_extra_64(extra, entry);
  *rest = slice_sub(*rest, ENTRY_BYTES + (size_t)(name + more + comment), rest->size);
  return true;
}

static bool
inflate_into(Slice packed, uint8_t *out, size_t size)
{
  g_autofree struct inflate_state *state = g_new(struct inflate_state, 1);
  isal_inflate_init(state);
  state->next_in = (uint8_t *)(uintptr_t)packed.data;
  state->avail_in = (uint32_t)packed.size;
  state->next_out = out;
  state->avail_out = (uint32_t)size;
  return isal_inflate_stateless(state) == ISAL_DECOMP_OK && state->avail_out == 0;
}

ZipOutcome
zip_read(const ZipFile *zip, const ZipEntry *entry, uint64_t most, uint8_t **owned, Slice *content)
{
  Slice local = SLICE_EMPTY, packed = SLICE_EMPTY;
  uint64_t at;
  *owned = NULL;
  *content = SLICE_EMPTY;
  if ((entry->flags & ENCRYPTED) != 0 || (entry->method != STORED && entry->method != DEFLATED))
    return ZIP_UNKNOWN;
  if (__builtin_add_overflow(zip->base, entry->offset, &at) ||
      !part(zip->bytes, at, LOCAL_BYTES, &local) ||
      !slice_has_prefix(local, SLICE_LITERAL("PK\3\4")) ||
      !part(zip->bytes, at + LOCAL_BYTES + number(local, 26, 2) + number(local, 28, 2),
            entry->packed, &packed))
    return ZIP_BROKEN;
  if (entry->size > most)
    return ZIP_LARGE;
  if (entry->method == STORED) {
    *content = packed;
    return packed.size == entry->size ? ZIP_READ : ZIP_BROKEN;
  }
  if (packed.size > UINT32_MAX || entry->size > UINT32_MAX ||
      entry->size / DEFLATE_RATIO > packed.size)
    return ZIP_BROKEN;
  *owned = g_malloc((size_t)entry->size + 1);
  if (!inflate_into(packed, *owned, (size_t)entry->size)) {
    g_clear_pointer(owned, g_free);
    return ZIP_BROKEN;
  }
  *content = slice_new(*owned, (size_t)entry->size);
  return ZIP_READ;
}
