/* The bytes of a tar; see tar-private.h. */
#include <string.h>

#include "archive/tar-private.h"

bool
tar_take(TarBytes *bytes, uint64_t most, Slice *taken, GError **error)
{
  Slice *from = bytes->again.size > 0 ? &bytes->again : &bytes->rest;
  *taken = SLICE_EMPTY;
  if (from->size == 0 && !bytes->dry) {
    if (!bytes->source(bytes->data, &bytes->rest, error))
      return false;
    bytes->dry = bytes->rest.size == 0;
  }
  *taken = slice_sub(*from, 0, (size_t)MIN(most, from->size));
  *from = slice_sub(*from, taken->size, from->size);
  bytes->offset += taken->size;
  return true;
}

bool
tar_take_block(TarBytes *bytes, const uint8_t **block, size_t *got, GError **error)
{
  Slice part;
  if (bytes->again.size > 0) {
    *got = bytes->again.size;
    *block = bytes->again.data;
    return tar_take(bytes, *got, &part, error);
  }
  if (bytes->rest.size >= TAR_BLOCK) {
    *got = TAR_BLOCK;
    *block = bytes->rest.data;
    return tar_take(bytes, TAR_BLOCK, &part, error);
  }
  *got = 0;
  *block = bytes->block;
  memset(bytes->block, 0, TAR_BLOCK);
  do {
    if (!tar_take(bytes, TAR_BLOCK - *got, &part, error))
      return false;
    if (part.size > 0)
      memcpy(bytes->block + *got, part.data, part.size);
    *got += part.size;
  } while (*got < TAR_BLOCK && part.size > 0);
  return true;
}

void
tar_untake_block(TarBytes *bytes, const uint8_t *block)
{
  if (block != bytes->block)
    memcpy(bytes->block, block, TAR_BLOCK);
  bytes->again = slice_new(bytes->block, TAR_BLOCK);
  bytes->offset -= TAR_BLOCK;
}

bool
tar_skip(TarBytes *bytes, uint64_t count, bool *whole, GError **error)
{
  *whole = true;
  while (count > 0 && *whole) {
    Slice taken;
    if (!tar_take(bytes, count, &taken, error))
      return false;
    *whole = taken.size > 0;
    count -= taken.size;
  }
  return true;
}

bool
tar_take_stored(TarBytes *bytes, uint64_t most, Slice *taken, GError **error)
{
  if (!tar_take(bytes, MIN(most, bytes->left), taken, error))
    return false;
  bytes->left -= taken->size;
  return true;
}

/* Memory grows with what comes. */
bool
tar_read_stored(TarBytes *bytes, size_t size, GByteArray *into, GError **error)
{
  while (size > 0) {
    Slice taken;
    if (!tar_take_stored(bytes, size, &taken, error))
      return false;
    if (taken.size == 0)
      return tar_broken(error, "it is cut off in an extended header");
    g_byte_array_append(into, taken.data, (guint)taken.size);
    size -= taken.size;
  }
  return true;
}
