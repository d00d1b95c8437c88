/* JSON with comments and with commas after the last value, as bun and Deno write it, made JSON; see
 * the header. */
#include <string.h>

#include "inspect/lockfiles/json5.h"

/* Past a comment that begins at @at; @at where none does. */
static size_t
past_comment(Slice text, size_t at)
{
  if (at + 1 >= text.size || text.data[at] != '/')
    return at;
  if (text.data[at + 1] == '/') {
    while (at < text.size && text.data[at] != '\n')
      at++;
  } else if (text.data[at + 1] == '*') {
    for (at += 2; at < text.size; at++)
      if (text.data[at] == '/' && text.data[at - 1] == '*')
        return at + 1;
  }
  return at;
}

static size_t
past_string(Slice text, size_t at)
{
  for (at++; at < text.size && text.data[at] != '"'; at++)
    if (text.data[at] == '\\')
      at++;
  return MIN(at + 1, text.size);
}

GString *
json5_to_json(Slice text)
{
  GString *plain = g_string_sized_new(text.size);
  gsize comma = 0; /* of the last value, one more than where it is; 0: something came after it */
  for (size_t at = 0, end; at < text.size; at = end) {
    uint8_t byte = text.data[at];
    end = past_comment(text, at);
    if (end > at)
      continue;
    end = byte == '"' ? past_string(text, at) : at + 1;
    if ((byte == ']' || byte == '}') && comma > 0)
      plain->str[comma - 1] = ' ';
    g_string_append_len(plain, (const char *)text.data + at, (gssize)(end - at));
    if (byte == ',')
      comma = plain->len;
    else if (!g_ascii_isspace(byte))
      comma = 0;
  }
  return plain;
}
