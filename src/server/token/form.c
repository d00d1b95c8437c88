/* Bodies of forms; see the header. */
#include "server/token/form.h"

#include <string.h>

static char *
decode(Slice text)
{
  GString *decoded = g_string_sized_new(text.size);
  for (size_t i = 0; i < text.size; i++) {
    char c = (char)text.data[i];
    if (c == '%' && i + 2 < text.size && g_ascii_isxdigit((char)text.data[i + 1]) &&
        g_ascii_isxdigit((char)text.data[i + 2])) {
      c = (char)(g_ascii_xdigit_value((char)text.data[i + 1]) << 4 |
                 g_ascii_xdigit_value((char)text.data[i + 2]));
      i += 2;
    } else if (c == '+') {
      c = ' ';
    }
    g_string_append_c(decoded, c);
  }
  bool good = g_utf8_validate_len(decoded->str, decoded->len, NULL);
  return g_string_free(decoded, !good);
}

GStrv
form_values(Slice body, const char *name)
{
  g_autoptr(GStrvBuilder) values = g_strv_builder_new();
  Slice rest = body, field;
  while (slice_next_field(&rest, '&', &field)) {
    gssize equals = slice_find(field, '=');
    size_t cut = equals < 0 ? field.size : (size_t)equals;
    g_autofree char *key = decode(slice_sub(field, 0, cut));
    if (g_strcmp0(key, name) != 0)
      continue;
    g_autofree char *value = decode(slice_sub(field, cut + 1, SIZE_MAX));
    if (value != NULL)
      g_strv_builder_add(values, value);
  }
  return g_strv_builder_end(values);
}

char *
form_value(Slice body, const char *name)
{
  g_auto(GStrv) values = form_values(body, name);
  return g_strdup(values[0]);
}
