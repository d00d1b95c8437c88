/* The header of an RPM package, in the simplest database around it: one page of ndb. */
#include "fuzz-bytes.h"
#include "inspect/packages/packages.h"

#define PAGE_SIZE 4096

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const uint32_t page[] = {0x506d7052,     0, 1, 1, 2, 0, 0, 0, 0x746f6c53, 1,
                                  PAGE_SIZE / 16, 0};
  static const uint32_t slot[] = {0x746f6c53, 0, 0, 0};
  const uint32_t blob[] = {0x53626c42, 1, 1, (uint32_t)size};
  g_autoptr(GByteArray) database = g_byte_array_new();
  g_byte_array_append(database, (const guint8 *)page, sizeof page);
  while (database->len < PAGE_SIZE)
    g_byte_array_append(database, (const guint8 *)slot, sizeof slot);
  g_byte_array_append(database, (const guint8 *)blob, sizeof blob);
  g_byte_array_append(database, data, (guint)size);
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  rpm_database_parse(slice_new(database->data, database->len), "x", inventory);
  g_assert_cmpuint(inventory->packages->len, <=, 1);
  fuzz_check_inventory(inventory);
  return 0;
}
