/* Bounded views of bytes; see the header. */
#include "base/slice.h"

#include <string.h>

Slice
slice_from_string(const char *string)
{
  return string == NULL ? SLICE_EMPTY : slice_new(string, strlen(string));
}

Slice
slice_from_bytes(GBytes *bytes)
{
  gsize size = 0;
  const void *data = bytes == NULL ? NULL : g_bytes_get_data(bytes, &size);
  return slice_new(data, size);
}

bool
slice_equal(Slice a, Slice b)
{
  return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool
slice_equal_string(Slice a, const char *string)
{
  return slice_equal(a, slice_from_string(string));
}

bool
slice_has_prefix(Slice a, Slice prefix)
{
  return slice_equal(slice_sub(a, 0, prefix.size), prefix);
}

Slice
slice_sub(Slice a, size_t offset, size_t size)
{
  if (offset >= a.size)
    return SLICE_EMPTY;
  return slice_new(a.data + offset, MIN(size, a.size - offset));
}

static bool
is_blank(uint8_t byte)
{
  return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

Slice
slice_strip(Slice a)
{
  while (a.size > 0 && is_blank(a.data[0]))
    a = slice_sub(a, 1, a.size - 1);
  while (a.size > 0 && is_blank(a.data[a.size - 1]))
    a.size--;
  return a;
}

gssize
slice_find(Slice a, uint8_t byte)
{
  if (a.size == 0)
    return -1;
  const uint8_t *found = memchr(a.data, byte, a.size);
  return found == NULL ? -1 : found - a.data;
}

char *
slice_to_utf8(Slice a)
{
  return a.size == 0 ? g_strdup("") : g_utf8_make_valid((const char *)a.data, (gssize)a.size);
}

char *
slice_to_string(Slice a)
{
  return a.size == 0 ? g_strdup("") : g_strndup((const char *)a.data, a.size);
}

char *
slice_to_printable(Slice a, size_t most)
{
  g_autofree char *valid = slice_to_utf8(slice_sub(a, 0, most));
  GString *line = g_string_sized_new(strlen(valid));
  for (char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
    gunichar character = g_utf8_get_char(p);
    g_string_append_unichar(line, g_unichar_isprint(character) ? character : '?');
  }
  return g_string_free(line, FALSE);
}

int
text_compare(gconstpointer a, gconstpointer b)
{
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool
slice_is_printable(Slice a)
{
  g_autofree char *printable = slice_to_printable(a, a.size);
  return a.size > 0 && slice_equal_string(a, printable);
}

bool
slice_to_uint64(Slice a, uint64_t *value)
{
  uint64_t sum = 0;
  if (a.size == 0)
    return false;
  for (size_t i = 0; i < a.size; i++) {
    if (a.data[i] < '0' || a.data[i] > '9')
      return false;
    if (__builtin_mul_overflow(sum, (uint64_t)10, &sum) ||
        __builtin_add_overflow(sum, (uint64_t)(a.data[i] - '0'), &sum))
      return false;
  }
  *value = sum;
  return true;
}

bool
slice_next_field(Slice *rest, uint8_t separator, Slice *field)
{
  /* A NULL data pointer marks the end: "a," has a second, empty field; "" has none. */
  if (rest->data == NULL)
    return false;
  gssize at = slice_find(*rest, separator);
  if (at < 0) {
    *field = *rest;
    *rest = SLICE_EMPTY;
    return true;
  }
  *field = slice_new(rest->data, (size_t)at);
  *rest = slice_new(rest->data + at + 1, rest->size - (size_t)at - 1);
  return true;
}

bool
slice_next_line(Slice *rest, Slice *line)
{
  if (rest->size == 0)
    return false;
  slice_next_field(rest, '\n', line);
  if (line->size > 0 && line->data[line->size - 1] == '\r')
    line->size--;
  return true;
}

bool
slice_take(Slice *rest, size_t size, Slice *taken)
{
  if (size > rest->size)
    return false;
  *taken = slice_new(rest->data, size);
  rest->data += size;
  rest->size -= size;
  return true;
}

static bool
take_little_endian(Slice *rest, size_t size, uint64_t *value)
{
  Slice taken;
  if (!slice_take(rest, size, &taken))
    return false;
  *value = 0;
  for (size_t i = size; i > 0; i--)
    *value = *value << 8 | taken.data[i - 1];
  return true;
}

bool
slice_take_uint8(Slice *rest, uint8_t *value)
{
  uint64_t wide;
  if (!take_little_endian(rest, sizeof *value, &wide))
    return false;
  *value = (uint8_t)wide;
  return true;
}

bool
slice_take_uint32(Slice *rest, uint32_t *value)
{
  uint64_t wide;
  if (!take_little_endian(rest, sizeof *value, &wide))
    return false;
  *value = (uint32_t)wide;
  return true;
}

bool
slice_take_uint64(Slice *rest, uint64_t *value)
{
  return take_little_endian(rest, sizeof *value, value);
}

bool
slice_take_varint(Slice *rest, uint64_t *value)
{
  uint64_t sum = 0;
  for (size_t i = 0; i < 10 && i < rest->size; i++) {
    uint8_t byte = rest->data[i];
    if (i == 9 && byte > 1)
      return false;
    sum |= (uint64_t)(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0) {
      *value = sum;
      rest->data += i + 1;
      rest->size -= i + 1;
      return true;
    }
  }
  return false;
}

bool
slice_take_prefixed(Slice *rest, Slice *taken)
{
  Slice ahead = *rest;
  uint64_t size;
  if (!slice_take_varint(&ahead, &size) || size > ahead.size || !slice_take(&ahead, size, taken))
    return false;
  *rest = ahead;
  return true;
}

static void
add_little_endian(GByteArray *out, uint64_t value, size_t size)
{
  for (size_t i = 0; i < size; i++) {
    uint8_t byte = (uint8_t)(value >> (8 * i));
    g_byte_array_append(out, &byte, 1);
  }
}

void
byte_array_add_uint32(GByteArray *out, uint32_t value)
{
  add_little_endian(out, value, sizeof value);
}

void
byte_array_add_uint64(GByteArray *out, uint64_t value)
{
  add_little_endian(out, value, sizeof value);
}

void
byte_array_add_varint(GByteArray *out, uint64_t value)
{
  do {
    uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    g_byte_array_append(out, &byte, 1);
    value >>= 7;
  } while (value != 0);
}

void
byte_array_add_prefixed(GByteArray *out, Slice bytes)
{
  byte_array_add_varint(out, bytes.size);
  if (bytes.size > 0)
    g_byte_array_append(out, bytes.data, (guint)bytes.size);
}

void **
text_sorted_keys(GHashTable *table, guint *count)
{
  void **keys = g_hash_table_get_keys_as_array(table, count);
  qsort(keys, *count, sizeof *keys, text_compare);
  return keys;
}
