/* Elements of DER; see the header. */
#include "text/der.h"

bool
der_take_any(Slice *rest, uint8_t *tag, Slice *content, Slice *whole)
{
  Slice left = *rest, bytes;
  uint8_t first;
  if (!slice_take_uint8(&left, tag) || !slice_take_uint8(&left, &first))
    return false;
  size_t size = first;
  if (first >= 0x80) {
    if (first == 0x80 || first > 0x84 || !slice_take(&left, first - 0x80u, &bytes))
      return false;
    size = 0;
    for (size_t i = 0; i < bytes.size; i++)
      size = size << 8 | bytes.data[i];
  }
  if (!slice_take(&left, size, content))
    return false;
  if (whole != NULL)
    *whole = slice_new(rest->data, rest->size - left.size);
  *rest = left;
  return true;
}

bool
der_take(Slice *rest, uint8_t tag, Slice *content)
{
  Slice left = *rest;
  uint8_t found;
  if (!der_take_any(&left, &found, content, NULL) || found != tag)
    return false;
  *rest = left;
  return true;
}

bool
der_take_whole(Slice *rest, uint8_t tag, Slice *whole)
{
  Slice before = *rest, content;
  if (!der_take(rest, tag, &content))
    return false;
  *whole = slice_new(before.data, before.size - rest->size);
  return true;
}

void
der_add(GByteArray *out, uint8_t tag, Slice content)
{
  const uint8_t size[] = {(uint8_t)(content.size >> 16), (uint8_t)(content.size >> 8),
                          (uint8_t)content.size};
  g_byte_array_append(out, &tag, 1);
  if (content.size >= 0x80) {
    unsigned skipped = content.size > 0xffff ? 0 : content.size > 0xff ? 1 : 2;
    const uint8_t head = (uint8_t)(0x80 + sizeof size - skipped);
    g_byte_array_append(out, &head, 1);
    g_byte_array_append(out, size + skipped, (guint)sizeof size - skipped);
  } else {
    g_byte_array_append(out, size + 2, 1);
  }
  if (content.size > 0)
    g_byte_array_append(out, content.data, (guint)content.size);
}

void
der_add_number(GByteArray *out, Slice bytes)
{
  static const uint8_t zero = 0;
  g_autoptr(GByteArray) number = g_byte_array_new();
  while (bytes.size > 0 && bytes.data[0] == 0)
    bytes = slice_sub(bytes, 1, bytes.size);
  if (bytes.size == 0 || bytes.data[0] >= 0x80)
    g_byte_array_append(number, &zero, 1);
  if (bytes.size > 0)
    g_byte_array_append(number, bytes.data, (guint)bytes.size);
  der_add(out, DER_INTEGER, slice_new(number->data, number->len));
}
