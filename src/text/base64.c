/* base64 with padding; see the header. */
#include "text/base64.h"

GBytes *
base64_decode(Slice text)
{
  if (text.size % 4 != 0 || slice_find(text, 0) >= 0)
    return NULL;
  g_autofree char *copy = slice_to_string(text);
  gsize size = 0;
  g_autofree guchar *bytes = g_base64_decode(copy, &size);
  g_autofree char *again = g_base64_encode(bytes, size);
  if (!slice_equal_string(text, again))
    return NULL;
  return g_bytes_new_take(g_steal_pointer(&bytes), size);
}
