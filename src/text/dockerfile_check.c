/* Flags and arguments of instructions, as BuildKit's dockerfile2llb asks for them: a build that it
 * refuses is none that could be looked at. */
#include "text/dockerfile_check-private.h"

#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "text/dockerfile_heredoc-private.h"
#include "text/dockerfile_words.h"

#define SPACES "\t\v\f\r\n "
/* Of a word that a message names. */
#define SHOWN_MAX ((size_t)40)

typedef struct {
  const char *keyword;
  const char *names[12];  /* of flags with a value, NULL-ended */
  const char *bools[4];   /* of such that may have "true" or "false" */
  const char *several[3]; /* of the first, those that may be there again */
} Flags;
/* Also those of its experimental frontend: they are in use. */
static const Flags flags[] = {
    {"ADD",
     {"chown", "chmod", "checksum", "exclude"},
     {"link", "keep-git-dir", "unpack"},
     {"exclude"}},
    {"COPY", {"chown", "chmod", "from", "exclude"}, {"link", "parents"}, {"exclude"}},
    {"FROM", {"platform"}, {NULL}, {NULL}},
    {"RUN", {"mount", "network", "security", "device"}, {NULL}, {"mount", "device"}},
    {"HEALTHCHECK",
     {"interval", "timeout", "start-period", "start-interval", "retries"},
     {NULL},
     {NULL}},
};

/* (transfer full) */
static char *
shown(const char *word)
{
  return slice_to_printable(slice_from_string(word), SHOWN_MAX);
}

/* --- flags --- */

static bool
refuse_flag(const DockerfileInstruction *instruction, const Flags *known, const char *name,
            GError **error)
{
  g_autofree char *word = shown(name);
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (size_t i = 0; known != NULL && known->names[i] != NULL; i++)
    g_ptr_array_add(names, (void *)(uintptr_t)known->names[i]);
  for (size_t i = 0; known != NULL && known->bools[i] != NULL; i++)
    g_ptr_array_add(names, (void *)(uintptr_t)known->bools[i]);
  g_ptr_array_add(names, NULL);
  const char *near = suggest_nearest(name, (const char *const *)names->pdata);
  return error_set(error, ASSAY_ERROR_INVALID, "%s takes no flag --%s%s%s%s", instruction->keyword,
                   word, near == NULL ? "" : ": did you mean --", near == NULL ? "" : near,
                   near == NULL ? "" : "?");
}

static bool
is_truth(const char *value)
{
  return g_ascii_strcasecmp(value, "true") == 0 || g_ascii_strcasecmp(value, "false") == 0;
}

static bool
check_flag(const DockerfileInstruction *instruction, const Flags *known, const char *flag,
           GHashTable *seen, GError **error)
{
  const char *value = strchr(flag, '=');
  g_autofree char *name =
      value == NULL ? g_strdup(flag + 2) : g_strndup(flag + 2, (gsize)(value - flag) - 2);
  bool of_value = known != NULL && g_strv_contains(known->names, name);
  bool of_truth = known != NULL && g_strv_contains(known->bools, name);
  if (!of_value && !of_truth)
    return refuse_flag(instruction, known, name, error);
  if (!g_hash_table_add(seen, g_strdup(name)) && !g_strv_contains(known->several, name))
    return error_set(error, ASSAY_ERROR_INVALID, "%s has the flag --%s twice", instruction->keyword,
                     name);
  if (of_value && value == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "%s: the flag --%s has no value",
                     instruction->keyword, name);
  if (of_truth && value != NULL && !is_truth(value + 1))
    return error_set(error, ASSAY_ERROR_INVALID, "%s: --%s is true or false", instruction->keyword,
                     name);
  return true;
}

static bool
check_flags(const DockerfileInstruction *instruction, GError **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  const Flags *known = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
    if (strcmp(flags[i].keyword, instruction->keyword) == 0)
      known = &flags[i];
  for (char **flag = instruction->flags; *flag != NULL; flag++)
    if (!check_flag(instruction, known, *flag, seen, error))
      return false;
  return true;
}

/* --- arguments --- */

static bool
is_stage_name(const char *name)
{
  if (!g_ascii_isalpha(*name))
    return false;
  for (; *name != '\0'; name++)
    if (!g_ascii_isalnum(*name) && strchr("-_.", *name) == NULL)
      return false;
  return true;
}

static bool
check_from(GStrv words, guint count, GError **error)
{
  if (count == 1)
    return true;
  if (count != 3 || g_ascii_strcasecmp(words[1], "as") != 0)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "FROM is followed by an image, or by an image, AS and a name");
  g_autofree char *name = shown(words[2]);
  return is_stage_name(words[2]) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "\"%s\" is no name of a stage: it begins with a letter, and has letters, "
                   "digits, \"-\", \"_\" and \".\"",
                   name);
}

