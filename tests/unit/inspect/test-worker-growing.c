/* A layer that the worker reads while it is written. */
#include "base/error.h"
#include "base/fd.h"
#include "inspect/inspection.h"
#include "worker_layers.h"

typedef struct {
  int fd;
  Slice bytes;
  WorkerGrowth *growth;
  bool ends;
} Writer;

static void *
write_slowly(void *data)
{
  const Writer *writer = data;
  uint64_t written = 0;
  for (Slice rest = writer->bytes; rest.size > 0;) {
    Slice piece = slice_sub(rest, 0, MIN(rest.size, 61));
    g_assert_true(fd_write_all(writer->fd, piece, NULL));
    written += piece.size;
    worker_growth_tell(writer->growth, written);
    g_usleep(1000);
    rest = slice_sub(rest, piece.size, rest.size);
  }
  if (writer->ends)
    g_assert_true(worker_growth_end(writer->growth, written));
  return NULL;
}

/* The same layer, read while it is written; one whose end never comes is given up. */
static void
test_growing(void)
{
  InspectionLimits limits = default_limits();
  g_autoptr(GByteArray) tar = make_tar(debian);
  g_autoptr(GByteArray) packed = gzip(tar);
  for (int ends = 0; ends < 2; ends++) {
    g_autoptr(GError) error = NULL;
    auto_fd int fd = memory_file_new("layer", &error);
    WorkerGrowth growth;
    g_assert_true(worker_growth_init(&growth, 1, &error));
    Writer writer = {fd, slice_new(packed->data, packed->len), &growth, ends != 0};
    GThread *thread = g_thread_new("writer", write_slowly, &writer);
    InspectionInput input = {.fd = fd, .growth = &growth};
    g_autoptr(LayerInventory) layer = inspect_layer(&input, &limits, NULL, &error);
    g_thread_join(thread);
    worker_growth_clear(&growth);
    if (ends == 0) {
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_BUSY);
      continue;
    }
    g_assert_no_error(error);
    assert_debian(layer);
    g_assert_cmpuint(layer->packed_bytes, ==, packed->len);
  }
}

/* A worker that does not listen holds nobody up, and is not told the end. */
static void
test_deaf(void)
{
  g_autoptr(GError) error = NULL;
  WorkerGrowth growth;
  g_assert_true(worker_growth_init(&growth, 1, &error));
  for (uint64_t bytes = 1; bytes <= 100000; bytes++)
    worker_growth_tell(&growth, bytes);
  g_assert_false(worker_growth_end(&growth, 100000));
  /* What it has is for reading alone. */
  g_assert_cmpint(write(growth.listens, "", 1), <, 0);
  worker_growth_clear(&growth);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  worker_set_program(g_getenv("ASSAY_PROGRAM"));
  g_test_add_func("/worker/growing", test_growing);
  g_test_add_func("/worker/deaf", test_deaf);
  return g_test_run();
}
