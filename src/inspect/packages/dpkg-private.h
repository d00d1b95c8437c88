/* Between dpkg.c and the reader of stanzas. */
#pragma once

#include "base/slice.h"

/* A text of stanzas as dpkg's lib/dpkg/parse.c takes it apart, byte by byte: what other readers of
 * deb-control(5) take for the end of a stanza or of a line need not be one for dpkg. */
typedef struct {
  Slice rest;
  bool in_stanza;
  /* The last value may end without a newline, as in status.d, which dpkg does not read. */
  bool lenient;
} DpkgText;

typedef struct {
  Slice name;
  Slice value; /* may hold newlines: of continued lines */
} DpkgField;

typedef enum {
  DPKG_FIELD,      /* a field of the present stanza */
  DPKG_STANZA_END, /* the next field, if there is one, is another stanza's */
  DPKG_END,
  DPKG_TROUBLE, /* dpkg gives up here, and lists nothing; the next call goes on after it */
} DpkgToken;

/* On DPKG_TROUBLE, *@trouble says what is wrong, in words for a person; @field then has what could
 * be read of the field's value, or an empty name. */
DpkgToken dpkg_text_next(DpkgText *text, DpkgField *field, const char **trouble);

/* isspace() of the C locale, which is dpkg's too. */
bool dpkg_is_space(uint8_t byte);
