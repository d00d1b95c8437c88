/* Looking through all images for what may be signed by now; see the header. */
#include "pipeline/signing_left.h"

#include "pipeline/signing_wanted.h"
#include "signing/journal.h"

#define AT_ONCE 500

typedef struct {
  const SigningRooms *rooms;
  ImageSigner *signer;
  SigningSet *set;
  const char *repository;
  GPtrArray *keys;
  Cancellable *cancellable;
} Looking;

/* What cannot be told now is told by an event later, or with the next change. */
static void
look_at(const Looking *looking, const SigningRule *rule, const StoredImage *image)
{
  if (signing_rule_asks_verdict(rule) &&
      signing_rule_fits(rule, looking->repository, (const char *const *)image->tags) &&
      journal_has(looking->rooms->sql, rule->name, looking->repository, image->digest.text, NULL) ==
          ABSENT &&
      image_signer_look(looking->signer, looking->set, rule, looking->repository,
                        image->digest.text, NULL) == SIGN_DUE)
    g_ptr_array_add(looking->keys, signing_job_key(rule, looking->repository, image->digest.text));
}

static bool
look_at_images(const Looking *looking, const GPtrArray *images)
{
  for (guint i = 0; i < images->len; i++)
    for (guint j = 0; j < looking->set->rules->len; j++) {
      if (cancellable_is_cancelled(looking->cancellable))
        return false;
      look_at(looking, g_ptr_array_index(looking->set->rules, j), g_ptr_array_index(images, i));
    }
  return true;
}

static bool
look_at_repository(const Looking *looking, GError **error)
{
  g_autofree char *last = g_strdup("");
  for (;;) {
    g_autoptr(GPtrArray) images =
        registry_images_after(looking->rooms->registry, looking->repository, last, AT_ONCE, error);
    if (images == NULL || !look_at_images(looking, images))
      return false;
    if (images->len < AT_ONCE)
      return true;
    const StoredImage *end = g_ptr_array_index(images, images->len - 1);
    g_free(last);
    last = g_strdup(end->digest.text);
  }
}

static bool
fits_any(const SigningSet *set, const char *repository)
{
  for (guint i = 0; i < set->rules->len; i++) {
    const SigningRule *rule = g_ptr_array_index(set->rules, i);
    if (signing_rule_asks_verdict(rule) && signing_rule_covers(rule, repository))
      return true;
  }
  return false;
}

static bool
look_at_names(const Looking *all, GStrv names, SigningAsk ask, void *data, GError **error)
{
  for (size_t i = 0; names[i] != NULL; i++) {
    if (!fits_any(all->set, names[i]))
      continue;
    Looking looking = *all;
    g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
    looking.repository = names[i];
    looking.keys = keys;
    if (!look_at_repository(&looking, error) || (keys->len > 0 && !ask(data, keys, error)))
      return false;
  }
  return true;
}

bool
signing_left_find(const SigningRooms *rooms, ImageSigner *signer, SigningAsk ask, void *data,
                  Cancellable *cancellable, GError **error)
{
  g_autoptr(SigningSet) set = signing_get(rooms->signing);
  const Looking looking = {rooms, signer, set, NULL, NULL, cancellable};
  g_autofree char *last = NULL;
  bool more = true;
  while (more) {
    g_auto(GStrv) names = registry_catalog(rooms->registry, last, AT_ONCE, &more, error);
    if (names == NULL || !look_at_names(&looking, names, ask, data, error))
      return false;
    guint count = g_strv_length(names);
    if (count == 0)
      return true;
    g_free(last);
    last = g_strdup(names[count - 1]);
  }
  return true;
}
