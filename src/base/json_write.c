/* Compact JSON text. jansson's own writer looks for circles by printing each address into a hash
 * table, and goes through texts letter by letter: a page of 100 images took it as long as all
 * questions to the database. What we write is a tree, of texts that were checked when they were
 * set. */
#include "base/json.h"

static const char *
escape_of(char byte)
{
  switch (byte) {
  case '"':
    return "\\\"";
  case '\\':
    return "\\\\";
  case '\b':
    return "\\b";
  case '\f':
    return "\\f";
  case '\n':
    return "\\n";
  case '\r':
    return "\\r";
  case '\t':
    return "\\t";
  default:
    return NULL;
  }
}

static bool
is_plain(char byte)
{
  return (unsigned char)byte >= 0x20 && byte != '"' && byte != '\\';
}

void
json_append_string(GString *text, const char *string, size_t length)
{
  g_string_append_c(text, '"');
  for (size_t i = 0; i < length;) {
    size_t start = i;
    while (i < length && is_plain(string[i]))
      i++;
    g_string_append_len(text, string + start, (gssize)(i - start));
    if (i == length)
      break;
    const char *escape = escape_of(string[i]);
    if (escape != NULL)
      g_string_append(text, escape);
    else
      g_string_append_printf(text, "\\u%04X", (unsigned)(unsigned char)string[i]);
    i++;
  }
  g_string_append_c(text, '"');
}

static void
write_integer(GString *text, json_int_t integer)
{
  char digits[24], *end = digits + sizeof digits, *first = end;
  /* Of the least one there is no positive counterpart. */
  guint64 rest = integer < 0 ? 0 - (guint64)integer : (guint64)integer;
  do {
    *--first = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (integer < 0)
    *--first = '-';
  g_string_append_len(text, first, end - first);
}

/* Seventeen digits, jansson's own choice, make 9.8000000000000007 of 9.8. */
static void
write_real(GString *text, const json_t *value)
{
  g_autofree char *written = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
  g_assert(written != NULL);
  g_string_append(text, written);
}

static void write_value(GString *text, const json_t *value);

static void
write_array(GString *text, const json_t *array)
{
  g_string_append_c(text, '[');
  for (size_t i = 0; i < json_array_size(array); i++) {
    if (i > 0)
      g_string_append_c(text, ',');
    write_value(text, json_array_get(array, i));
  }
  g_string_append_c(text, ']');
}

static void
write_object(GString *text, json_t *object)
{
  bool first = true;
  g_string_append_c(text, '{');
  for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
    if (!first)
      g_string_append_c(text, ',');
    first = false;
    json_append_string(text, json_object_iter_key(at), json_object_iter_key_len(at));
    g_string_append_c(text, ':');
    write_value(text, json_object_iter_value(at));
  }
  g_string_append_c(text, '}');
}

static void
write_value(GString *text, const json_t *value)
{
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    write_object(text, (json_t *)(uintptr_t)value); /* jansson's iterators are not const */
    return;
  case JSON_ARRAY:
    write_array(text, value);
    return;
  case JSON_STRING:
    json_append_string(text, json_string_value(value), json_string_length(value));
    return;
  case JSON_INTEGER:
    write_integer(text, json_integer_value(value));
    return;
  case JSON_REAL:
    write_real(text, value);
    return;
  case JSON_TRUE:
    g_string_append(text, "true");
    return;
  case JSON_FALSE:
    g_string_append(text, "false");
    return;
  case JSON_NULL:
    g_string_append(text, "null");
    return;
  }
}

char *
json_to_text(const json_t *value)
{
  GString *text = g_string_sized_new(256);
  write_value(text, value);
  return g_string_free(text, FALSE);
}
