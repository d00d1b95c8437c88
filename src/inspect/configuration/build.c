/* The parts of a build; see the header. */
#include "inspect/configuration/build.h"

#include <string.h>

#include "inspect/configuration/build-private.h"
#include "text/dockerfile_words.h"
#include "text/shell.h"

static void
step_free(void *data)
{
  BuildStep *step = data;
  g_free(step->keyword);
  g_strfreev(step->flags);
  g_ptr_array_unref(step->words);
  g_free(step->text);
  g_free(step->script);
  g_ptr_array_unref(step->commands);
  g_array_unref(step->places);
  if (step->lines != NULL)
    g_array_unref(step->lines);
  if (step->comments != NULL)
    g_ptr_array_unref(step->comments);
  g_free(step);
}

static void
stage_free(void *data)
{
  BuildStage *stage = data;
  g_free(stage->image);
  g_free(stage->name);
  g_free(stage->platform);
  g_free(stage);
}

Build *
build_new(const ImageConfig *config)
{
  Build *build = g_new0(Build, 1);
  build->steps = g_ptr_array_new_with_free_func(step_free);
  build->stages = g_ptr_array_new_with_free_func(stage_free);
  build->others = g_ptr_array_new_with_free_func(g_free);
  build->config = config;
  return build;
}

void
build_free(Build *build)
{
  if (build == NULL)
    return;
  g_ptr_array_unref(build->steps);
  g_ptr_array_unref(build->stages);
  g_ptr_array_unref(build->others);
  g_free(build);
}

BuildStep *
build_add_step(Build *build, const char *keyword)
{
  BuildStep *step = g_new0(BuildStep, 1);
  step->keyword = g_strdup(keyword);
  step->words = g_ptr_array_new_with_free_func(g_free);
  step->commands = g_ptr_array_new();
  step->places = g_array_new(FALSE, FALSE, sizeof(size_t));
  step->layer = -1;
  step->stage = (int)build->stages->len - 1;
  g_ptr_array_add(build->steps, step);
  return step;
}

BuildStage *
build_add_stage(Build *build)
{
  BuildStage *stage = g_new0(BuildStage, 1);
  stage->from = -1;
  stage->posix = true;
  g_ptr_array_add(build->stages, stage);
  return stage;
}

void
build_split(Build *build, BuildStep *step)
{
  g_ptr_array_unref(step->commands);
  step->commands = shell_commands(step->script);
  build->commands += step->commands->len;
  build->overflows |=
      step->commands->len >= SHELL_COMMANDS_MAX || build->commands > BUILD_COMMANDS_MAX;
  if (build->overflows)
    g_ptr_array_set_size(step->commands, 0);
}

bool
build_is_posix_shell(const char *program)
{
  static const char *const shells[] = {"sh", "bash", "ash", "dash", "ksh", "zsh", "busybox"};
  const char *slash = strrchr(program, '/');
  const char *name = slash == NULL ? program : slash + 1;
  for (size_t i = 0; i < G_N_ELEMENTS(shells); i++)
    if (strcmp(name, shells[i]) == 0)
      return true;
  return false;
}

char *
build_quote(const char *const *words)
{
  GString *text = g_string_new(NULL);
  for (; *words != NULL; words++) {
    g_autofree char *quoted = g_shell_quote(*words);
    g_string_append_printf(text, "%s%s", text->len > 0 ? " " : "", quoted);
  }
  return g_string_free(text, FALSE);
}

/* "NAME value" of old, for which "=" is no sign. */
static bool
is_old_pair(const char *keyword, const GPtrArray *words)
{
  return (strcmp(keyword, "ENV") == 0 || strcmp(keyword, "LABEL") == 0) && words->len > 1 &&
         strchr(g_ptr_array_index(words, 0), '=') == NULL;
}

GPtrArray *
build_words(const DockerfileInstruction *instruction, char escape, GArray *places)
{
  GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
  if (instruction->list != NULL) {
    for (char **word = instruction->list; *word != NULL; word++)
      g_ptr_array_add(words, g_strdup(*word));
    return words;
  }
  const char *keyword = instruction->keyword;
  static const char *const whole[] = {"RUN", "CMD", "ENTRYPOINT", "WORKDIR", "MAINTAINER"};
  for (size_t i = 0; i < G_N_ELEMENTS(whole); i++)
    if (strcmp(keyword, whole[i]) == 0) {
      g_ptr_array_add(words, g_strdup(instruction->arguments));
      return words;
    }
  g_autoptr(GPtrArray) split = dockerfile_words(instruction->arguments, escape, places);
  if (is_old_pair(keyword, split)) {
    const char *name = g_ptr_array_index(split, 0);
    const char *value = instruction->arguments + strlen(name);
    g_ptr_array_add(words, g_strdup_printf("%s=%s", name, value + strspn(value, " \t")));
    return words;
  }
  g_ptr_array_extend_and_steal(words, g_steal_pointer(&split));
  return words;
}

bool
build_is_of_image(const Build *build, const BuildStep *step)
{
  int stage = (int)build->stages->len - 1;
  while (stage >= 0 && stage != step->stage)
    stage = ((const BuildStage *)g_ptr_array_index(build->stages, stage))->from;
  return stage >= 0;
}

const char *
build_step_last_word(const BuildStep *step)
{
  return step->words->len == 0 ? NULL : g_ptr_array_index(step->words, step->words->len - 1);
}

const char *
build_step_flag(const BuildStep *step, const char *name)
{
  for (char **flag = step->flags; flag != NULL && *flag != NULL; flag++) {
    const char *value = g_str_has_prefix(*flag, "--") ? *flag + 2 : *flag;
    size_t size = strlen(name);
    if (strncmp(value, name, size) == 0 && value[size] == '=')
      return value + size + 1;
  }
  return NULL;
}

/* The line of what is at @at of the text that its lines are of. */
static DockerfileLine
line_at(const BuildStep *step, size_t at)
{
  DockerfileLine found = {0, step->line};
  for (guint i = 0; step->lines != NULL && i < step->lines->len; i++) {
    const DockerfileLine *each = &g_array_index(step->lines, DockerfileLine, i);
    if (each->at > at)
      break;
    found = *each;
  }
  return found;
}

uint32_t
build_step_line(const BuildStep *step, size_t at)
{
  if (step->lines == NULL || step->script == NULL)
    return step->line;
  DockerfileLine found = line_at(step, at);
  /* Of a document in place, whose lines are as they are written. */
  size_t size = strlen(step->script);
  for (size_t i = found.at; i < MIN(at, size); i++)
    found.line += step->script[i] == '\n';
  return found.line;
}

uint32_t
build_step_word_line(const BuildStep *step, guint word)
{
  return word < step->places->len ? line_at(step, g_array_index(step->places, size_t, word)).line
                                  : step->line;
}
