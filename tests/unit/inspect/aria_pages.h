/* A table of MariaDB's accounts as its file has it: for tests. */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <string.h>

#define ARIA_PAGE 8192u

static inline void
aria_put(uint8_t *at, size_t value, unsigned width)
{
  for (unsigned i = 0; i < width; i++)
    at[i] = (uint8_t)(value >> 8 * i);
}

/* The bytes of a row: flags, the size of the lengths, which are empty, the lengths, the texts. */
static inline size_t
aria_put_row(uint8_t *row, const char *const *texts)
{
  static const unsigned widths[] = {2, 2, 4};
  size_t at = 3;
  row[0] = row[1] = row[2] = 0;
  for (unsigned i = 0; i < 3; i++)
    if (*texts[i] == '\0') {
      row[2] |= (uint8_t)(1u << i);
    } else {
      aria_put(row + at, strlen(texts[i]), widths[i]);
      at += widths[i];
      row[1] += (uint8_t)widths[i];
    }
  for (unsigned i = 0; i < 3; i++) {
    memcpy(row + at, texts[i], strlen(texts[i]));
    at += strlen(texts[i]);
  }
  return at;
}

/* @lines: "HOST USER JSON" each; '' is an empty text. They fit into one page. (transfer full) */
static inline GString *
aria_table_of(const char *lines)
{
  g_autofree uint8_t *bytes = g_malloc0(2 * ARIA_PAGE);
  uint8_t *page = bytes + ARIA_PAGE;
  size_t at = 12, entry = ARIA_PAGE - 4;
  g_auto(GStrv) rows = g_strsplit(lines, "\n", -1);
  page[7] = 1;
  page[9] = 255;
  for (char **row = rows; *row != NULL && **row != '\0'; row++) {
    g_auto(GStrv) words = g_strsplit(*row, " ", 3);
    const char *texts[3];
    g_assert_cmpuint(g_strv_length(words), ==, 3);
    for (unsigned i = 0; i < 3; i++)
      texts[i] = strcmp(words[i], "''") == 0 ? "" : words[i];
    g_assert_cmpuint(at + strlen(*row) + 32, <, ARIA_PAGE);
    size_t size = aria_put_row(page + at, texts);
    aria_put(page + (entry -= 4), at, 2);
    aria_put(page + entry + 2, size, 2);
    page[8]++;
    at += size;
  }
  return g_string_new_len((const char *)bytes, 2 * ARIA_PAGE);
}
