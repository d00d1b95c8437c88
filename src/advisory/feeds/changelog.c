/* Parsing of debian/changelog; see the header. */
#include "advisory/feeds/changelog.h"

#include <string.h>

#define CVE_DIGITS_LEAST 4u
#define CVE_DIGITS_MOST  12u

/* "openssl (3.0.16-1~deb12u1) bookworm-security; urgency=medium" */
static bool
parse_head(Slice line, ChangelogEntry *entry)
{
  Slice name, version, distributions;
  if (line.size == 0 || !g_ascii_isalnum(line.data[0]) || !slice_next_field(&line, '(', &name) ||
      !slice_next_field(&line, ')', &version) || line.size == 0 || slice_find(line, ';') < 0 ||
      !slice_next_field(&line, ';', &distributions))
    return false;
  *entry = (ChangelogEntry){slice_strip(name), slice_strip(version), slice_strip(distributions),
                            SLICE_EMPTY};
  return entry->package.size > 0 && slice_find(entry->package, ' ') < 0 &&
         entry->version.size > 0 && slice_find(entry->version, ' ') < 0;
}

bool
changelog_next_entry(Slice *rest, ChangelogEntry *entry)
{
  Slice line;
  do {
    if (!slice_next_line(rest, &line))
      return false;
  } while (!parse_head(line, entry));

  const uint8_t *start = rest->data, *end = start;
  Slice ahead = *rest;
  while (slice_next_line(&ahead, &line)) {
    ChangelogEntry next;
    if (slice_has_prefix(line, SLICE_LITERAL(" -- ")))
      break;
    /* An entry without its signature ends where the next begins. */
    if (parse_head(line, &next)) {
      ahead = slice_new(line.data, (size_t)(rest->data + rest->size - line.data));
      break;
    }
    end = line.data + line.size;
  }
  entry->body = slice_new(start, (size_t)(end - start));
  *rest = ahead;
  return true;
}

static size_t
count_digits(Slice text, size_t from)
{
  size_t at = from;
  while (at < text.size && g_ascii_isdigit(text.data[at]))
    at++;
  return at - from;
}

bool
changelog_next_cve(Slice *text, char id[CVE_TEXT_MAX])
{
  for (size_t at = 0; at + 8 < text->size; at++) {
    if (g_ascii_strncasecmp((const char *)text->data + at, "CVE-", 4) != 0 ||
        count_digits(*text, at + 4) != 4 || text->data[at + 8] != '-')
      continue;
    size_t digits = count_digits(*text, at + 9);
    if (digits < CVE_DIGITS_LEAST || digits > CVE_DIGITS_MOST)
      continue;
    size_t size = 9 + digits;
    memcpy(id, "CVE", 3);
    memcpy(id + 3, text->data + at + 3, size - 3);
    id[size] = '\0';
    *text = slice_sub(*text, at + size, text->size);
    return true;
  }
  *text = SLICE_EMPTY;
  return false;
}

Slice
changelog_find_advisory(Slice text)
{
  for (size_t at = 0; at + 5 < text.size; at++) {
    if (memcmp(text.data + at, "DSA-", 4) != 0 && memcmp(text.data + at, "DLA-", 4) != 0)
      continue;
    size_t digits = count_digits(text, at + 4), size = 4 + digits;
    if (digits < 2 || digits > 6)
      continue;
    if (at + size < text.size && text.data[at + size] == '-') {
      size_t revision = count_digits(text, at + size + 1);
      if (revision > 0 && revision <= 3)
        size += 1 + revision;
    }
    return slice_sub(text, at, size);
  }
  return SLICE_EMPTY;
}

GBytes *
changelog_from_diff(Slice diff)
{
  Slice line;
  bool found = false;
  while (!found && slice_next_line(&diff, &line))
    found = slice_has_prefix(line, SLICE_LITERAL("+++ ")) &&
            g_strstr_len((const char *)line.data, (gssize)line.size, "/debian/changelog") != NULL;
  if (!found)
    return NULL;
  g_autoptr(GByteArray) text = g_byte_array_new();
  while (slice_next_line(&diff, &line) && !slice_has_prefix(line, SLICE_LITERAL("--- "))) {
    if (line.size == 0 || (line.data[0] != '+' && line.data[0] != ' '))
      continue; /* what it takes away, and the heads of its hunks */
    g_byte_array_append(text, line.data + 1, (guint)line.size - 1);
    g_byte_array_append(text, (const uint8_t *)"\n", 1);
  }
  return g_byte_array_free_to_bytes(g_steal_pointer(&text));
}
