/* What stands in a tar where a header should, for readers that go on; see tar-private.h. */
#include "archive/tar-private.h"

TarFound
tar_find_header(TarBytes *bytes, TarFields *fields, const uint8_t **block, size_t *got,
                GError **error)
{
  while (tar_take_block(bytes, block, got, error)) {
    if (*got == 0)
      return TAR_FOUND_END;
    if (tar_is_zero(*block))
      continue;
    bool header = *got == TAR_BLOCK && tar_has_checksum(*block, true);
    if (header && tar_fields_read(fields, *block, true, NULL) && fields->size >= 0)
      return TAR_FOUND_HEADER;
    if (!header && !tar_has_magic(*block))
      return TAR_FOUND_STRAY;
  }
  return TAR_FOUND_ERROR;
}

bool
tar_stray_next(TarStray *stray, TarBytes *bytes, uint64_t most, Slice *piece, GError **error)
{
  const uint8_t *block;
  size_t got;
  if (stray->rest.size == 0 && stray->left > 0) {
    if (!tar_take_block(bytes, &block, &got, error))
      return false;
    stray->rest = slice_new(block, got);
    if (got == TAR_BLOCK && !tar_is_zero(block) && tar_has_checksum(block, true)) {
      tar_untake_block(bytes, block);
      stray->rest = SLICE_EMPTY;
    }
  }
  *piece = slice_sub(stray->rest, 0, (size_t)MIN(most, stray->left));
  stray->rest = slice_sub(stray->rest, piece->size, stray->rest.size);
  stray->left = piece->size == 0 ? 0 : stray->left - piece->size;
  return true;
}

bool
tar_stray_leave(TarStray *stray, TarBytes *bytes, GError **error)
{
  Slice piece = SLICE_EMPTY;
  bool left = true;
  while (left && stray->left > 0)
    left = tar_stray_next(stray, bytes, TAR_BLOCK, &piece, error);
  stray->rest = SLICE_EMPTY;
  return left;
}
