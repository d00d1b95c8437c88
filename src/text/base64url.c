/* base64url; see the header. */
#include "text/base64url.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *
base64url_encode(Slice bytes)
{
  GString *text = g_string_sized_new(bytes.size / 3 * 4 + 4);
  uint32_t bits = 0;
  unsigned held = 0;
  for (size_t i = 0; i < bytes.size; i++) {
    bits = bits << 8 | bytes.data[i];
    for (held += 8; held >= 6; held -= 6)
      g_string_append_c(text, letters[bits >> (held - 6) & 63]);
  }
  if (held > 0)
    g_string_append_c(text, letters[bits << (6 - held) & 63]);
  return g_string_free(text, FALSE);
}

static int
value_of(uint8_t letter)
{
  if (letter >= 'A' && letter <= 'Z')
    return letter - 'A';
  if (letter >= 'a' && letter <= 'z')
    return letter - 'a' + 26;
  if (letter >= '0' && letter <= '9')
    return letter - '0' + 52;
  return letter == '-' ? 62 : letter == '_' ? 63 : -1;
}

GBytes *
base64url_decode(Slice text)
{
  g_autoptr(GByteArray) bytes = g_byte_array_sized_new((guint)(text.size / 4 * 3 + 3));
  uint32_t bits = 0;
  unsigned held = 0;
  for (size_t i = 0; i < text.size; i++) {
    int value = value_of(text.data[i]);
    if (value < 0)
      return NULL;
    bits = bits << 6 | (uint32_t)value;
    held += 6;
    if (held < 8)
      continue;
    held -= 8;
    const uint8_t byte = (uint8_t)(bits >> held);
    g_byte_array_append(bytes, &byte, 1);
  }
  /* What is left over are zero bits, and fewer than a letter has. */
  if (held >= 6 || (bits & ((1u << held) - 1)) != 0)
    return NULL;
  return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}
