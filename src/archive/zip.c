/* The central directory of zip archives, and what it points to; see the header. */
#include "archive/zip.h"

#include <isa-l/igzip_lib.h>

#define END_BYTES     22u
#define COMMENT_MAX   65535u
#define LOCATOR_BYTES 20u
#define END_64_BYTES  56u
#define ENTRY_BYTES   46u
#define LOCAL_BYTES   30u
#define ENCRYPTED     1u
#define EXTRA_64      1u
#define IN_EXTRA      0xffffffffu
#define COUNT_IN_64   0xffffu
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

/* What an end says: where the directory is, if it ends at @after. */
typedef struct {
  uint64_t size, offset, count, after;
} End;

static bool
has_signature(Slice bytes, uint64_t at, const char *signature)
{
  Slice found = SLICE_EMPTY;
  return part(bytes, at, 4, &found) && slice_equal_string(found, signature);
}

static End
end_at(Slice bytes, size_t at)
{
  return (End){.size = number(bytes, at + 12, 4),
               .offset = number(bytes, at + 16, 4),
               .count = number(bytes, at + 10, 2),
               .after = at};
}

/* Zip64's, at @at; false: there is none, or it says something else than @end does. Then what it
 * says does not count for Java either. */
static bool
end_64_at(Slice bytes, uint64_t at, const End *end, End *end_64)
{
  Slice record = SLICE_EMPTY;
  if (!part(bytes, at, END_64_BYTES, &record) || !has_signature(bytes, at, "PK\6\6"))
    return false;
  *end_64 = (End){.size = number(record, 40, 8),
                  .offset = number(record, 48, 8),
                  .count = number(record, 32, 8),
                  .after = at};
  return (end->size == end_64->size || end->size == IN_EXTRA) &&
         (end->offset == end_64->offset || end->offset == IN_EXTRA) &&
         (end->count == end_64->count || end->count == COUNT_IN_64);
}

/* The directory is in front of its end, or with @as_said where the end says, behind bytes that the
 * offsets count already. */
static bool
open_directory(ZipFile *zip, Slice bytes, const End *end, bool as_said)
{
  if (end->size > end->after || end->offset > end->after - end->size)
    return false;
  uint64_t at = as_said ? end->offset : end->after - end->size;
  *zip = (ZipFile){.bytes = bytes, .base = at - end->offset};
  return part(bytes, at, end->size, &zip->directory) &&
         (end->size == 0 || has_signature(bytes, at, "PK\1\2"));
}

/* The order is Java's, which looks for Zip64's end where its locator says. Others look in front of
 * the locator. */
static bool
open_at(ZipFile *zip, Slice bytes, size_t at)
{
  const End end = end_at(bytes, at);
  End end_64;
  bool located = at >= LOCATOR_BYTES && has_signature(bytes, at - LOCATOR_BYTES, "PK\6\7");
  if (located && end_64_at(bytes, number(bytes, at - LOCATOR_BYTES + 8, 8), &end, &end_64) &&
      open_directory(zip, bytes, &end_64, false))
    return true;
  if (open_directory(zip, bytes, &end, false))
    return true;
  if (located && at >= LOCATOR_BYTES + END_64_BYTES &&
      end_64_at(bytes, at - LOCATOR_BYTES - END_64_BYTES, &end, &end_64) &&
      open_directory(zip, bytes, &end_64, false))
    return true;
  return open_directory(zip, bytes, &end, true);
}

/* The last end whose comment ends where the archive does, or which something may follow because
 * its directory and its first file are there; else the last that leads to a directory. */
bool
zip_open(ZipFile *zip, Slice bytes)
{
  ZipFile found;
  bool any = false;
  if (bytes.size < END_BYTES)
    return false;
  size_t last = bytes.size - END_BYTES;
  for (size_t back = 0; back <= MIN(last, COMMENT_MAX); back++) {
    size_t place = last - back;
    if (bytes.data[place] != 'P' || !has_signature(bytes, place, "PK\5\6") ||
        !open_at(&found, bytes, place))
      continue;
    bool counts = number(bytes, place + 20, 2) == back ||
                  (found.directory.size > 0 && has_signature(bytes, found.base, "PK\3\4"));
    if (counts || !any)
      *zip = found;
    any = true;
    if (counts)
      return true;
  }
  return any;
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

bool
zip_is_encrypted(const ZipEntry *entry)
{
  return (entry->flags & ENCRYPTED) != 0;
}

bool
zip_packed(const ZipFile *zip, const ZipEntry *entry, Slice *packed)
{
  Slice local = SLICE_EMPTY;
  uint64_t at;
  return !__builtin_add_overflow(zip->base, entry->offset, &at) &&
         part(zip->bytes, at, LOCAL_BYTES, &local) &&
         slice_has_prefix(local, SLICE_LITERAL("PK\3\4")) &&
         part(zip->bytes, at + LOCAL_BYTES + number(local, 26, 2) + number(local, 28, 2),
              entry->packed, packed);
}

ZipOutcome
zip_read(const ZipFile *zip, const ZipEntry *entry, uint64_t most, uint8_t **owned, Slice *content)
{
  Slice packed = SLICE_EMPTY;
  *owned = NULL;
  *content = SLICE_EMPTY;
  if (zip_is_encrypted(entry) || (entry->method != ZIP_STORED && entry->method != ZIP_DEFLATED))
    return ZIP_UNKNOWN;
  if (!zip_packed(zip, entry, &packed))
    return ZIP_BROKEN;
  if (entry->size > most)
    return ZIP_LARGE;
  if (entry->method == ZIP_STORED) {
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
