/* The central directory of zip archives, and what it points to; see the header. */
#include "archive/zip.h"

#include <isa-l/igzip_lib.h>

#include "archive/zip-private.h"

#define ENTRY_BYTES 46u
#define ENCRYPTED   1u
#define EXTRA_64    1u
/* A byte of deflate is at most so many: two of 258 in a bit each, and the head of its block. */
#define DEFLATE_RATIO 1032u

uint64_t
zip_number(Slice bytes, size_t at, size_t width)
{
  uint64_t value = 0;
  if (at > bytes.size || width > bytes.size - at)
    return 0;
  for (size_t i = width; i > 0; i--)
    value = value << 8 | bytes.data[at + i - 1];
  return value;
}

bool
zip_part(Slice bytes, uint64_t at, uint64_t size, Slice *found)
{
  if (at > bytes.size || size > bytes.size - at)
    return false;
  *found = slice_new(bytes.data + at, (size_t)size);
  return true;
}

/* --- the end --- */

bool
zip_has_signature(Slice bytes, uint64_t at, const char *signature)
{
  Slice found = SLICE_EMPTY;
  return zip_part(bytes, at, 4, &found) && slice_equal_string(found, signature);
}

ZipEnd
zip_end_at(Slice bytes, size_t at)
{
  return (ZipEnd){.size = zip_number(bytes, at + 12, 4),
                  .offset = zip_number(bytes, at + 16, 4),
                  .count = zip_number(bytes, at + 10, 2),
                  .after = at};
}

bool
zip_end_64_at(Slice bytes, uint64_t at, ZipEnd *end_64)
{
  Slice record = SLICE_EMPTY;
  if (!zip_part(bytes, at, ZIP_END_64_BYTES, &record) || !zip_has_signature(bytes, at, "PK\6\6"))
    return false;
  *end_64 = (ZipEnd){.size = zip_number(record, 40, 8),
                     .offset = zip_number(record, 48, 8),
                     .count = zip_number(record, 32, 8),
                     .after = at};
  return true;
}

bool
zip_ends_agree(const ZipEnd *end, const ZipEnd *end_64)
{
  return (end->size == end_64->size || end->size == ZIP_IN_EXTRA) &&
         (end->offset == end_64->offset || end->offset == ZIP_IN_EXTRA) &&
         (end->count == end_64->count || end->count == ZIP_COUNT_IN_64);
}

/* What Zip64's end says beside another one counts for Java only where both agree. */
static bool
end_64_at(Slice bytes, uint64_t at, const ZipEnd *end, ZipEnd *end_64)
{
  return zip_end_64_at(bytes, at, end_64) && zip_ends_agree(end, end_64);
}

/* The directory is in front of its end, or with @as_said where the end says, behind bytes that the
 * offsets count already. */
static bool
open_directory(ZipFile *zip, Slice bytes, const ZipEnd *end, bool as_said)
{
  if (end->size > end->after || end->offset > end->after - end->size)
    return false;
  uint64_t at = as_said ? end->offset : end->after - end->size;
  *zip = (ZipFile){.bytes = bytes, .base = at - end->offset};
  return zip_part(bytes, at, end->size, &zip->directory) &&
         (end->size == 0 || zip_has_signature(bytes, at, "PK\1\2"));
}

/* The order is Java's, which looks for Zip64's end where its locator says. Others look in front of
 * the locator. */
static bool
open_at(ZipFile *zip, Slice bytes, size_t at)
{
  const ZipEnd end = zip_end_at(bytes, at);
  ZipEnd end_64;
  bool located =
      at >= ZIP_LOCATOR_BYTES && zip_has_signature(bytes, at - ZIP_LOCATOR_BYTES, "PK\6\7");
  if (located &&
      end_64_at(bytes, zip_number(bytes, at - ZIP_LOCATOR_BYTES + 8, 8), &end, &end_64) &&
      open_directory(zip, bytes, &end_64, false))
    return true;
  if (open_directory(zip, bytes, &end, false))
    return true;
  if (located && at >= ZIP_LOCATOR_BYTES + ZIP_END_64_BYTES &&
      end_64_at(bytes, at - ZIP_LOCATOR_BYTES - ZIP_END_64_BYTES, &end, &end_64) &&
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
  if (bytes.size < ZIP_END_BYTES)
    return false;
  size_t last = bytes.size - ZIP_END_BYTES;
  for (size_t back = 0; back <= MIN(last, ZIP_COMMENT_MAX); back++) {
    size_t place = last - back;
    if (bytes.data[place] != 'P' || !zip_has_signature(bytes, place, "PK\5\6") ||
        !open_at(&found, bytes, place))
      continue;
    bool counts = zip_number(bytes, place + 20, 2) == back ||
                  (found.directory.size > 0 && zip_has_signature(bytes, found.base, "PK\3\4"));
    if (counts || !any)
      *zip = found;
    any = true;
    if (counts)
      return true;
  }
  return any;
}

/* --- entries --- */

void
zip_read_extra_64(Slice extra, ZipEntry *entry)
{
  while (extra.size >= 4) {
    uint64_t kind = zip_number(extra, 0, 2), size = zip_number(extra, 2, 2);
    Slice field = slice_sub(extra, 4, (size_t)size);
    extra = slice_sub(extra, 4 + (size_t)size, extra.size);
    if (kind != EXTRA_64)
      continue;
    uint64_t *const values[] = {&entry->size, &entry->packed, &entry->offset};
    for (size_t i = 0, at = 0; i < G_N_ELEMENTS(values); i++)
      if (*values[i] == ZIP_IN_EXTRA && field.size >= at + 8) {
        *values[i] = zip_number(field, at, 8);
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
  uint64_t name = zip_number(record, 28, 2), more = zip_number(record, 30, 2);
  uint64_t comment = zip_number(record, 32, 2);
  *entry = (ZipEntry){.packed = zip_number(record, 20, 4),
                      .size = zip_number(record, 24, 4),
                      .offset = zip_number(record, 42, 4),
                      .method = (uint16_t)zip_number(record, 10, 2),
                      .flags = (uint16_t)zip_number(record, 8, 2)};
  Slice after = SLICE_EMPTY;
  if (!zip_part(*rest, ENTRY_BYTES, name, &entry->name) ||
      !zip_part(*rest, ENTRY_BYTES + name, more, &extra) ||
      !zip_part(*rest, ENTRY_BYTES + name + more, comment, &after))
    return false;
  zip_read_extra_64(extra, entry);
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
         zip_part(zip->bytes, at, ZIP_LOCAL_BYTES, &local) &&
         slice_has_prefix(local, SLICE_LITERAL("PK\3\4")) &&
         zip_part(zip->bytes,
                  at + ZIP_LOCAL_BYTES + zip_number(local, 26, 2) + zip_number(local, 28, 2),
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
