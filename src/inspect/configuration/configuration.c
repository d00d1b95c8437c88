/* The driver of the checks; see the header. */
#include "inspect/configuration/configuration.h"

#include <string.h>

#include "base/error.h"
#include "inspect/configuration/checking.h"
#include "inspect/configuration/configuration-private.h"

/* --- asking --- */

static void
ask_commands(const ConfigurationCheck *check, const Build *build, const BuildStep *step,
             Checking *into)
{
  for (guint i = 0; i < step->commands->len; i++) {
    const CheckedCommand command = checked_command(build, step, i);
    if (check->command(&command))
      checking_found_command(into, step, command.command);
  }
}

static void
ask_words(const ConfigurationCheck *check, const BuildStep *step, Checking *into)
{
  for (guint i = 0; i < step->words->len; i++) {
    const char *word = g_ptr_array_index(step->words, i);
    if (word != NULL && check->word(step, word))
      checking_found_word(into, step, i, NULL);
  }
}

static void
ask_steps(const ConfigurationCheck *check, const Build *build, Checking *into)
{
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    bool counts = (check->flags & CHECK_ALL_STAGES) != 0 || build_is_of_image(build, step);
    if (counts && check->step != NULL && check->step(build, step))
      checking_found(into, step, NULL);
    else if (counts && check->word != NULL)
      ask_words(check, step, into);
    else if (counts && check->command != NULL)
      ask_commands(check, build, step, into);
  }
}

static void
ask(const Build *build, unsigned of, Checking *into)
{
  for (size_t i = 0; configuration_families[i] != NULL; i++)
    for (const ConfigurationCheck *check = configuration_families[i]; check->rule != NULL;
         check++) {
      into->rule = check->rule;
      if ((check->flags & of) == 0)
        continue;
      if (check->build != NULL)
        check->build(build, into);
      else
        ask_steps(check, build, into);
    }
}

static int
compare(gconstpointer a, gconstpointer b)
{
  const ImageObservation *left = *(const ImageObservation *const *)a;
  const ImageObservation *right = *(const ImageObservation *const *)b;
  return observation_compare(&left->observation, &right->observation);
}

/* @global: comments at the top of a Dockerfile, or NULL. (transfer full) */
static GPtrArray *
observe(const Build *build, unsigned of, const char *name, const GPtrArray *global,
        const ConfigurationHidden *hidden, GError **error)
{
  if (build->overflows) {
    error_set(error, ASSAY_ERROR_LIMIT, "more commands than are looked at");
    return NULL;
  }
  g_autoptr(Masks) masks = masks_new(build, hidden);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Checking into = {.name = name,
                   .global = global,
                   .masks = masks,
                   .observations =
                       g_ptr_array_new_with_free_func((GDestroyNotify)image_observation_free),
                   .seen = seen};
  ask(build, of, &into);
  g_ptr_array_sort(into.observations, compare);
  return into.observations;
}

GPtrArray *
configuration_of_dockerfile(Slice text, const char *name, const ConfigurationHidden *hidden,
                            GError **error)
{
  g_autoptr(Dockerfile) dockerfile = dockerfile_parse(text, error);
  if (dockerfile == NULL)
    return NULL;
  g_autoptr(Build) build = build_of_dockerfile(dockerfile);
  const DockerfileInstruction *first = g_ptr_array_index(dockerfile->instructions, 0);
  return observe(build, CHECK_DOCKERFILES, name, first->comments, hidden, error);
}

GPtrArray *
configuration_of_image(const ImageConfig *config, const ConfigurationHidden *hidden, GError **error)
{
  g_autoptr(Build) build = build_of_image(config);
  return observe(build, CHECK_HISTORIES, "history", NULL, hidden, error);
}

GPtrArray *
configuration_commands_of_image(const ImageConfig *config, const ConfigurationHidden *hidden)
{
  g_autoptr(Build) build = build_of_image(config);
  g_autoptr(Masks) masks = build->overflows ? NULL : masks_new(build, hidden);
  GPtrArray *commands = g_ptr_array_new_with_free_func(g_free);
  guint layers = 0;
  for (guint i = 0; i < config->history_empty->len; i++)
    layers += !g_array_index(config->history_empty, bool, i);
  for (guint i = 0; layers == config->diff_ids->len && i < config->history->len; i++) {
    if (g_array_index(config->history_empty, bool, i))
      continue;
    char *masked = masks == NULL ? NULL
                                 : masks_apply(masks, g_ptr_array_index(config->history, i),
                                               MASKED_COMMAND_MAX);
    g_ptr_array_add(commands, masked != NULL ? masked : g_strdup(""));
  }
  return commands;
}
