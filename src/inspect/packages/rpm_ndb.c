/* rpm's own database ("ndb"), of the SUSE distributions: pages of slots, each of which says where
 * the blob of a package lies. */
#include "base/error.h"
#include "inspect/packages/rpm-private.h"

#define DATABASE_MAGIC   0x506d7052u /* "RpmP" */
#define SLOT_MAGIC       0x746f6c53u /* "Slot" */
#define BLOB_MAGIC       0x53626c42u /* "BlbS" */
#define VERSION          0u
#define PAGE_SIZE        4096u
#define SLOT_SIZE        16u
#define HEADER_SIZE      32u /* it takes the place of the first two slots */
#define BLOB_HEADER_SIZE 16u
#define BLOCK_SIZE       16u

/* The blob that the slot at @at names; empty for a slot that is free. */
static bool
read_slot(Slice content, size_t at, Slice *blob, GError **error)
{
  uint32_t magic = 0, index = 0, block = 0, blob_magic = 0, blob_index = 0, size = 0;
  bool read = slice_read_uint32(content, at, false, &magic) &&
              slice_read_uint32(content, at + 4, false, &index) &&
              slice_read_uint32(content, at + 8, false, &block);
  if (!read || magic != SLOT_MAGIC)
    return error_set(error, ASSAY_ERROR_INVALID, "ndb: slot %zu is broken", at / SLOT_SIZE);
  *blob = SLICE_EMPTY;
  if (block == 0)
    return true;
  if (index == 0)
    return error_set(error, ASSAY_ERROR_INVALID, "ndb: slot %zu is of package 0", at / SLOT_SIZE);
  size_t offset = (size_t)block * BLOCK_SIZE;
  if (!slice_read_uint32(content, offset, false, &blob_magic) ||
      !slice_read_uint32(content, offset + 4, false, &blob_index) ||
      !slice_read_uint32(content, offset + 12, false, &size) || blob_magic != BLOB_MAGIC ||
      blob_index != index)
    return error_set(error, ASSAY_ERROR_INVALID, "ndb: package %u is not where its slot says",
                     index);
  *blob = slice_sub(content, offset + BLOB_HEADER_SIZE, size);
  return blob->size == size ||
         error_set(error, ASSAY_ERROR_INVALID, "ndb: package %u is cut off", index);
}

bool
rpm_ndb_visit(Slice content, RpmHeaderVisitor visit, void *data, GError **error)
{
  uint32_t magic = 0, version = 0, pages = 0;
  if (!slice_read_uint32(content, 0, false, &magic) ||
      !slice_read_uint32(content, 4, false, &version) ||
      !slice_read_uint32(content, 12, false, &pages) || magic != DATABASE_MAGIC)
    return error_set(error, ASSAY_ERROR_INVALID, "ndb: the database has no header");
  if (version != VERSION)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "ndb: version %u is not known", version);
  if (pages > content.size / PAGE_SIZE)
    return error_set(error, ASSAY_ERROR_INVALID, "ndb: the database is cut off");
  for (size_t at = HEADER_SIZE; at < (size_t)pages * PAGE_SIZE; at += SLOT_SIZE) {
    Slice blob;
    if (!read_slot(content, at, &blob, error))
      return false;
    if (blob.size > 0 && !visit(blob, data, error))
      return false;
  }
  return true;
}
