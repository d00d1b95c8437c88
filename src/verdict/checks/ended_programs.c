/* `ended_programs`: runtimes, servers and frameworks of the image get no more fixes. */
#include "inventory/program_life.h"
#include "verdict/checks.h"

typedef struct {
  Action ended_programs;
} EndedProgramsRule;

static const Setting settings[] = {
    {SETTING(EndedProgramsRule, ended_programs), .kind = &setting_choice, .words = action_words,
     .fallback = "warn"},
};

static bool
blocks(const void *data)
{
  return ((const EndedProgramsRule *)data)->ended_programs == ACTION_BLOCK;
}

static void
judge(const void *data, Judgement *judgement)
{
  const EndedProgramsRule *rule = data;
  const GPtrArray *ended = judgement->input->ended;
  if (rule->ended_programs != ACTION_ALLOW)
    judgement_turns(judgement, judgement->input->next_ends);
  if (ended == NULL || ended->len == 0)
    return;
  g_autofree char *first = program_life_in_words(g_ptr_array_index(ended, 0));
  judgement_act(judgement, rule->ended_programs, "ended_programs",
                ended->len == 1 ? g_strdup(first)
                                : g_strdup_printf("%s, and %u more program%s did", first,
                                                  ended->len - 1, ended->len == 2 ? "" : "s"));
}

const PolicyCheck ended_programs_check = {.settings = settings,
                                          .count = G_N_ELEMENTS(settings),
                                          .size = sizeof(EndedProgramsRule),
                                          .blocks = blocks,
                                          .judge = judge};
