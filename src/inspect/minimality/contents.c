/* A checksum of each larger file, by which files of the same content are found (shed.h). It is not
 * for safety: whoever makes two files of one checksum has a figure told that is wrong. */
#include <isa-l/crc64.h>

#include "inspect/minimality/minimality.h"

typedef struct {
  uint64_t checksum, size;
  bool skipped; /* holes of a sparse file were passed over */
} Content;

static bool
wants(const FileView *file)
{
  return file->size >= CONTENT_MIN;
}

static void
piece(void **state, const FileView *file, uint64_t at, Slice bytes, LayerInventory *into)
{
  if (*state == NULL)
    *state = g_new0(Content, 1);
  Content *content = *state;
  content->skipped |= at > content->size;
  content->size = at + bytes.size;
  if (bytes.size > 0) {
    content->checksum = crc64_ecma_refl(content->checksum, bytes.data, bytes.size);
    return;
  }
  into->content = content->skipped ? 0 : MAX(content->checksum, 1);
  g_clear_pointer(state, g_free);
}

const Detector contents_detector = {
    .name = "contents", .version = 1, .wants = wants, .piece = piece, .observes = true};
