/* Keys that are kept for checks to come. Taken silently, "block" would promise what nobody does: it
 * is accepted, so that a file can serve several versions, and each verdict says so. */
#include "verdict/checks.h"

typedef struct {
  bool malware, secrets, baseline;
} UnmadeRule;

static const Setting settings[] = {
    {SETTING(UnmadeRule, malware), .kind = &setting_choice, .words = block_words,
     .fallback = "allow"},
    {SETTING(UnmadeRule, secrets), .kind = &setting_choice, .words = block_words,
     .fallback = "allow"},
    {SETTING(UnmadeRule, baseline), .kind = &setting_choice, .words = block_words,
     .fallback = "allow"},
};

static void
warn(const void *data, const char *policy, GPtrArray *sentences)
{
  const UnmadeRule *rule = data;
  const bool asked[] = {rule->malware, rule->secrets, rule->baseline};
  G_STATIC_ASSERT(G_N_ELEMENTS(asked) == G_N_ELEMENTS(settings));
  for (size_t i = 0; i < G_N_ELEMENTS(asked); i++)
    if (asked[i])
      g_ptr_array_add(sentences, g_strdup_printf("policy \"%s\" asks for `%s: block`, which this "
                                                 "version does not check yet",
                                                 policy, settings[i].key));
}

static void
judge(const void *rule, Judgement *judgement)
{
  warn(rule, judgement->policy, judgement->verdict->warnings);
}

const PolicyCheck unmade_check = {.settings = settings,
                                  .count = G_N_ELEMENTS(settings),
                                  .size = sizeof(UnmadeRule),
                                  .of_findings = true,
                                  .judge = judge,
                                  .warn = warn};
