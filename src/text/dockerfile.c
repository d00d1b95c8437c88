/* Reading Dockerfiles: lines, directives, comments and what continues; see the header. */
#include <string.h>

#include "base/error.h"
#include "text/dockerfile_check-private.h"
#include "text/dockerfile_heredoc-private.h"

typedef struct {
  Slice rest;
  uint32_t line;          /* of what was read last */
  bool directives;        /* nothing but directives came yet */
  bool checked;           /* # check= came */
  Dockerfile *dockerfile; /* what is read so far */
  GPtrArray *comments;    /* char *: right above */
} Reader;

void
dockerfile_free(Dockerfile *dockerfile)
{
  if (dockerfile == NULL)
    return;
  g_free(dockerfile->syntax);
  g_ptr_array_unref(dockerfile->instructions);
  g_free(dockerfile);
}

/* --- lines --- */

/* With its end; false when nothing is left. */
static bool
next_line(Reader *reader, Slice *raw)
{
  if (reader->rest.size == 0)
    return false;
  gssize end = slice_find(reader->rest, '\n');
  size_t size = end < 0 ? reader->rest.size : (size_t)end + 1;
  reader->line++;
  return slice_take(&reader->rest, size, raw);
}

static Slice
without_end(Slice raw)
{
  while (raw.size > 0 && (raw.data[raw.size - 1] == '\n' || raw.data[raw.size - 1] == '\r'))
    raw.size--;
  return raw;
}

static Slice
without_indent(Slice line)
{
  while (line.size > 0 && memchr("\t\n\v\f\r ", line.data[0], strlen("\t\n\v\f\r ")) != NULL)
    line = slice_sub(line, 1, line.size);
  return line;
}

static bool
is_comment(Slice line)
{
  return slice_has_prefix(without_indent(line), SLICE_LITERAL("#"));
}

/* Whether @line goes on in the next: its last word ends with the escape, and not with two. What is
 * before it stays in *@line. */
static bool
continues(Slice *line, char escape)
{
  Slice text = *line;
  while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
    text.size--;
  if (text.size == 0 || text.data[text.size - 1] != (uint8_t)escape ||
      (text.size > 1 && text.data[text.size - 2] == (uint8_t)escape))
    return false;
  text.size--;
  *line = text;
  return true;
}

/* --- directives --- */

/* "# name = value": false where it is none. */
static bool
split_directive(Slice line, char **name, char **value)
{
  Slice text = without_indent(slice_sub(line, 1, line.size));
  size_t length = 0;
  while (length < text.size && g_ascii_isalnum(text.data[length]))
    length++;
  Slice rest = without_indent(slice_sub(text, length, text.size));
  Slice after = slice_sub(rest, 1, rest.size), written = slice_strip(after);
  if (length == 0 || !g_ascii_isalpha(text.data[0]) ||
      !slice_has_prefix(rest, SLICE_LITERAL("=")) || after.size == 0)
    return false;
  g_autofree char *word = slice_to_string(slice_sub(text, 0, length));
  *name = g_ascii_strdown(word, -1);
  *value = slice_to_utf8(written);
  return true;
}

static bool
set_escape(Reader *reader, const char *value, GError **error)
{
  if (strcmp(value, "\\") != 0 && strcmp(value, "`") != 0)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "line %u: escape: must be a backslash or a backtick", reader->line);
  reader->dockerfile->escape = *value;
  return true;
}

