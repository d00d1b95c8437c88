/* MD5 (RFC 1321) of many texts, eight at a time.
 *
 * Each step of MD5 waits for the one before, so that a processor is mostly idle with one text. With
 * one text in each lane of a vector it makes eight in hardly more time. Texts come one after the
 * other, so what is not yet digested is kept, up to MD5_POOL_BYTES of all. One thread. */
#pragma once

#include "base/slice.h"

#define MD5_BYTES      16u
#define MD5_POOL_BYTES ((size_t)32 << 20)

typedef struct Md5Lanes Md5Lanes;
Md5Lanes *md5_lanes_new(void);
void md5_lanes_free(Md5Lanes *lanes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Md5Lanes, md5_lanes_free)

/* A text begins, and the one before has ended: it gets bytes, and ends. */
void md5_lanes_begin(Md5Lanes *lanes);
void md5_lanes_add(Md5Lanes *lanes, Slice bytes);
/* The text's number: 0 for the first, 1 for the next. */
uint32_t md5_lanes_end(Md5Lanes *lanes);

/* Of a text that has ended: MD5_BYTES, until the next text ends. */
const uint8_t *md5_lanes_digest(Md5Lanes *lanes, uint32_t number);
