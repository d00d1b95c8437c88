/* The steps of an image's history, as the builders write it; see the header. */
#include <string.h>

#include "inspect/configuration/build-private.h"

#define NO_OPERATION "#(nop)"
#define BUILDKIT     "# buildkit"
/* What a builder writes is one line of this. */
#define ENTRY_MAX 100000u
#define STEPS_MAX 10000u

/* Without space at both ends and what BuildKit puts at the end. *@of_buildkit: it was there.
 * (transfer full) */
static char *
clean(const char *entry, bool *of_buildkit)
{
  g_autofree char *text = g_strndup(entry, ENTRY_MAX);
  g_strstrip(text);
  *of_buildkit = g_str_has_suffix(text, BUILDKIT);
  if (*of_buildkit)
    text[strlen(text) - strlen(BUILDKIT)] = '\0';
  return g_strdup(g_strstrip(text));
}

static const char *
skip_word(const char *text)
{
  text += strcspn(text, " ");
  return text + strspn(text, " ");
}

/* "|2 A=b C=d" in front of a RUN: arguments of the build, into @arguments. Their values have no
 * quotes, so the last of them ends where a shell begins. */
static const char *
skip_arguments(const char *text, GPtrArray *arguments)
{
  if (*text != '|' || !g_ascii_isdigit(text[1]))
    return text;
  uint64_t count = g_ascii_strtoull(text + 1, NULL, 10);
  text = skip_word(text);
  for (uint64_t i = 0; i < count && *text != '\0'; i++) {
    const char *end = text;
    do
      end = skip_word(end);
    while (*end != '\0' && *end != '/' &&
           (i + 1 == count || strcspn(end, "=") >= strcspn(end, " ")));
    g_autofree char *argument = g_strndup(text, (gsize)(end - text));
    g_ptr_array_add(arguments, g_strdup(g_strchomp(argument)));
    text = end;
  }
  return text;
}

/* "/bin/bash -o pipefail -c make": "make"; NULL: no such shell is in front. */
static const char *
skip_shell(const char *text)
{
  g_autofree char *program = g_strndup(text, strcspn(text, " "));
  if (*text != '/' || !build_is_posix_shell(program))
    return NULL;
  for (unsigned words = 0; *text != '\0' && words < 10; words++) {
    text = skip_word(text);
    size_t size = strcspn(text, " ");
    if (*text == '-' && size > 1 && text[1] != '-' && text[size - 1] == 'c')
      return skip_word(text);
  }
  return NULL;
}

static BuildStep *
add_step(Build *build, const char *keyword, const char *arguments, int layer)
{
  BuildStep *step = build_add_step(build, keyword);
  step->text = g_strdup_printf("%s %s", keyword, arguments);
  step->layer = layer;
  return step;
}

/* "cmd /S /C x" is of Windows, and no CMD. */
static bool
is_instruction(const char *text)
{
  bool windows = g_ascii_strncasecmp(text, "cmd /", 5) == 0 && g_ascii_isalpha(text[5]) &&
                 (text[6] == ' ' || text[6] == '\0');
  return !windows && dockerfile_is_instruction(text);
}

/* One that is no step; what it has in front of a command goes. */
static void
add_other(Build *build, const char *text)
{
  text = is_instruction(text) ? skip_word(text) : text;
  while (g_str_has_prefix(text, "--"))
    text = skip_word(text);
  g_autofree char *line = *text == '[' ? g_strconcat("CMD ", text, NULL) : NULL;
  g_autoptr(DockerfileInstruction) list =
      line == NULL ? NULL : dockerfile_instruction_parse(line, '\\', NULL);
  g_ptr_array_add(build->others, list == NULL || list->list == NULL
                                     ? g_strdup(text)
                                     : build_quote((const char *const *)list->list));
}

/* @line: "CMD [\"x\"]", as in a Dockerfile. */
static void
add_instruction(Build *build, const char *line, int layer, bool flags_known)
{
  g_autoptr(DockerfileInstruction) instruction = dockerfile_instruction_parse(line, '\\', NULL);
  if (instruction == NULL || strcmp(instruction->keyword, "FROM") == 0) {
    add_other(build, line + strspn(line, " "));
    return;
  }
  BuildStep *step = add_step(build, instruction->keyword, instruction->arguments, layer);
  step->onbuild = instruction->onbuild;
  step->flags = g_strdupv(instruction->flags);
  step->flags_known = flags_known;
  step->list = instruction->list != NULL;
  g_ptr_array_unref(step->words);
  step->words = build_words(instruction, '\\', NULL);
  if (strcmp(step->keyword, "RUN") != 0)
    return;
  step->script = step->list ? build_quote((const char *const *)instruction->list)
                            : g_strdup(instruction->arguments);
  build_split(build, step);
}

static void
add_run(Build *build, const char *script, int layer, bool flags_known)
{
  BuildStep *step = add_step(build, "RUN", script, layer);
  step->flags_known = flags_known;
  g_ptr_array_add(step->words, g_strdup(script));
  step->script = g_strdup(script);
  build_split(build, step);
}

static void
add_arguments(Build *build, const GPtrArray *arguments, int layer)
{
  for (guint i = 0; i < arguments->len; i++) {
    const char *argument = g_ptr_array_index(arguments, i);
    BuildStep *step = add_step(build, "ARG", argument, layer);
    g_ptr_array_add(step->words, g_strdup(argument));
  }
}

static void
add_entry(Build *build, const char *entry, int layer)
{
  bool of_buildkit;
  g_autofree char *text = clean(entry, &of_buildkit);
  g_autoptr(GPtrArray) arguments = g_ptr_array_new_with_free_func(g_free);
  /* BuildKit's: the instruction in front, and the shell after it. */
  const char *start = g_str_has_prefix(text, "RUN ") ? skip_word(text) : text;
  const char *inner = skip_arguments(start, arguments);
  const char *script = skip_shell(inner);
  const char *operation = script == NULL ? NULL : script + strspn(script, " ");
  if (operation != NULL && g_str_has_prefix(operation, NO_OPERATION))
    add_instruction(build, operation + strlen(NO_OPERATION), layer, true);
  else if (script != NULL)
    add_arguments(build, arguments, layer), add_run(build, script, layer, text == start);
  else if (is_instruction(text))
    add_instruction(build, text, layer, !of_buildkit);
  else
    add_other(build, text);
}

Build *
build_of_image(const ImageConfig *config)
{
  Build *build = build_new(config);
  build_add_stage(build);
  const GArray *empty = config->history_empty;
  guint layers = 0;
  for (guint i = 0; i < empty->len; i++)
    layers += !g_array_index(empty, bool, i);
  bool told = layers == config->diff_ids->len;
  int layer = 0;
  for (guint i = 0; i < config->history->len && build->steps->len < STEPS_MAX; i++) {
    bool makes_none = g_array_index(empty, bool, i);
    add_entry(build, g_ptr_array_index(config->history, i), told && !makes_none ? layer : -1);
    layer += !makes_none;
  }
  build->overflows |= build->steps->len >= STEPS_MAX;
  return build;
}
