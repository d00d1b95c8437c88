/* The members of an outer archive. */
#include "archive/tar_index.h"
#include "fuzz-bytes.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Pieces pieces = {slice_new(data, size), SIZE_MAX};
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) members = tar_index(pieces_read, &pieces, 100, 200, &error);
  g_assert_true((members == NULL) == (error != NULL));
  for (guint i = 0; members != NULL && i < members->len; i++) {
    const TarMember *member = g_ptr_array_index(members, i);
    g_assert_true(g_utf8_validate(member->name, -1, NULL));
    g_assert_cmpuint(member->offset, <=, size);
    g_assert_cmpuint(member->size, <=, size - member->offset);
  }
  return 0;
}
