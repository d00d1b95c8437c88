/* Looking through all images for what may be signed by now; see the header. */
#include "pipeline/signing_left.h"

#include "pipeline/signing_walk.h"
#include "pipeline/signing_wanted.h"
#include "signing/counting.h"

#define ASKED_AT_ONCE 500u
#define RECORDS_MOST  1000u

typedef struct {
  const SigningRooms *rooms;
  ImageSigner *signer;
  SigningSet *set;
  SigningAsk ask;
  void *data;
  GPtrArray *keys;
} Looking;

/* Of a rule for what is pushed, what it has signed before and what counts no more: images that are
 * older than the rule are for `assay rule run`. */
static bool
is_left(const SigningRule *rule, const RuleSignatures *made)
{
  return !made->counts &&
         (signing_rule_asks_verdict(rule) || (rule->trigger == TRIGGER_PUSH && made->ever));
}

static bool
flush(const Looking *looking, GError **error)
{
  if (looking->keys->len == 0)
    return true;
  bool asked = looking->ask(looking->data, looking->keys, error);
  g_ptr_array_set_size(looking->keys, 0);
  return asked;
}

/* What cannot be told now is told by an event later, or with the next change. */
static bool
look_at(void *data, const char *repository, const StoredImage *image, GError **error)
{
  const Looking *looking = data;
  const SigningSet *set = looking->set;
  g_autoptr(GPtrArray) made = NULL;
  for (guint i = 0; i < set->rules->len; i++) {
    const SigningRule *rule = g_ptr_array_index(set->rules, i);
    if (rule->trigger == TRIGGER_MANUAL ||
        !signing_rule_fits(rule, repository, (const char *const *)image->tags))
      continue;
    if (made == NULL)
      made = journal_after(looking->rooms->sql, repository, image->digest.text, 0, RECORDS_MOST,
                           error);
    if (made == NULL)
      return false;
    const RuleSignatures of_rule = signing_count(set, rule, made);
    if (is_left(rule, &of_rule) && image_signer_look(looking->signer, set, rule, repository,
                                                     image->digest.text, NULL) == SIGN_DUE)
      g_ptr_array_add(looking->keys, signing_job_key(rule, repository, image->digest.text));
  }
  return looking->keys->len < ASKED_AT_ONCE || flush(looking, error);
}

static bool
covers(void *data, const char *repository)
{
  const Looking *looking = data;
  for (guint i = 0; i < looking->set->rules->len; i++) {
    const SigningRule *rule = g_ptr_array_index(looking->set->rules, i);
    if (rule->trigger != TRIGGER_MANUAL && signing_rule_covers(rule, repository))
      return true;
  }
  return false;
}

bool
signing_left_find(const SigningRooms *rooms, ImageSigner *signer, SigningAsk ask, void *data,
                  Cancellable *cancellable, GError **error)
{
  static const SigningWalk walk = {covers, look_at};
  g_autoptr(SigningSet) set = signing_get(rooms->signing);
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  Looking looking = {rooms, signer, set, ask, data, keys};
  return signing_walk(rooms->registry, &walk, &looking, NULL, NULL, cancellable, error) &&
         flush(&looking, error);
}
