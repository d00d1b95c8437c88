/* CBOR; see the header. */
#include "text/cbor.h"

#include <string.h>

#define DEPTH_MAX   16u
#define MAJOR_SHIFT 5
#define INFO_MASK   0x1f
#define INFO_BYTES  24 /* from here on, 1, 2, 4 or 8 bytes follow */

static bool
take_number(Slice *rest, unsigned info, uint64_t *number)
{
  Slice bytes;
  if (info < INFO_BYTES) {
    *number = info;
    return true;
  }
  if (info > INFO_BYTES + 3 || !slice_take(rest, (size_t)1 << (info - INFO_BYTES), &bytes))
    return false;
  *number = 0;
  for (size_t i = 0; i < bytes.size; i++)
    *number = *number << 8 | bytes.data[i];
  /* In the shortest form, or there would be two texts for one value. */
  return bytes.size == 1 ? *number >= INFO_BYTES : *number >> (bytes.size * 4) != 0;
}

static bool
is_text(Slice bytes)
{
  return bytes.size == 0 || (slice_find(bytes, 0) < 0 &&
                             g_utf8_validate((const char *)bytes.data, (gssize)bytes.size, NULL));
}

bool
cbor_take(Slice *rest, CborItem *item)
{
  Slice left = *rest;
  uint8_t head;
  if (!slice_take_uint8(&left, &head))
    return false;
  *item = (CborItem){.type = (CborType)(head >> MAJOR_SHIFT)};
  if (!take_number(&left, head & INFO_MASK, &item->number))
    return false;
  bool has_bytes = item->type == CBOR_BYTES || item->type == CBOR_TEXT;
  if (has_bytes && (item->number > left.size || !slice_take(&left, item->number, &item->bytes)))
    return false;
  if (item->type == CBOR_TEXT && !is_text(item->bytes))
    return false;
  *rest = left;
  return true;
}

bool
cbor_take_type(Slice *rest, CborType type, CborItem *item)
{
  Slice left = *rest;
  if (!cbor_take(&left, item) || item->type != type)
    return false;
  *rest = left;
  return true;
}

static bool
skip(Slice *rest, unsigned depth)
{
  CborItem item;
  if (depth > DEPTH_MAX || !cbor_take(rest, &item))
    return false;
  uint64_t below = item.type == CBOR_LIST  ? item.number
                   : item.type == CBOR_MAP ? item.number
                   : item.type == CBOR_TAG ? 1
                                           : 0;
  /* Each item has a byte at least, so that a count cannot hold it up. */
  if (below > rest->size)
    return false;
  below *= item.type == CBOR_MAP ? 2 : 1;
  for (uint64_t i = 0; i < below; i++)
    if (!skip(rest, depth + 1))
      return false;
  return true;
}

bool
cbor_skip(Slice *rest)
{
  return skip(rest, 0);
}

void
cbor_add(GByteArray *out, CborType type, uint64_t number, Slice bytes)
{
  unsigned size = number < INFO_BYTES    ? 0
                  : number <= UINT8_MAX  ? 1
                  : number <= UINT16_MAX ? 2
                  : number <= UINT32_MAX ? 4
                                         : 8;
  unsigned info = size == 0 ? (unsigned)number : INFO_BYTES + (unsigned)g_bit_nth_lsf(size, -1);
  guint8 head = (guint8)((unsigned)type << MAJOR_SHIFT | info);
  g_byte_array_append(out, &head, 1);
  for (unsigned i = size; i > 0; i--) {
    guint8 byte = (guint8)(number >> ((i - 1) * 8));
    g_byte_array_append(out, &byte, 1);
  }
  if (bytes.size > 0)
    g_byte_array_append(out, bytes.data, (guint)bytes.size);
}
