/* One instruction of a Dockerfile: its keyword, its flags, and what they are of. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/suggest.h"
#include "text/dockerfile_heredoc-private.h"

#define SPACES "\t\v\f\r\n "
/* Of a word that a message names. */
#define SHOWN_MAX ((size_t)40)
/* Of a JSON list: what fits DOCKERFILE_BYTES_MAX with room. */
#define LIST_VALUES_MAX ((size_t)100 * 1000)

/* The reference's, and which may have a JSON list. In their order: has_list. */
static const char *const keywords[] = {
    "ADD",     "CMD",        "COPY",   "ENTRYPOINT", "RUN",         "SHELL", "VOLUME",
    "ARG",     "ENV",        "EXPOSE", "FROM",       "HEALTHCHECK", "LABEL", "MAINTAINER",
    "ONBUILD", "STOPSIGNAL", "USER",   "WORKDIR",    NULL};
#define WITH_LIST 7

void
dockerfile_instruction_free(DockerfileInstruction *instruction)
{
  if (instruction == NULL)
    return;
  g_free(instruction->keyword);
  g_strfreev(instruction->flags);
  g_free(instruction->arguments);
  g_strfreev(instruction->list);
  g_ptr_array_unref(instruction->heredocs);
  g_ptr_array_unref(instruction->comments);
  g_array_unref(instruction->lines);
  g_free(instruction);
}

/* Its number, or -1. */
static int
find_keyword(const char *word)
{
  for (int i = 0; keywords[i] != NULL; i++)
    if (g_ascii_strcasecmp(word, keywords[i]) == 0)
      return i;
  return -1;
}

bool
dockerfile_is_instruction(const char *text)
{
  g_autofree char *word = g_strndup(text, strcspn(text, SPACES));
  return find_keyword(word) >= 0;
}

static void
refuse_keyword(const char *word, GError **error)
{
  g_autofree char *capitals = g_ascii_strup(word, -1);
  const char *near = suggest_nearest(capitals, keywords);
  g_autofree char *shown = slice_to_printable(slice_from_string(word), SHOWN_MAX);
  error_set(error, ASSAY_ERROR_INVALID, "unknown instruction \"%s\"%s%s%s", shown,
            near == NULL ? "" : ": did you mean ", near == NULL ? "" : near,
            near == NULL ? "" : "?");
}

/* A flag without its quotes and escapes, from *@rest. (transfer full) */
static char *
take_flag(const char **rest, char escape)
{
  GString *flag = g_string_new(NULL);
  const char *p = *rest;
  char quote = '\0';
  for (; *p != '\0' && (quote != '\0' || strchr(SPACES, *p) == NULL); p++) {
    if (quote != '\0' ? *p == quote : *p == '\'' || *p == '"')
      quote = quote == '\0' ? *p : '\0';
    else if (*p != escape)
      g_string_append_c(flag, *p);
    else if (p[1] != '\0')
      g_string_append_c(flag, *++p);
  }
  *rest = p;
  return g_string_free(flag, FALSE);
}

/* The words in front that begin with "--"; "--" alone is their end. (transfer full) */
static GStrv
take_flags(const char **rest, char escape)
{
  g_autoptr(GStrvBuilder) flags = g_strv_builder_new();
  for (;;) {
    *rest += strspn(*rest, SPACES);
    if (!g_str_has_prefix(*rest, "--"))
      break;
    g_autofree char *flag = take_flag(rest, escape);
    if (strcmp(flag, "--") == 0)
      break;
    g_strv_builder_add(flags, flag);
  }
  return g_strv_builder_end(flags);
}

/* What is no JSON is the other form. False: it is JSON, but no list of strings. */
static bool
read_list(DockerfileInstruction *instruction, GError **error)
{
  Slice text = slice_from_string(instruction->arguments);
  if (!slice_has_prefix(text, SLICE_LITERAL("[")))
    return true;
  g_autoptr(json_t) list = json_parse_bounded(text, LIST_VALUES_MAX, NULL);
  if (!json_is_array(list))
    return true;
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();
  size_t index;
  json_t *item;
  json_array_foreach(list, index, item) {
    if (!json_is_string(item))
      return error_set(error, ASSAY_ERROR_INVALID, "%s: a JSON list must hold strings alone",
                       instruction->keyword);
    g_strv_builder_add(words, json_string_value(item));
  }
  instruction->list = g_strv_builder_end(words);
  return true;
}

static bool
may_be_empty(const char *keyword)
{
  return strcmp(keyword, "CMD") == 0 || strcmp(keyword, "ENTRYPOINT") == 0 ||
         strcmp(keyword, "RUN") == 0;
}

static bool
read_arguments(DockerfileInstruction *instruction, int number, GError **error)
{
  if (*instruction->arguments == '\0' && instruction->list == NULL &&
      !may_be_empty(instruction->keyword))
    return error_set(error, ASSAY_ERROR_INVALID, "%s has no arguments", instruction->keyword);
  return number >= WITH_LIST || read_list(instruction, error);
}

/* Of ONBUILD, what it triggers. What it cannot is refused before it is parsed: a line may have any
 * number of ONBUILD. */
static DockerfileInstruction *
parse_trigger(const char *line, char escape, GError **error)
{
  static const char *const refused[] = {"ONBUILD", "FROM", "MAINTAINER"};
  line += strspn(line, SPACES);
  size_t length = strcspn(line, SPACES);
  for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
    if (strlen(refused[i]) == length && g_ascii_strncasecmp(line, refused[i], length) == 0) {
      error_set(error, ASSAY_ERROR_INVALID, "ONBUILD triggers no %s", refused[i]);
      return NULL;
    }
  g_autoptr(DockerfileInstruction) trigger = dockerfile_instruction_parse(line, escape, error);
  if (trigger == NULL)
    return NULL;
  trigger->onbuild = true;
  return g_steal_pointer(&trigger);
}

DockerfileInstruction *
dockerfile_instruction_parse(const char *line, char escape, GError **error)
{
  line += strspn(line, SPACES);
  size_t length = strcspn(line, SPACES);
  g_autofree char *word = g_strndup(line, length);
  int number = find_keyword(word);
  if (number < 0) {
    refuse_keyword(word, error);
    return NULL;
  }
  const char *rest = line + length;
  if (strcmp(keywords[number], "ONBUILD") == 0 && rest[strspn(rest, SPACES)] != '\0')
    return parse_trigger(rest, escape, error);
  g_autoptr(DockerfileInstruction) instruction = g_new0(DockerfileInstruction, 1);
  instruction->keyword = g_strdup(keywords[number]);
  instruction->heredocs = g_ptr_array_new_with_free_func(dockerfile_heredoc_free);
  instruction->comments = g_ptr_array_new_with_free_func(g_free);
  instruction->lines = g_array_new(FALSE, FALSE, sizeof(DockerfileLine));
  const DockerfileLine only = {0, 0};
  g_array_append_val(instruction->lines, only);
  instruction->flags = take_flags(&rest, escape);
  instruction->arguments = g_strstrip(g_strdup(rest));
  return read_arguments(instruction, number, error) ? g_steal_pointer(&instruction) : NULL;
}
