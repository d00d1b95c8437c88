/* DER (X.690), as far as it is needed where GnuTLS has no function for a structure: one element
 * after the other. Pure. */
#pragma once

#include "base/slice.h"

enum {
  DER_BOOLEAN = 0x01,
  DER_INTEGER = 0x02,
  DER_BITS = 0x03,
  DER_BYTES = 0x04,
  DER_OID = 0x06,
  DER_TEXT = 0x0c, /* UTF8String */
  DER_TIME = 0x18, /* GeneralizedTime */
  DER_LIST = 0x30,
  DER_CONTEXT = 0xa0 /* and a number: constructed, and what it is says the context */
};

/* Takes the element of that tag from the front of @rest; false: there is none, or it is longer than
 * @rest, and @rest stays. */
bool der_take(Slice *rest, uint8_t tag, Slice *content);
/* Takes any element. @whole: with its head; or NULL. */
bool der_take_any(Slice *rest, uint8_t *tag, Slice *content, Slice *whole);
/* As der_take(), with its head. */
bool der_take_whole(Slice *rest, uint8_t tag, Slice *whole);

/* Adds an element. @content: less than 16 MiB. */
void der_add(GByteArray *out, uint8_t tag, Slice content);
/* Adds a number that is not negative: @bytes with the most significant first. */
void der_add_number(GByteArray *out, Slice bytes);
