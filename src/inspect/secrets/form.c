/* The form of a file's bytes; see the header. */
#include "inspect/secrets/form.h"

#include <string.h>

/* In the place of a letter that ASCII does not have. */
#define OTHER_LETTER 0xbf
/* Of a head without a mark of UTF-16: so many bytes must look like it. */
#define UTF16_LEAST 8u

static const struct {
  const char *bytes;
  size_t size;
} packed[] = {
    {"\177ELF", 4},
    {"\x89PNG", 4},
    {"GIF8", 4},
    {"\xff\xd8\xff", 3},
    {"\x1f\x8b", 2},
    {"\xfd"
     "7zXZ",
     5},
    {"\x28\xb5\x2f\xfd", 4},
    {"BZh", 3},
    {"PK\3\4", 4},
    {"7z\xbc\xaf", 4},
    {"\xca\xfe\xba\xbe", 4},
    {"\xcf\xfa\xed\xfe", 4},
    {"\xda\xda\xfe\xca", 4},
    {"JM\1\0PK", 6},
    {"MZ", 2},
    {"!<arch>\n", 8},
    {"\0asm", 4},
    {"wOFF", 4},
    {"wOF2", 4},
    {"OggS", 4},
    {"ID3", 3},
    {"RIFF", 4},
    {"\0\1\0\0\0", 5},
    {"OTTO", 4},
    {"%PDF", 4},
    {"\xde\x12\x04\x95", 4},
    {"\x30\x31\x30\x37", 4},
    {"TZif", 4},
};

static bool
is_text(uint8_t byte)
{
  return (byte >= ' ' && byte < 127) || byte == '\t' || byte == '\n' || byte == '\r';
}

static bool
is_all_text(Slice bytes)
{
  for (size_t i = 0; i < bytes.size; i++)
    if (!is_text(bytes.data[i]))
      return false;
  return true;
}

static bool
is_packed(Slice head, bool has_nul)
{
  for (size_t i = 0; i < G_N_ELEMENTS(packed); i++) {
    Slice mark = slice_new(packed[i].bytes, packed[i].size);
    if (slice_has_prefix(head, mark) && (has_nul || !is_all_text(mark)))
      return true;
  }
  return false;
}

/* Whether each second byte from @nul on is NUL, and each other one text. */
static bool
has_halves(Slice head, size_t nul)
{
  for (size_t i = 0; i < UTF16_LEAST; i++)
    if (head.size < UTF16_LEAST || (i % 2 == nul ? head.data[i] != 0 : !is_text(head.data[i])))
      return false;
  return true;
}

FileForm
file_form_of(Slice head)
{
  bool has_nul = memchr(head.data, 0, head.size) != NULL;
  if (is_packed(head, has_nul))
    return FILE_FORM_PACKED;
  if (slice_has_prefix(head, slice_new("\xff\xfe", 2)) || has_halves(head, 1))
    return FILE_FORM_LITTLE_UTF16;
  if (slice_has_prefix(head, slice_new("\xfe\xff", 2)) || has_halves(head, 0))
    return FILE_FORM_BIG_UTF16;
  return has_nul ? FILE_FORM_BINARY : FILE_FORM_TEXT;
}

/* --- taking the text --- */

static uint8_t *
take_utf16(FileText *text, Slice bytes, uint8_t *out)
{
  for (size_t i = 0; i < bytes.size; i++) {
    if (text->size == 0) {
      text->kept[text->size++] = bytes.data[i];
      continue;
    }
    text->size = 0;
    bool little = text->form == FILE_FORM_LITTLE_UTF16;
    uint8_t high = little ? bytes.data[i] : text->kept[0];
    *out++ = high != 0 ? OTHER_LETTER : little ? text->kept[0] : bytes.data[i];
  }
  return out;
}

static uint8_t *
take_runs(FileText *text, Slice bytes, uint8_t *out)
{
  for (size_t i = 0; i < bytes.size; i++) {
    uint8_t byte = bytes.data[i];
    if (!is_text(byte)) {
      if (text->size >= FILE_RUN_LEAST)
        *out++ = '\n';
      text->size = 0;
    } else if (text->size >= FILE_RUN_LEAST) {
      *out++ = byte;
    } else {
      text->kept[text->size++] = byte;
      if (text->size == FILE_RUN_LEAST) {
        memcpy(out, text->kept, FILE_RUN_LEAST);
        out += FILE_RUN_LEAST;
      }
    }
  }
  return out;
}

void
file_text_take(FileText *text, Slice bytes, GByteArray *into)
{
  guint before = into->len;
  if (text->form == FILE_FORM_TEXT) {
    g_byte_array_append(into, bytes.data, (guint)bytes.size);
    return;
  }
  g_byte_array_set_size(into, before + (guint)bytes.size + FILE_RUN_LEAST);
  uint8_t *out = into->data + before;
  uint8_t *end =
      text->form == FILE_FORM_BINARY ? take_runs(text, bytes, out) : take_utf16(text, bytes, out);
  g_byte_array_set_size(into, (guint)(end - into->data));
}
