/* Programs and runtimes by what their own bytes say: the file's name chooses the rules. */
#include "inspect/programs/version_strings.h"
#include "inspect/programs/version_scan.h"

static void
piece(void **state, const FileView *file, uint64_t at, Slice bytes, LayerInventory *into)
{
  if (*state == NULL)
    *state = version_scan_new(file->path, file->head);
  if (bytes.size > 0) {
    version_scan_add(*state, bytes);
    return;
  }
  version_scan_finish(*state, into);
  *state = NULL;
}

const Detector version_strings_detector = {
    .name = "version-strings",
    .version = 1,
    .wants_path = version_scan_wants,
    .piece = piece,
};
