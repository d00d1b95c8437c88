/* CBOR (RFC 8949), as signatures have it: items of definite length in their shortest form, which is
 * one text for each value. Bounded by the bytes that there are; pure. */
#pragma once

#include "base/slice.h"

typedef enum {
  CBOR_NUMBER,   /* 0 and up */
  CBOR_NEGATIVE, /* -1 - number */
  CBOR_BYTES,
  CBOR_TEXT, /* valid UTF-8, without NUL */
  CBOR_LIST, /* of `number` items, which follow */
  CBOR_MAP,  /* of `number` pairs of items, which follow */
  CBOR_TAG,  /* of the item that follows */
  CBOR_SIMPLE
} CborType;

typedef struct {
  CborType type;
  uint64_t number;
  Slice bytes; /* of CBOR_BYTES and CBOR_TEXT */
} CborItem;

/* Takes one item from the front; of lists, maps and tags the head alone. False: there is none, and
 * nothing is taken. */
bool cbor_take(Slice *rest, CborItem *item);
/* The same, when it is of that type. */
bool cbor_take_type(Slice *rest, CborType type, CborItem *item);
/* Takes one item with all that it holds, at most 16 deep. */
bool cbor_skip(Slice *rest);
/* Adds a head, and with @bytes (or SLICE_EMPTY) what it is of. */
void cbor_add(GByteArray *out, CborType type, uint64_t number, Slice bytes);
