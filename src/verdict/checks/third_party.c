/* `third_party`: packages that others than the distribution made, of which its advisories do not
 * speak. */
#include "verdict/checks.h"
#include "verdict/match.h"

typedef struct {
  Action third_party;
} ThirdPartyRule;

static const Setting settings[] = {
    {SETTING(ThirdPartyRule, third_party), .kind = &setting_choice, .words = action_words,
     .fallback = "allow"},
};

static bool
blocks(const void *data)
{
  return ((const ThirdPartyRule *)data)->third_party == ACTION_BLOCK;
}

static void
judge(const void *data, Judgement *judgement)
{
  const ThirdPartyRule *rule = data;
  const GPtrArray *packages = judgement->input->third_party;
  if (packages != NULL && packages->len > 0)
    judgement_act(judgement, rule->third_party, "third_party",
                  match_third_party_in_words(packages));
}

const PolicyCheck third_party_check = {.settings = settings,
                                       .count = G_N_ELEMENTS(settings),
                                       .size = sizeof(ThirdPartyRule),
                                       .blocks = blocks,
                                       .judge = judge};
