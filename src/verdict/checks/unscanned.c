/* `unscanned` and `failed_scan`: nobody knows whether the image has findings. */
#include "verdict/checks.h"
#include "verdict/completeness.h"

typedef struct {
  bool unscanned, failed_scan; /* block it */
} UnscannedRule;

static const Setting settings[] = {
    {SETTING(UnscannedRule, unscanned), .kind = &setting_choice, .words = block_words},
    {SETTING(UnscannedRule, failed_scan), .kind = &setting_choice, .words = block_words},
};

/* Who blocks findings does not want out what was never looked at for any. */
static void
complete(void *data, bool finds, const SettingsPlace *place)
{
  UnscannedRule *rule = data;
  if (!settings_given(place, "unscanned"))
    rule->unscanned = finds;
  if (!settings_given(place, "failed_scan"))
    rule->failed_scan = rule->unscanned;
}

static bool
blocks(const void *data)
{
  const UnscannedRule *rule = data;
  return rule->unscanned || rule->failed_scan;
}

/* What is missing of the image's scan. (transfer full) NULL: nothing. */
static char *
scan_problem(const PolicyInput *input)
{
  const char *detail = input->detail, *says = NULL;
  switch (input->scan_state) {
  case SCAN_NOT_APPLICABLE:
    return NULL;
  case SCAN_PENDING:
    return g_strdup("its scan has not ended yet; try again in a moment");
  case SCAN_DONE:
    return input->gaps == NULL || input->gaps->len == 0 ? NULL : completeness_in_words(input->gaps);
  case SCAN_NONE:
    says = detail == NULL ? "it was never scanned" : "it cannot be judged";
    break;
  case SCAN_DEFERRED:
    says = "it is not scanned";
    break;
  case SCAN_WAITING:
    says = "its scan will be tried again";
    break;
  case SCAN_FAILED:
    says = "its scan failed";
    break;
  }
  return g_strconcat(says, detail == NULL ? NULL : ": ", detail, NULL);
}

static void
judge(const void *data, Judgement *judgement)
{
  const UnscannedRule *rule = data;
  ScanState state = judgement->input->scan_state;
  g_autofree char *problem = scan_problem(judgement->input);
  bool failed = state == SCAN_FAILED;
  judgement->verdict->unscanned = problem != NULL;
  if (problem == NULL)
    return;
  if (failed ? rule->failed_scan : rule->unscanned)
    judgement_block(
        judgement, failed ? "failed_scan" : "unscanned",
        g_strconcat(problem, state == SCAN_DONE ? ", so it counts as unscanned" : NULL, NULL));
  else
    judgement_warn(judgement, g_strconcat("unscanned: ", problem, NULL));
}

const PolicyCheck unscanned_check = {.settings = settings,
                                     .count = G_N_ELEMENTS(settings),
                                     .size = sizeof(UnscannedRule),
                                     .complete = complete,
                                     .blocks = blocks,
                                     .judge = judge};