/* *@taken: it was one. */
static bool
read_directive(Reader *reader, Slice line, bool *escaped, bool *taken, GError **error)
{
  g_autofree char *name = NULL, *value = NULL;
  *taken = reader->directives && is_comment(line) && split_directive(line, &name, &value);
  Dockerfile *dockerfile = reader->dockerfile;
  bool again = false;
  if (*taken && strcmp(name, "syntax") == 0) {
    again = dockerfile->syntax != NULL;
    if (!again)
      dockerfile->syntax = g_steal_pointer(&value);
  } else if (*taken && strcmp(name, "escape") == 0) {
    again = *escaped;
    *escaped = true;
    if (!again && !set_escape(reader, value, error))
      return false;
  } else if (*taken && strcmp(name, "check") == 0) {
    again = reader->checked;
    reader->checked = true;
  } else {
    *taken = false;
  }
  reader->directives = *taken;
  return !again || error_set(error, ASSAY_ERROR_INVALID, "line %u: the directive %s is there twice",
                             reader->line, name);
}

/* --- instructions --- */

static void
join(const Reader *reader, Slice line, GString *whole, GArray *lines)
{
  const DockerfileLine here = {whole->len, reader->line};
  g_array_append_val(lines, here);
  g_string_append_len(whole, (const char *)line.data, (gssize)line.size);
}

/* The lines that continue @line. (transfer full) */
static char *
join_lines(Reader *reader, Slice line, GArray *lines)
{
  char escape = reader->dockerfile->escape;
  g_autoptr(GString) whole = g_string_new(NULL);
  bool more = continues(&line, escape);
  join(reader, line, whole, lines);
  for (Slice raw; more && next_line(reader, &raw);) {
    Slice next = without_end(raw);
    if (is_comment(next) || without_indent(next).size == 0)
      continue;
    more = continues(&next, escape);
    join(reader, next, whole, lines);
  }
  return g_strdup(whole->str);
}

/* Its text, up to the line that is its name. */
static bool
read_heredoc(Reader *reader, DockerfileHeredoc *heredoc, GError **error)
{
  g_autoptr(GString) text = g_string_new(NULL);
  uint32_t announced = reader->line;
  heredoc->line = announced + 1;
  for (Slice raw; next_line(reader, &raw);) {
    Slice line = without_end(raw);
    while (heredoc->chomp && slice_has_prefix(line, SLICE_LITERAL("\t")))
      line = slice_sub(line, 1, line.size);
    if (slice_equal_string(line, heredoc->name)) {
      heredoc->text = g_strdup(text->str);
      return true;
    }
    g_string_append_len(text, (const char *)raw.data, (gssize)raw.size);
  }
  g_autofree char *shown = slice_to_printable(slice_from_string(heredoc->name), 40);
  return error_set(error, ASSAY_ERROR_INVALID, "line %u: <<%s: no line ends it", announced, shown);
}

static bool
may_have_heredocs(const DockerfileInstruction *instruction)
{
  return instruction->list == NULL &&
         (strcmp(instruction->keyword, "RUN") == 0 || strcmp(instruction->keyword, "COPY") == 0 ||
          strcmp(instruction->keyword, "ADD") == 0);
}

static bool
read_heredocs(Reader *reader, DockerfileInstruction *instruction, const char *line, GError **error)
{
  if (!may_have_heredocs(instruction))
    return true;
  g_ptr_array_unref(instruction->heredocs);
  instruction->heredocs = dockerfile_heredocs_of(line);
  for (guint i = 0; i < instruction->heredocs->len; i++)
    if (!read_heredoc(reader, g_ptr_array_index(instruction->heredocs, i), error))
      return false;
  return true;
}

/* @lines are of a text in which the arguments begin at @from. */
static void
set_lines(DockerfileInstruction *instruction, const GArray *lines, size_t from)
{
  g_array_set_size(instruction->lines, 0);
  for (guint i = 0; i < lines->len; i++) {
    DockerfileLine each = g_array_index(lines, DockerfileLine, i);
    if (each.at <= from)
      g_array_set_size(instruction->lines, 0);
    each.at -= MIN(each.at, from);
    g_array_append_val(instruction->lines, each);
  }
}