/* "NAME=value ...", or "NAME value" of old. */
static bool
check_pairs(const DockerfileInstruction *instruction, char escape, GError **error)
{
  g_autoptr(GPtrArray) words = dockerfile_words(instruction->arguments, escape, NULL);
  bool old = words->len > 0 && strchr(g_ptr_array_index(words, 0), '=') == NULL;
  /* That is split at any space, also in quotes. */
  if (old && strpbrk(instruction->arguments, SPACES) != NULL)
    return true;
  for (guint i = 0; i < words->len; i++) {
    const char *word = g_ptr_array_index(words, i), *sign = strchr(word, '=');
    g_autofree char *name = shown(word);
    if (sign == NULL || sign == word)
      return error_set(error, ASSAY_ERROR_INVALID, "%s: \"%s\" is no NAME=value",
                       instruction->keyword, name);
  }
  return true;
}

static bool
check_names(const DockerfileInstruction *instruction, char escape, GError **error)
{
  g_autoptr(GPtrArray) words = dockerfile_words(instruction->arguments, escape, NULL);
  for (guint i = 0; i < words->len; i++)
    if (*(const char *)g_ptr_array_index(words, i) == '=')
      return error_set(error, ASSAY_ERROR_INVALID, "%s: a name is empty", instruction->keyword);
  return true;
}

static bool
check_paths(const DockerfileInstruction *instruction, GStrv words, guint count, GError **error)
{
  g_autoptr(GPtrArray) documents = dockerfile_heredocs_of(count > 0 ? words[count - 1] : "");
  if (documents->len > 0)
    return error_set(error, ASSAY_ERROR_INVALID, "%s: a document is no destination",
                     instruction->keyword);
  return count >= 2 || error_set(error, ASSAY_ERROR_INVALID, "%s needs a source and a destination",
                                 instruction->keyword);
}

static bool
check_health(const DockerfileInstruction *instruction, GStrv words, guint count, GError **error)
{
  bool none = count > 0 && g_ascii_strcasecmp(words[0], "NONE") == 0;
  bool command = count > 1 && g_ascii_strcasecmp(words[0], "CMD") == 0;
  if (none ? count == 1 : command)
    return true;
  return error_set(error, ASSAY_ERROR_INVALID, "%s is followed by NONE, or by CMD and a command",
                   instruction->keyword);
}

static bool
check_list(const DockerfileInstruction *instruction, GError **error)
{
  const char *keyword = instruction->keyword;
  if (strcmp(keyword, "SHELL") == 0 && (instruction->list == NULL || *instruction->list == NULL))
    return error_set(error, ASSAY_ERROR_INVALID, "SHELL needs a JSON list of words");
  bool volume = strcmp(keyword, "VOLUME") == 0 && instruction->list != NULL;
  for (char **path = instruction->list; volume && *path != NULL; path++) {
    g_autofree char *plain = g_strstrip(g_strdup(*path));
    if (*plain == '\0')
      return error_set(error, ASSAY_ERROR_INVALID, "VOLUME names an empty path");
  }
  return !volume || *instruction->list != NULL ||
         error_set(error, ASSAY_ERROR_INVALID, "VOLUME names no path");
}

static bool
check_arguments(const DockerfileInstruction *instruction, char escape, GError **error)
{
  const char *keyword = instruction->keyword;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  g_auto(GStrv) parts = g_strsplit_set(instruction->arguments, SPACES, -1);
  for (char **part = parts; *part != NULL; part++)
    if (**part != '\0')
      g_strv_builder_add(builder, *part);
  g_auto(GStrv) plain = g_strv_builder_end(builder);
  GStrv words = instruction->list != NULL ? instruction->list : plain;
  guint count = g_strv_length(words);
  if (strcmp(keyword, "FROM") == 0)
    return check_from(words, count, error);
  if (strcmp(keyword, "ENV") == 0 || strcmp(keyword, "LABEL") == 0)
    return check_pairs(instruction, escape, error);
  if (strcmp(keyword, "ARG") == 0)
    return check_names(instruction, escape, error);
  if (strcmp(keyword, "COPY") == 0 || strcmp(keyword, "ADD") == 0)
    return check_paths(instruction, words, count, error);
  if (strcmp(keyword, "HEALTHCHECK") == 0)
    return check_health(instruction, words, count, error);
  return check_list(instruction, error);
}

/* A trigger is asked when it is pulled. BuildKit asks no flags of ARG, STOPSIGNAL and HEALTHCHECK
 * NONE. */
bool
dockerfile_instruction_check(const DockerfileInstruction *instruction, char escape, GError **error)
{
  bool none = strcmp(instruction->keyword, "HEALTHCHECK") == 0 &&
              g_ascii_strncasecmp(instruction->arguments, "NONE", 4) == 0;
  bool any = none || strcmp(instruction->keyword, "STOPSIGNAL") == 0 ||
             strcmp(instruction->keyword, "ARG") == 0;
  return instruction->onbuild ||
         (check_arguments(instruction, escape, error) && (any || check_flags(instruction, error)));
}
