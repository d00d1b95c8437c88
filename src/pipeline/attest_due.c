/* Looking for attestations that are old; see the header. */
#include "pipeline/attest_due.h"

#include "pipeline/signing_wanted.h"
#include "signing/journal.h"

#define AT_ONCE 500u

/* They are asked for first: after a stop in between they are asked for again, which makes nothing
 * twice. False without *error: there are no more, or it is cancelled. */
static bool
ask_some(const SigningRooms *rooms, const SigningRule *rule, int64_t until, SigningAsk ask,
         void *data, GError **error)
{
  g_autoptr(GPtrArray) due = journal_due(rooms->sql, rule->name, until, AT_ONCE, error);
  if (due == NULL || due->len == 0)
    return false;
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < due->len; i++) {
    const MadeSignature *one = g_ptr_array_index(due, i);
    g_ptr_array_add(keys, signing_job_key(rule, one->repository, one->image.text));
  }
  return ask(data, keys, error) && journal_asked(rooms->sql, rule->name, until, due, error);
}

bool
attest_due_find(const SigningRooms *rooms, int64_t now, SigningAsk ask, void *data,
                Cancellable *cancellable, GError **error)
{
  g_autoptr(SigningSet) set = signing_get(rooms->signing);
  for (guint i = 0; i < set->rules->len; i++) {
    const SigningRule *rule = g_ptr_array_index(set->rules, i);
    if (!signing_rule_attests(rule, ATTEST_VULNERABILITIES))
      continue;
    int64_t until = now - (int64_t)signing_rule_renewal(rule) * G_USEC_PER_SEC;
    g_autoptr(GError) failure = NULL;
    while (!cancellable_is_cancelled(cancellable) &&
           ask_some(rooms, rule, until, ask, data, &failure))
      ;
    if (failure != NULL) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
  }
  return true;
}
