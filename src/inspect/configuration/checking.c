/* Taking down what the checks find; see the header. */
#include "inspect/configuration/checking.h"

#include "inspect/configuration/configuration-private.h"
#include "inventory/rule.h"

/* Of one build: a file that has more is all weak. */
#define OBSERVATIONS_MAX 1000u
/* Of what is shown: by more nothing is told apart. */
#define KEY_MAX 4096

/* Whether it is the first so. */
static bool
is_new(Checking *into, const char *path, uint32_t line, const char *shown)
{
  char *key = g_strdup_printf("%s\n%s\n%u\n%.*s", into->rule, path, line, KEY_MAX,
                              shown != NULL ? shown : "");
  return g_hash_table_add(into->seen, key);
}

/* To mask costs most: it is done once a text, and for no more than are observed. */
static void
add(Checking *into, const char *path, uint32_t line, int layer, const char *shown)
{
  const Rule *rule = rule_find(OBSERVED_CONFIGURATION, into->rule);
  if (into->masked >= OBSERVATIONS_MAX || !is_new(into, path, line, shown))
    return;
  into->masked++;
  g_autofree char *masked =
      shown == NULL ? NULL : masks_apply(into->masks, shown, MASKED_EVIDENCE_MAX);
  if (g_strcmp0(masked, shown) != 0 && !is_new(into, path, line, masked))
    return;
  const Observation observation = {.kind = OBSERVED_CONFIGURATION,
                                   .rule = into->rule,
                                   .path = path,
                                   .line = line,
                                   .severity = rule == NULL ? SEVERITY_UNKNOWN : rule->severity,
                                   .shown = masked};
  uint32_t in = layer < 0 ? OBSERVED_IN_IMAGE : (uint32_t)layer;
  g_ptr_array_add(into->observations,
                  image_observation_new(observation_copy(&observation), in, false));
}

static void
found_at(Checking *into, const BuildStep *step, uint32_t line, const char *shown)
{
  if (!configuration_is_ignored(step, into->global, into->rule))
    add(into, into->name, line, step->layer, shown);
}

void
checking_found(Checking *into, const BuildStep *step, const char *shown)
{
  found_at(into, step, step->line, shown != NULL ? shown : step->text);
}

void
checking_found_word(Checking *into, const BuildStep *step, guint word, const char *shown)
{
  found_at(into, step, build_step_word_line(step, word), shown != NULL ? shown : step->text);
}

void
checking_found_command(Checking *into, const BuildStep *step, const ShellCommand *command)
{
  GString *shown = g_string_new("RUN ");
  for (int i = command->piped_first; i >= 0 && i <= command->piped_from; i++) {
    const ShellCommand *source = g_ptr_array_index(step->commands, i);
    g_string_append_printf(shown, "%s%s", source->text, i < command->piped_from ? "; " : " | ");
  }
  g_string_append(shown, command->text);
  g_autofree char *text = g_string_free(shown, FALSE);
  found_at(into, step, step->line == 0 ? 0 : build_step_line(step, command->at), text);
}

void
checking_found_config(Checking *into, const char *path, const char *shown)
{
  add(into, path, 0, -1, shown);
}

void
checking_find_words(const Build *build, Checking *into, char *const *told, const char *place,
                    const char *keyword, bool (*bad)(const char *word))
{
  for (; told != NULL && *told != NULL; told++)
    if (bad(*told))
      checking_found_config(into, place, *told);
  for (guint i = 0; build->config == NULL && i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    bool counts = step_is(step, keyword) && build_is_of_image(build, step);
    for (guint j = 0; counts && j < step->words->len; j++)
      if (bad(g_ptr_array_index(step->words, j)))
        checking_found_word(into, step, j, NULL);
  }
}
