/* What the files of the TOML reader share: a cursor over the text, and values. */
#pragma once

#include "text/toml.h"

typedef struct {
  const uint8_t *at, *end;
  unsigned line;
  size_t left;      /* values that may still come */
  TomlLines *lines; /* or NULL: nobody asks for them */
} TomlCursor;

static inline int
toml_peek(const TomlCursor *cursor)
{
  return cursor->at < cursor->end ? *cursor->at : -1;
}

bool toml_fail(const TomlCursor *cursor, GError **error, const char *what);
/* Of a line. */
void toml_skip_blanks(TomlCursor *cursor);
void toml_skip_comment(TomlCursor *cursor);
/* Blanks, comments and ends of lines. */
void toml_skip_lines(TomlCursor *cursor);
/* What comes next is @text: takes it. */
bool toml_take(TomlCursor *cursor, const char *text);
/* A string in any quotes, which comes next. (transfer full) */
GString *toml_string(TomlCursor *cursor, bool may_have_lines, GError **error);
/* The parts of a dotted key, as strings. (transfer full) */
GPtrArray *toml_key(TomlCursor *cursor, GError **error);
/* The table that @parts, but the last, name from @table on; they are made where they are missing.
 * (transfer none) */
json_t *toml_table(TomlCursor *cursor, json_t *table, const GPtrArray *parts, GError **error);
/* (transfer full) */
TomlLines *toml_lines_new(void);
/* What comes at @line is @key of @table, or with NULL @table itself. */
void toml_note_line(TomlCursor *cursor, const json_t *table, const char *key, unsigned line);
/* Puts @value, which it takes over, into @table; NULL: the key is there. (transfer none) */
json_t *toml_add(TomlCursor *cursor, json_t *table, const char *key, json_t *value, GError **error);
/* The table @key of @table, or the last of the array of tables; made where it is missing. (transfer
 * none) */
json_t *toml_enter(TomlCursor *cursor, json_t *table, const char *key, GError **error);
/* `key = value`, into @table. */
bool toml_pair(TomlCursor *cursor, json_t *table, unsigned depth, GError **error);
