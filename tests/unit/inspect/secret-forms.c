/* Makes secrets of forms; see the header. The same random numbers make the same secrets. */
#include <stdlib.h>
#include <string.h>

#include "secret-cases.h"

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static const char *
alphabet(char kind)
{
  switch (kind) {
  case 'A':
    return DIGITS UPPER LOWER;
  case 'a':
    return DIGITS LOWER;
  case 'U':
    return DIGITS UPPER;
  case 'L':
    return UPPER LOWER;
  case 'u':
    return UPPER "234567";
  case 'h':
    return DIGITS "abcdef";
  case 'd':
    return DIGITS;
  case 'b':
    return DIGITS UPPER LOWER "-_";
  default:
    return DIGITS UPPER LOWER "+/";
  }
}

/* With a digit and a letter, as nearly all have: and so the cases do not depend on luck. */
static void
append_random(GString *text, GRand *random, char kind, unsigned count)
{
  const char *letters = alphabet(kind);
  int size = (int)strlen(letters);
  gsize start = text->len;
  for (unsigned i = 0; i < count; i++)
    g_string_append_c(text, letters[g_rand_int_range(random, 0, size)]);
  if (count < 8 || kind == 'd' || kind == 'L')
    return;
  text->str[start + 1] = kind == 'u' ? '2' : '7';
  text->str[start + 3] = kind == 'U' || kind == 'u' ? 'Q' : 'b';
  text->str[start + 4] = kind == 'U' || kind == 'u' ? 'K' : 'e';
  text->str[start + count - 1] = kind == 'u' ? '3' : '5';
}

char *
secret_case_text(GRand *random, const char *form, unsigned short_by)
{
  GString *text = g_string_new(NULL);
  const char *last = NULL;
  for (const char *at = strchr(form, '<'); at != NULL; at = strchr(at + 1, '<'))
    if (g_str_has_prefix(at, "<uuid>") || g_ascii_isdigit(at[2]))
      last = at;
  for (const char *at = form; *at != '\0'; at++) {
    unsigned fewer = at == last ? short_by : 0;
    if (fewer == SECRET_CASE_PLACEHOLDER) {
      g_string_append(text, "changeme-please-1");
      at = strchr(at, '>');
    } else if (g_str_has_prefix(at, "<uuid>")) {
      static const unsigned parts[] = {8, 4, 4, 4, 12};
      for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        append_random(text, random, 'h', i == 4 ? parts[i] - fewer : parts[i]);
        g_string_append(text, i == 4 ? "" : "-");
      }
      at += strlen("<uuid>") - 1;
    } else if (*at == '<' && g_ascii_isdigit(at[2])) {
      char *end;
      append_random(text, random, at[1], (unsigned)strtoul(at + 2, &end, 10) - fewer);
      at = end;
    } else {
      g_string_append_c(text, *at);
    }
  }
  return g_string_free(text, FALSE);
}

char *
secret_case_key(GRand *random, unsigned count, gboolean encrypted)
{
  g_autofree guint8 *bytes = g_malloc(count);
  for (unsigned i = 0; i < count; i++)
    bytes[i] = (guint8)g_rand_int_range(random, 0, 256);
  const guint8 head[] = {0x30, 0x82, (guint8)((count - 4) >> 8), (guint8)(count - 4)};
  const guint8 version[] = {2, 1, 0, 0x30};
  memcpy(bytes, head, sizeof head);
  memcpy(bytes + sizeof head, version, sizeof version);
  if (encrypted)
    bytes[4] = 0x30;
  return g_base64_encode(bytes, count);
}
