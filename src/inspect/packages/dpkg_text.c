/* dpkg's stanzas as tokens; the rules are those of parse_stanza() in dpkg's lib/dpkg/parse.c. */
#include <string.h>

#include "inspect/packages/dpkg-private.h"

/* Ctrl-Z, the end of a text of MS-DOS: for dpkg it ends a line, and an empty one. */
#define DOS_END 0x1a

bool
dpkg_is_space(uint8_t byte)
{
  return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool
ends_line(uint8_t byte)
{
  return byte == '\n' || byte == DOS_END;
}

/* Of what is at @at and after it. */
static Slice
after(Slice text, size_t at)
{
  return slice_sub(text, at, SIZE_MAX);
}

static Slice
without_end_space(Slice value)
{
  while (value.size > 0 && dpkg_is_space(value.data[value.size - 1]))
    value.size--;
  return value;
}

/* A value as C sees it. */
static Slice
until_nul(Slice value)
{
  gssize nul = slice_find(value, '\0');
  return nul < 0 ? value : slice_sub(value, 0, (size_t)nul);
}

/* Where the line ends that begins at @at: its last byte, or the text's end. */
static size_t
line_end(Slice text, size_t at)
{
  while (at < text.size && !ends_line(text.data[at]))
    at++;
  return at;
}

static DpkgToken
trouble_of(DpkgText *text, const char **trouble, const char *what)
{
  size_t end = line_end(text->rest, 0);
  text->rest = after(text->rest, end + 1);
  text->in_stanza = text->rest.size > 0 && !ends_line(text->rest.data[0]);
  *trouble = what;
  return DPKG_TROUBLE;
}

/* The length of a field's name and of the blanks after it, after which *@colon is. */
static const char *
find_colon(Slice line, size_t *name, size_t *colon)
{
  size_t at = 0;
  while (at < line.size && !dpkg_is_space(line.data[at]) && line.data[at] != ':' &&
         line.data[at] != DOS_END)
    at++;
  *name = at;
  while (at < line.size && line.data[at] != '\n' && dpkg_is_space(line.data[at]))
    at++;
  *colon = at;
  if (*name == 0)
    return "a line begins with a blank or a colon where a field is due";
  if (line.data[0] == '-')
    return "the name of a field begins with a hyphen";
  if (at >= line.size || line.data[at] != ':')
    return "a line is no field: it has no colon after the first word";
  return NULL;
}

/* Where the value ends that begins at @at; *@next is where the next field or an empty line begins.
 * False when the text ends before the line does. */
static bool
find_value_end(Slice text, size_t at, size_t *end, size_t *next)
{
  for (;;) {
    at = line_end(text, at);
    *end = MIN(at, text.size);
    *next = at + 1;
    if (at >= text.size)
      return false;
    /* The very last byte of a text is not looked at when it follows a newline. */
    if (*next + 1 >= text.size) {
      *next = text.size;
      return true;
    }
    if (text.data[*next] == '\n' || !dpkg_is_space(text.data[*next]))
      return true;
    at = *next;
  }
}

static DpkgToken
next_field(DpkgText *text, DpkgField *field, const char **trouble)
{
  Slice rest = text->rest;
  size_t name = 0, at = 0, end = 0, next = 0;
  const char *what = find_colon(rest, &name, &at);
  if (what != NULL)
    return trouble_of(text, trouble, what);
  for (at++; at < rest.size && rest.data[at] != '\n' && dpkg_is_space(rest.data[at]);)
    at++;
  bool complete = at + 1 < rest.size && rest.data[at] != DOS_END;
  complete &= find_value_end(rest, at, &end, &next);
  field->name = slice_sub(rest, 0, name);
  field->value = until_nul(without_end_space(slice_sub(rest, at, end - MIN(at, end))));
  text->rest = after(rest, next);
  text->in_stanza = text->rest.size > 0 && !ends_line(text->rest.data[0]);
  if (complete || (text->lenient && next >= rest.size))
    return DPKG_FIELD;
  *trouble = "the text ends within a field: its last line has no newline";
  return DPKG_TROUBLE;
}

DpkgToken
dpkg_text_next(DpkgText *text, DpkgField *field, const char **trouble)
{
  *field = (DpkgField){SLICE_EMPTY, SLICE_EMPTY};
  if (text->in_stanza)
    return next_field(text, field, trouble);
  bool ended = text->rest.size > 0 && ends_line(text->rest.data[0]);
  while (text->rest.size > 0 && ends_line(text->rest.data[0]))
    text->rest = after(text->rest, 1);
  if (ended)
    return DPKG_STANZA_END;
  if (text->rest.size < 2)
    return DPKG_END;
  text->in_stanza = true;
  return next_field(text, field, trouble);
}
