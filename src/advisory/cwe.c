/* Numbers of the Common Weakness Enumeration; see the header. */
#include "advisory/cwe-private.h"

#include <string.h>

#define PREFIX "CWE-"
/* Of digits: the numbers have had four since 2019. */
#define DIGITS_MAX 5

/* 0: it is none. */
static uint16_t
number_of(const char *id)
{
  guint64 number = 0;
  if (id == NULL || g_ascii_strncasecmp(id, PREFIX, strlen(PREFIX)) != 0 ||
      strlen(id) > strlen(PREFIX) + DIGITS_MAX ||
      !g_ascii_string_to_unsigned(id + strlen(PREFIX), 10, 1, G_MAXUINT16, &number, NULL))
    return 0;
  return (uint16_t)number;
}

static void
add_number(Cwes *cwes, uint16_t number)
{
  for (unsigned i = 0; number != 0 && i < CWES_MAX; i++) {
    if (cwes->numbers[i] == number)
      return;
    if (cwes->numbers[i] == 0) {
      cwes->numbers[i] = number;
      return;
    }
  }
}

void
cwes_add(Cwes *cwes, const char *id)
{
  add_number(cwes, number_of(id));
}

void
cwes_add_all(Cwes *cwes, const json_t *ids)
{
  size_t index;
  json_t *id;
  json_array_foreach(ids, index, id) {
    cwes_add(cwes, json_string_value(id));
  }
}

void
cwes_add_chain(Cwes *cwes, const char *text)
{
  for (const char *at = text; at != NULL && (at = strstr(at, PREFIX)) != NULL;) {
    size_t size = strlen(PREFIX);
    while (g_ascii_isdigit(at[size]))
      size++;
    g_autofree char *id = g_strndup(at, size);
    cwes_add(cwes, id);
    at += size;
  }
}

void
cwes_unite(Cwes *cwes, const Cwes *others)
{
  for (unsigned i = 0; i < CWES_MAX; i++)
    add_number(cwes, others->numbers[i]);
}

unsigned
cwes_count(const Cwes *cwes)
{
  unsigned count = 0;
  while (count < CWES_MAX && cwes->numbers[count] != 0)
    count++;
  return count;
}

GStrv
cwes_to_ids(const Cwes *cwes)
{
  unsigned count = cwes_count(cwes);
  GStrv ids = count == 0 ? NULL : g_new0(char *, count + 1);
  for (unsigned i = 0; i < count; i++)
    ids[i] = g_strdup_printf(PREFIX "%u", cwes->numbers[i]);
  return ids;
}

unsigned
cwe_number(const char *id)
{
  return number_of(id);
}

void
cwes_write(const Cwes *cwes, GByteArray *out)
{
  unsigned count = cwes_count(cwes);
  byte_array_add_varint(out, count);
  for (unsigned i = 0; i < count; i++)
    byte_array_add_varint(out, cwes->numbers[i]);
}

bool
cwes_take(Slice *rest, Cwes *cwes)
{
  uint64_t count, number;
  if (!slice_take_varint(rest, &count) || count > CWES_MAX)
    return false;
  for (uint64_t i = 0; i < count; i++) {
    if (!slice_take_varint(rest, &number) || number == 0 || number > G_MAXUINT16)
      return false;
    cwes->numbers[i] = (uint16_t)number;
  }
  return true;
}
