/* A judgement while it is made; see the header. */
#include "verdict/judgement.h"

#include <string.h>

/* Of what one exemption takes out; the rest is counted. */
#define NAMED_MAX 20u

const char *const action_words[] = {"allow", "warn", "block", NULL};
const char *const block_words[] = {"allow", "block", NULL};

void
judgement_turns(Judgement *judgement, int64_t when)
{
  Verdict *verdict = judgement->verdict;
  if (when > judgement->input->now && (verdict->expires == 0 || when < verdict->expires))
    verdict->expires = when;
}

void
judgement_warn(Judgement *judgement, char *sentence)
{
  g_ptr_array_add(judgement->verdict->warnings, sentence);
}

/* --- exemptions --- */

/* The verdict's entry for @source, made when there is none; *made tells. @reason: taken over. */
static VerdictExemption *
told_source(Judgement *judgement, const void *source, char *reason, bool *made)
{
  GPtrArray *told = judgement->verdict->exemptions;
  g_autofree char *owned = reason;
  *made = false;
  for (guint i = 0; i < told->len; i++) {
    VerdictExemption *each = g_ptr_array_index(told, i);
    if (each->source == source)
      return each;
  }
  *made = true;
  VerdictExemption *one = verdict_exemption_new();
  one->source = source;
  one->reason = g_steal_pointer(&owned);
  g_ptr_array_add(told, one);
  return one;
}

static VerdictExemption *
told_exemption(Judgement *judgement, const Exemption *exemption)
{
  bool made;
  VerdictExemption *told = told_source(judgement, exemption, g_strdup(exemption->reason), &made);
  if (!made)
    return told;
  told->expires = exemption->expires;
  told->ended = exemption_ended(exemption, judgement->input->now);
  int64_t soon = (int64_t)judgement->warn_before * G_USEC_PER_SEC;
  if (exemption->expires != 0)
    judgement_turns(judgement, exemption->expires - soon);
  judgement_turns(judgement, exemption->expires);
  told->ends_soon =
      exemption->expires != 0 && !told->ended && judgement->input->now >= exemption->expires - soon;
  return told;
}

static void
count(VerdictExemption *told, const char *what)
{
  told->count++;
  if (told->what->len < NAMED_MAX &&
      !g_ptr_array_find_with_equal_func(told->what, what, g_str_equal, NULL))
    g_ptr_array_add(told->what, g_strdup(what));
}

static bool
take_out(Judgement *judgement, const char *rule, const Finding *finding)
{
  const Exemption *exemption =
      exemption_find(judgement->exemptions, rule, finding, judgement->input->now);
  if (exemption == NULL)
    return false;
  VerdictExemption *told = told_exemption(judgement, exemption);
  count(told, finding != NULL ? finding->id : rule);
  return !told->ended;
}

static bool
is_said_unaffected(Judgement *judgement, const Finding *finding)
{
  bool made;
  const VexDocument *document = NULL;
  const VexImage *image = judgement->input->image;
  const VexStatement *statement =
      image == NULL ? NULL
                    : vex_sets_suppress(judgement->statements, G_N_ELEMENTS(judgement->statements),
                                        image, finding, &document);
  if (statement == NULL)
    return false;
  count(told_source(judgement, statement, vex_with_file(statement, document), &made), finding->id);
  return true;
}

bool
judgement_exempts(Judgement *judgement, const char *rule, const Finding *finding)
{
  return take_out(judgement, rule, finding) || is_said_unaffected(judgement, finding);
}

/* --- refusals --- */

void
judgement_block(Judgement *judgement, const char *rule, char *sentence)
{
  if (take_out(judgement, rule, NULL)) {
    judgement_warn(judgement, sentence);
    return;
  }
  g_ptr_array_add(judgement->verdict->reasons, g_strdup(sentence));
  g_ptr_array_add(judgement->sentences, sentence);
}

void
judgement_try(Judgement *judgement, const char *rule, char *sentence)
{
  if (take_out(judgement, rule, NULL))
    judgement_warn(judgement, sentence);
  else
    g_ptr_array_add(judgement->trials, sentence);
}

void
judgement_act(Judgement *judgement, Action action, const char *rule, char *sentence)
{
  switch (action) {
  case ACTION_ALLOW:
    g_free(sentence);
    return;
  case ACTION_WARN:
    judgement_warn(judgement, sentence);
    return;
  case ACTION_BLOCK:
    judgement_block(judgement, rule, sentence);
    return;
  }
}

void
judgement_block_findings(Judgement *judgement, GPtrArray *reasons, char *sentence)
{
  judgement->verdict->blocking += reasons->len;
  g_ptr_array_extend_and_steal(judgement->verdict->reasons, reasons);
  g_ptr_array_add(judgement->sentences, sentence);
}
