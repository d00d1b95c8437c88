/* Reading of deb822 stanzas; see the header. */
#include "text/deb822.h"

#include <string.h>

bool
deb822_next_stanza(Slice *rest, Slice *stanza)
{
  Slice line, ahead = *rest;
  const uint8_t *start = NULL, *end = NULL;
  while (slice_next_line(&ahead, &line)) {
    bool empty = slice_strip(line).size == 0;
    if (empty && start != NULL)
      break;
    if (empty)
      continue;
    if (start == NULL)
      start = line.data;
    end = line.data + line.size;
  }
  *rest = ahead;
  if (start == NULL)
    return false;
  *stanza = slice_new(start, (size_t)(end - start));
  return true;
}

static bool
goes_on(Slice line)
{
  return line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t');
}

bool
deb822_get(Slice stanza, const char *field, Slice *value)
{
  size_t length = strlen(field);
  Slice line;
  while (slice_next_line(&stanza, &line)) {
    if (line.size <= length || line.data[length] != ':' ||
        g_ascii_strncasecmp((const char *)line.data, field, length) != 0)
      continue;
    const uint8_t *start = line.data + length + 1, *end = line.data + line.size;
    while (goes_on(stanza) && slice_next_line(&stanza, &line))
      end = line.data + line.size;
    *value = slice_strip(slice_new(start, (size_t)(end - start)));
    return true;
  }
  return false;
}

char *
deb822_get_text(Slice stanza, const char *field)
{
  Slice value;
  return deb822_get(stanza, field, &value) ? slice_to_utf8(value) : NULL;
}

static bool
next_word(Slice *rest, Slice *word)
{
  *rest = slice_strip(*rest);
  size_t size = 0;
  while (size < rest->size && rest->data[size] != ' ' && rest->data[size] != '\t')
    size++;
  *word = slice_sub(*rest, 0, size);
  *rest = slice_sub(*rest, size, rest->size);
  return size > 0;
}

bool
deb822_next_file(Slice *list, Slice *hash, uint64_t *size, Slice *name)
{
  Slice line, number, more;
  while (slice_next_line(list, &line))
    if (next_word(&line, hash) && next_word(&line, &number) && slice_to_uint64(number, size) &&
        next_word(&line, name) && !next_word(&line, &more))
      return true;
  return false;
}
