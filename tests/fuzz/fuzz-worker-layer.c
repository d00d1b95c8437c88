/* The whole job of a worker on a layer: its entries, links and databases. */
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "fuzz-bytes.h"
#include "inspect/packages/packages.h"
#include "inspect/worker-private.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static bool prepared;
  if (!prepared) {
    auto_fd int file = memory_file_new("layer", NULL);
    g_assert_cmpint(dup2(file, STDIN_FILENO), ==, STDIN_FILENO);
    rpm_database_prepare();
    prepared = true;
  }
  g_assert_cmpint(pwrite(STDIN_FILENO, data, size, 0), ==, (ssize_t)size);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) links = g_ptr_array_new();
  g_autoptr(json_t) answer = worker_layer((WorkerInput){0, size}, &fuzz_limits, links, &error);
  g_assert_true((answer == NULL) == (error != NULL));
  if (answer == NULL)
    return 0;
  g_autoptr(LayerInventory) inventory =
      layer_inventory_from_json(json_object_get(answer, "inventory"), &error);
  g_assert_no_error(error);
  fuzz_check_inventory(inventory);
  return 0;
}
