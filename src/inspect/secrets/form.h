/* What form a file's bytes have, by its head, and the text in them that is
 * searched. Pure. */
#pragma once

#include <glib.h>

#include "base/slice.h"

typedef enum {
  FILE_FORM_TEXT,
  FILE_FORM_LITTLE_UTF16,
  FILE_FORM_BIG_UTF16,
  FILE_FORM_BINARY, /* it has NUL bytes: a database of an application, a key
                       store */
  FILE_FORM_PACKED, /* a program, a picture, what is packed: no text is in it */
} FileForm;

/* What begins with letters alone, as a text may, is packed only where @head has
 * a NUL. */
FileForm file_form_of(Slice head);

/* Shorter runs of text in a binary file are none. */
#define FILE_RUN_LEAST 8u

/* Zero with its form at first. */
typedef struct {
  FileForm form;
  uint8_t kept[FILE_RUN_LEAST]; /* of a run that may become long enough; of
                                   UTF-16 half a letter */
  size_t size;                  /* of what is kept, and more: the run goes on */
} FileText;

/* Appends to @into what of the file's next @bytes is text. Of UTF-16 it is
 * ASCII, with another byte in the place of each other letter; of a binary file
 * its runs of ASCII, each a line. */
void file_text_take(FileText *text, Slice bytes, GByteArray *into);