static bool
read_instruction(Reader *reader, Slice line, GError **error)
{
  uint32_t first = reader->line;
  g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(DockerfileLine));
  g_autofree char *text = join_lines(reader, line, lines);
  if (*g_strchomp(text) == '\0')
    return true;
  DockerfileInstruction *instruction =
      dockerfile_instruction_parse(text, reader->dockerfile->escape, error);
  GPtrArray *instructions = reader->dockerfile->instructions;
  if (instruction != NULL)
    g_ptr_array_add(instructions, instruction);
  if (instruction == NULL ||
      !dockerfile_instruction_check(instruction, reader->dockerfile->escape, error)) {
    g_prefix_error(error, "line %u: ", first);
    return false;
  }
  if (instructions->len > DOCKERFILE_INSTRUCTIONS_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "line %u: more than %d instructions", first,
                     DOCKERFILE_INSTRUCTIONS_MAX);
  if (!read_heredocs(reader, instruction, text, error))
    return false;
  set_lines(instruction, lines, strlen(text) - strlen(instruction->arguments));
  g_ptr_array_unref(instruction->comments);
  instruction->comments = g_steal_pointer(&reader->comments);
  reader->comments = g_ptr_array_new_with_free_func(g_free);
  instruction->first = first;
  instruction->last = reader->line;
  return true;
}

static bool
read_lines(Reader *reader, GError **error)
{
  bool escaped = false;
  for (Slice raw; next_line(reader, &raw);) {
    Slice line = without_indent(without_end(raw));
    bool directive;
    if (!read_directive(reader, line, &escaped, &directive, error))
      return false;
    if (is_comment(line)) {
      Slice comment = slice_strip(slice_sub(line, 1, line.size));
      if (!directive)
        g_ptr_array_add(reader->comments, slice_to_utf8(comment));
    } else if (line.size == 0) {
      g_ptr_array_set_size(reader->comments, 0);
    } else if (!read_instruction(reader, line, error)) {
      return false;
    }
  }
  return true;
}

/* ARG alone may come before the first stage. */
static bool
check_stages(const Dockerfile *dockerfile, GError **error)
{
  for (guint i = 0; i < dockerfile->instructions->len; i++) {
    const DockerfileInstruction *each = g_ptr_array_index(dockerfile->instructions, i);
    if (strcmp(each->keyword, "FROM") == 0)
      return true;
    if (strcmp(each->keyword, "ARG") != 0 || each->onbuild)
      return error_set(error, ASSAY_ERROR_INVALID, "line %u: %s comes before the first FROM",
                       each->first, each->onbuild ? "ONBUILD" : each->keyword);
  }
  return error_set(error, ASSAY_ERROR_INVALID, "there is no FROM: not a Dockerfile");
}

Dockerfile *
dockerfile_parse(Slice text, GError **error)
{
  if (text.size > DOCKERFILE_BYTES_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "more than %zu KiB: not a Dockerfile",
              DOCKERFILE_BYTES_MAX / 1024);
    return NULL;
  }
  if (slice_find(text, '\0') >= 0) {
    error_set(error, ASSAY_ERROR_INVALID, "it has a NUL byte: not a Dockerfile");
    return NULL;
  }
  if (slice_has_prefix(text, SLICE_LITERAL("\xef\xbb\xbf")))
    text = slice_sub(text, 3, text.size);
  g_autofree char *valid = slice_to_utf8(text);
  g_autoptr(Dockerfile) dockerfile = g_new0(Dockerfile, 1);
  dockerfile->escape = '\\';
  dockerfile->instructions =
      g_ptr_array_new_with_free_func((GDestroyNotify)dockerfile_instruction_free);
  Reader reader = {.rest = slice_from_string(valid),
                   .directives = true,
                   .dockerfile = dockerfile,
                   .comments = g_ptr_array_new_with_free_func(g_free)};
  bool read = read_lines(&reader, error) && check_stages(dockerfile, error);
  g_ptr_array_unref(reader.comments);
  return read ? g_steal_pointer(&dockerfile) : NULL;
}
