/* The steps of a Dockerfile: stages, and variables as far as the file tells them. */
#include <string.h>

#include "inspect/configuration/build-private.h"
#include "text/dockerfile_words.h"

/* Of all words of a file, with variables in place: what is more cannot be told. */
#define EXPANDED_MAX ((size_t)16 << 20)
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/* Of a stage that others begin with: they know no more. */
#define VARIABLES_MAX 1000u

/* The variables of a stage. A value that is NULL cannot be told. */
typedef struct {
  GHashTable *values; /* name -> value, GRefStrings */
  bool complete;      /* what is not in `values` is not set: it begins with nothing (scratch) */
} Scope;

typedef struct {
  Build *build;
  char escape;
  GHashTable *globals; /* of ARG before the first FROM */
  GPtrArray *scopes;   /* Scope, one a stage */
  size_t expanded;     /* bytes of words so far */
} Maker;

static void
scope_free(void *data)
{
  Scope *scope = data;
  g_hash_table_unref(scope->values);
  g_free(scope);
}

static void
release(void *text)
{
  if (text != NULL)
    g_ref_string_release(text);
}

static GHashTable *
values_new(void)
{
  return g_hash_table_new_full(g_str_hash, g_str_equal, release, release);
}

/* @value: NULL where it cannot be told. */
static void
set_value(GHashTable *values, const char *name, size_t size, const char *value)
{
  g_hash_table_insert(values, g_ref_string_new_len(name, (gssize)size),
                      value == NULL ? NULL : g_ref_string_new(value));
}

static const char *
look_up(GHashTable *values, bool complete, const char *name, bool *known)
{
  void *value = NULL;
  bool there = g_hash_table_lookup_extended(values, name, NULL, &value);
  *known &= there ? value != NULL : complete;
  return value;
}

static const char *
global_variable(const char *name, void *data, bool *known)
{
  GHashTable *globals = ((const Maker *)data)->globals;
  bool declared = g_hash_table_contains(globals, name);
  const char *value = look_up(globals, false, name, known);
  if (value != NULL || !declared)
    return value;
  *known = true;
  return dockerfile_not_given;
}

static const char *
stage_variable(const char *name, void *data, bool *known)
{
  const Scope *scope = data;
  return look_up(scope->values, scope->complete, name, known);
}

static Scope *
current_scope(const Maker *maker)
{
  return maker->scopes->len == 0 ? NULL : g_ptr_array_index(maker->scopes, maker->scopes->len - 1);
}

/* (transfer full): NULL where it cannot be told */
static char *
expand(Maker *maker, const char *word)
{
  Scope *scope = current_scope(maker);
  if (maker->expanded > EXPANDED_MAX)
    return NULL;
  char *value = scope == NULL ? dockerfile_expand(word, maker->escape, global_variable, maker)
                              : dockerfile_expand(word, maker->escape, stage_variable, scope);
  maker->expanded += value == NULL ? 0 : strlen(value);
  return value;
}

/* --- stages --- */

static int
find_stage(const Build *build, const char *name)
{
  for (guint i = 0; name != NULL && i < build->stages->len; i++) {
    const BuildStage *stage = g_ptr_array_index(build->stages, i);
    if (stage->name != NULL && g_ascii_strcasecmp(stage->name, name) == 0)
      return (int)i;
  }
  return -1;
}

static void *
acquire(void *text)
{
  return text == NULL ? NULL : g_ref_string_acquire(text);
}

/* A copy, for what is set later is the later stage's alone. */
static Scope *
scope_of(const Maker *maker, int from, const char *image)
{
  Scope *scope = g_new0(Scope, 1);
  scope->values = values_new();
  scope->complete = g_strcmp0(image, "scratch") == 0;
  const Scope *base = from < 0 ? NULL : g_ptr_array_index(maker->scopes, from);
  /* What BuildKit gives to a stage that begins with nothing. */
  if (scope->complete)
    set_value(scope->values, "PATH", strlen("PATH"), DEFAULT_PATH);
  if (base == NULL || g_hash_table_size(base->values) > VARIABLES_MAX)
    return scope;
  scope->complete = base->complete;
  GHashTableIter iter;
  void *name, *value;
  g_hash_table_iter_init(&iter, base->values);
  while (g_hash_table_iter_next(&iter, &name, &value))
    g_hash_table_insert(scope->values, acquire(name), acquire(value));
  return scope;
}

static bool
is_windows(const char *image)
{
  return image != NULL && (strstr(image, "windows") != NULL || strstr(image, "nanoserver") != NULL);
}

static void
begin_stage(Maker *maker, const DockerfileInstruction *instruction)
{
  g_autoptr(GPtrArray) words = dockerfile_words(instruction->arguments, maker->escape, NULL);
  const char *written = words->len > 0 ? g_ptr_array_index(words, 0) : "";
  bool named = words->len == 3 && g_ascii_strcasecmp(g_ptr_array_index(words, 1), "as") == 0;
  char *image = dockerfile_expand(written, maker->escape, global_variable, maker);
  int from = find_stage(maker->build, image);
  g_ptr_array_add(maker->scopes, scope_of(maker, from, image));
  BuildStage *stage = build_add_stage(maker->build);
  stage->image = image;
  stage->name = named ? g_strdup(g_ptr_array_index(words, 2)) : NULL;
  stage->from = from;
  stage->line = instruction->first;
  stage->posix = from < 0 ? !is_windows(image)
                          : ((BuildStage *)g_ptr_array_index(maker->build->stages, from))->posix;
  for (char **flag = instruction->flags; *flag != NULL; flag++)
    if (g_str_has_prefix(*flag, "--platform="))
      stage->platform = g_strdup(*flag + strlen("--platform="));
}

