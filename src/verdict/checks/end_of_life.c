/* `end_of_life`: the image's distribution gets no more advisories. */
#include "verdict/checks.h"

typedef struct {
  Action end_of_life;
} EndOfLifeRule;

static const Setting settings[] = {
    {SETTING(EndOfLifeRule, end_of_life), .kind = &setting_choice, .words = action_words,
     .fallback = "warn"},
};

static bool
blocks(const void *data)
{
  return ((const EndOfLifeRule *)data)->end_of_life == ACTION_BLOCK;
}

static void
judge(const void *data, Judgement *judgement)
{
  const EndOfLifeRule *rule = data;
  const PolicyInput *input = judgement->input;
  if (rule->end_of_life != ACTION_ALLOW)
    judgement_turns(judgement, input->life_ends);
  if (input->end_of_life != NULL)
    judgement_act(judgement, rule->end_of_life, "end_of_life", g_strdup(input->end_of_life));
}

const PolicyCheck end_of_life_check = {.settings = settings,
                                       .count = G_N_ELEMENTS(settings),
                                       .size = sizeof(EndOfLifeRule),
                                       .blocks = blocks,
                                       .judge = judge};
