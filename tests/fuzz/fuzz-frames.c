/* What a worker writes for ClamAV, as the server reads it, whole and in pieces. */
#include "inspect/malware/frames.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What came of it: each path, and the sum of all bytes. */
static void
read_all(Slice rest, size_t step, GString *told)
{
  g_autoptr(FrameReader) reader = frame_reader_new();
  uint64_t bytes = 0;
  Frame frame;
  while (rest.size > 0) {
    Slice input = slice_sub(rest, 0, step);
    rest = slice_sub(rest, input.size, rest.size - input.size);
    do {
      if (!frame_reader_next(reader, &input, &frame, NULL)) {
        g_string_append(told, "broken");
        return;
      }
      g_assert_true(frame.kind == FRAME_NONE || g_utf8_validate(frame.path, -1, NULL));
      g_assert_true(frame.bytes.size <= FRAMES_PIECE_MAX);
      bytes += frame.bytes.size;
      if (frame.kind == FRAME_FILE || frame.kind == FRAME_END)
        g_string_append_printf(told, "%d %s %" G_GUINT64_FORMAT "\n", frame.kind, frame.path,
                               bytes);
    } while (frame.kind != FRAME_NONE);
    g_assert_true(input.size == 0);
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GString) whole = g_string_new(NULL), parts = g_string_new(NULL);
  read_all(slice_new(data, size), MAX(size, 1), whole);
  read_all(slice_new(data, size), 3, parts);
  g_assert_true(g_string_equal(whole, parts));
  return 0;
}