/* --- variables --- */

static void
set_variable(GHashTable *values, const char *pair, bool known)
{
  const char *sign = pair == NULL ? NULL : strchr(pair, '=');
  if (sign == NULL)
    return;
  set_value(values, pair, (size_t)(sign - pair), known ? sign + 1 : NULL);
}

/* @written: as in the file; @value: its words with variables replaced. */
static void
set_variables(Maker *maker, const BuildStep *step, const GPtrArray *written)
{
  Scope *scope = current_scope(maker);
  GHashTable *values = scope == NULL ? maker->globals : scope->values;
  bool argument = strcmp(step->keyword, "ARG") == 0;
  for (guint i = 0; i < step->words->len; i++) {
    const char *value = g_ptr_array_index(step->words, i), *name = g_ptr_array_index(written, i);
    void *global = NULL;
    if (argument && strchr(name, '=') == NULL) {
      if (scope != NULL)
        g_hash_table_lookup_extended(maker->globals, name, NULL, &global);
      set_value(values, name, strlen(name), global);
    } else {
      set_variable(values, value != NULL ? value : name, value != NULL);
    }
  }
}

/* --- RUN --- */

static void
add_line(BuildStep *step, size_t at, uint32_t line)
{
  const DockerfileLine each = {at, line};
  g_array_append_val(step->lines, each);
}

/* A document that is all of the instruction is the script itself, unless it names another program.
 */
static char *
script_of(BuildStep *step, const DockerfileInstruction *instruction)
{
  GString *script = g_string_new(NULL);
  const DockerfileHeredoc *only =
      instruction->heredocs->len == 1 ? g_ptr_array_index(instruction->heredocs, 0) : NULL;
  if (only != NULL && g_str_has_prefix(instruction->arguments, "<<") &&
      strpbrk(instruction->arguments, " \t") == NULL) {
    bool other = g_str_has_prefix(only->text, "#!") && strstr(only->text, "sh") == NULL;
    g_array_set_size(step->lines, 0);
    add_line(step, 0, only->line);
    return g_string_free(g_string_append(script, other ? "" : only->text), FALSE);
  }
  g_string_append(script, instruction->arguments);
  for (guint i = 0; i < instruction->heredocs->len; i++) {
    const DockerfileHeredoc *heredoc = g_ptr_array_index(instruction->heredocs, i);
    if (i == 0)
      g_string_append_c(script, '\n');
    add_line(step, script->len, heredoc->line);
    g_string_append_printf(script, "%s%s\n", heredoc->text, heredoc->name);
  }
  return g_string_free(script, FALSE);
}

static void
set_script(const Maker *maker, BuildStep *step, const DockerfileInstruction *instruction)
{
  const BuildStage *stage =
      step->stage < 0 ? NULL : g_ptr_array_index(maker->build->stages, step->stage);
  if (strcmp(step->keyword, "RUN") != 0 || stage == NULL || !stage->posix)
    return;
  step->script = instruction->list != NULL ? build_quote((const char *const *)instruction->list)
                                           : script_of(step, instruction);
  build_split(maker->build, step);
}

/* --- instructions --- */

static void
add_words(Maker *maker, BuildStep *step, const DockerfileInstruction *instruction)
{
  g_autoptr(GPtrArray) written = build_words(instruction, maker->escape, step->places);
  static const char *const kept[] = {"RUN",   "CMD",         "ENTRYPOINT",
                                     "SHELL", "HEALTHCHECK", "MAINTAINER"};
  bool as_it_is = false;
  for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
    as_it_is |= strcmp(step->keyword, kept[i]) == 0;
  for (guint i = 0; i < written->len; i++) {
    const char *word = g_ptr_array_index(written, i);
    g_ptr_array_add(step->words, as_it_is ? g_strdup(word) : expand(maker, word));
  }
  if (!step->onbuild && (strcmp(step->keyword, "ARG") == 0 || strcmp(step->keyword, "ENV") == 0))
    set_variables(maker, step, written);
}

static void
add_instruction(Maker *maker, const DockerfileInstruction *instruction)
{
  if (strcmp(instruction->keyword, "FROM") == 0)
    begin_stage(maker, instruction);
  BuildStep *step = build_add_step(maker->build, instruction->keyword);
  step->onbuild = instruction->onbuild;
  step->flags = g_strdupv(instruction->flags);
  step->flags_known = true;
  step->list = instruction->list != NULL;
  g_autofree char *flags = g_strjoinv(" ", instruction->flags);
  step->text = g_strdup_printf("%s%s%s%s %s", step->onbuild ? "ONBUILD " : "", step->keyword,
                               *flags == '\0' ? "" : " ", flags, instruction->arguments);
  step->line = instruction->first;
  step->lines = g_array_copy(instruction->lines);
  step->comments = g_ptr_array_ref(instruction->comments);
  add_words(maker, step, instruction);
  set_script(maker, step, instruction);
  if (strcmp(step->keyword, "SHELL") == 0 && step->list && step->stage >= 0 && step->words->len > 0)
    ((BuildStage *)g_ptr_array_index(maker->build->stages, step->stage))->posix =
        build_is_posix_shell(g_ptr_array_index(step->words, 0));
}

Build *
build_of_dockerfile(const Dockerfile *dockerfile)
{
  g_autoptr(GHashTable) globals = values_new();
  g_autoptr(GPtrArray) scopes = g_ptr_array_new_with_free_func(scope_free);
  Maker maker = {build_new(NULL), dockerfile->escape, globals, scopes, 0};
  for (guint i = 0; i < dockerfile->instructions->len; i++)
    add_instruction(&maker, g_ptr_array_index(dockerfile->instructions, i));
  return maker.build;
}
