/* Signing one stored image; see the header. */
#include "pipeline/sign_image.h"

#include <string.h>

#include "base/error.h"
#include "pipeline/attest_image.h"
#include "pipeline/sign_due.h"
#include "pipeline/sign_formats.h"

/* Two who add to the list of signatures of one image would lose one of them. */
#define LOCKS 64u

/* So often the tag of the signatures may be written by others while we add to it. */
#define TRIES 8u

struct ImageSigner {
  SigningRooms rooms;
  char *host;
  GMutex locks[LOCKS];
  GMutex keys_lock;
  GHashTable *keys;    /* of `keys_lock`: name of a signing key -> Key */
  uint64_t generation; /* of the rows that they are of */
};

static void
free_key(void *key)
{
  key_free(key);
}

ImageSigner *
image_signer_new(const SigningRooms *rooms)
{
  ImageSigner *signer = g_new0(ImageSigner, 1);
  signer->rooms = *rooms;
  for (size_t i = 0; i < LOCKS; i++)
    g_mutex_init(&signer->locks[i]);
  g_mutex_init(&signer->keys_lock);
  signer->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_key);
  return signer;
}

void
image_signer_free(ImageSigner *signer)
{
  if (signer == NULL)
    return;
  for (size_t i = 0; i < LOCKS; i++)
    g_mutex_clear(&signer->locks[i]);
  g_mutex_clear(&signer->keys_lock);
  g_hash_table_unref(signer->keys);
  g_free(signer->host);
  g_free(signer);
}

void
image_signer_set_host(ImageSigner *signer, const char *host)
{
  g_free(signer->host);
  signer->host = g_strdup(host);
}

/* --- the key --- */

/* One that is open already, or is opened now; checked against what its row says. (transfer full) */
static Key *
find_key(ImageSigner *signer, const SigningKey *row, Cancellable *cancellable, GError **error)
{
  uint64_t generation = signing_generation(signer->rooms.signing);
  g_mutex_lock(&signer->keys_lock);
  if (generation != signer->generation)
    g_hash_table_remove_all(signer->keys);
  signer->generation = generation;
  /* The row may be of a set that is older, or newer, than what was opened. */
  Key *key = g_hash_table_lookup(signer->keys, row->name);
  bool right =
      key != NULL && g_strcmp0(public_key_fingerprint(key_public(key)), row->fingerprint) == 0;
  if (right)
    key_ref(key);
  g_mutex_unlock(&signer->keys_lock);
  if (right)
    return key;
  const KeyOptions options = signing_key_options(row);
  key = signer_key(signer->rooms.signer, row->uri, &options, cancellable, error);
  if (key == NULL)
    return NULL;
  if (g_strcmp0(public_key_fingerprint(key_public(key)), row->fingerprint) != 0) {
    key_free(key);
    error_set(error, ASSAY_ERROR_MISMATCH,
              "signing key %s: it is another than when it was added; if it was turned over, say so "
              "(assay key turn %s)",
              row->name, row->name);
    return NULL;
  }
  g_mutex_lock(&signer->keys_lock);
  if (generation == signer->generation)
    g_hash_table_replace(signer->keys, g_strdup(row->name), key_ref(key));
  g_mutex_unlock(&signer->keys_lock);
  return key;
}

/* --- signing --- */

/* Nothing is said of an index: what is known is of its members. */
static bool
attest_manifest(const SignTask *task, GError **error)
{
  bool scanned = false;
  return sign_is_scanned(task->rooms, &task->stored->digest, &scanned, error) &&
         (!scanned || attest_image(task, error));
}

static bool
sign_manifest(ImageSigner *signer, const SignTask *task, GError **error)
{
  GMutex *lock = &signer->locks[(uint64_t)digest_number(&task->stored->digest) % LOCKS];
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(lock);
  for (unsigned tries = 1;; tries++) {
    g_autoptr(GError) failure = NULL;
    if (task->rule->attest != NULL ? attest_manifest(task, &failure) : sign_formats(task, &failure))
      return true;
    /* Who pushes a signature does not wait for us; the next reading has his. */
    if (tries == TRIES || !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_CHANGED)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
  }
}

/* "HOST/REPOSITORY:TAG", which skopeo compares; by the first of its tags. (transfer full) */
static char *
reference_of(const ImageSigner *signer, const char *repository, const char *digest, GError **error)
{
  const ImageName name = {repository, digest};
  g_autoptr(GPtrArray) tags = registry_tags_of(signer->rooms.registry, &name, 1, error);
  if (tags == NULL)
    return NULL;
  const char *const *of_image = g_ptr_array_index(tags, 0);
  const char *host = signer->rooms.settings->host;
  if (host == NULL)
    host = signer->host == NULL ? "localhost" : signer->host;
  return of_image == NULL || of_image[0] == NULL
             ? g_strdup_printf("%s/%s", host, repository)
             : g_strdup_printf("%s/%s:%s", host, repository, of_image[0]);
}

static bool
sign_members(ImageSigner *signer, const SignTask *task, const Manifest *index, GError **error)
{
  for (guint i = 0; i < index->manifests->len; i++) {
    const Descriptor *member = g_ptr_array_index(index->manifests, i);
    g_autoptr(StoredManifest) stored =
        registry_manifest_get(task->rooms->registry, task->repository, member->digest.text, error);
    g_autofree char *reference =
        stored == NULL ? NULL : reference_of(signer, task->repository, stored->digest.text, error);
    if (reference == NULL)
      return false;
    SignTask of_member = *task;
    of_member.stored = stored;
    of_member.reference = reference;
    if (!sign_manifest(signer, &of_member, error))
      return false;
  }
  return true;
}

static bool
sign_all(ImageSigner *signer, SignTask *task, const Manifest *manifest, GError **error)
{
  g_autofree char *reference =
      reference_of(signer, task->repository, task->stored->digest.text, error);
  task->reference = reference;
  /* The whole is signed last: who sees that finds its parts signed. */
  return reference != NULL &&
         (manifest->kind != MANIFEST_INDEX || !task->rule->members ||
          sign_members(signer, task, manifest, error)) &&
         sign_manifest(signer, task, error);
}

/* Whether there is nothing to be told: what asked was an event, and what it is about has gone. */
static bool
is_gone(bool by_itself, GError **error)
{
  if (!by_itself || error == NULL || *error == NULL || (*error)->domain != REGISTRY_ERROR ||
      ((*error)->code != REGISTRY_MANIFEST_UNKNOWN && (*error)->code != REGISTRY_NAME_UNKNOWN))
    return false;
  g_clear_error(error);
  return true;
}

bool
image_signer_sign(ImageSigner *signer, const SigningSet *set, const SigningRule *rule,
                  const char *repository, const char *reference, bool by_itself,
                  SigningOutcome *outcome, Cancellable *cancellable, GError **error)
{
  *outcome = (SigningOutcome){0};
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(signer->rooms.registry, repository, reference, error);
  g_autoptr(Manifest) manifest =
      stored == NULL ? NULL
                     : manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, error);
  if (manifest == NULL) {
    is_gone(by_itself, error);
    return false;
  }
  outcome->image = stored->digest;
  g_autoptr(GError) why = NULL;
  const SigningKey *row = NULL;
  SignLook look = sign_look(&signer->rooms, set, rule, repository, stored, manifest, &row, &why);
  if (look != SIGN_DUE) {
    if (!by_itself || look == SIGN_REFUSED)
      g_propagate_error(error, g_steal_pointer(&why));
    is_gone(by_itself, error);
    return false;
  }
  g_autoptr(GPtrArray) chain = NULL;
  if (!sign_formats_chain(rule, row, &chain, error))
    return false;
  outcome->by_key = true;
  g_autoptr(Key) key = find_key(signer, row, cancellable, error);
  SignTask task = {.rooms = &signer->rooms,
                   .rule = rule,
                   .row = row,
                   .key = key,
                   .chain = chain,
                   .repository = repository,
                   .stored = stored,
                   .outcome = outcome,
                   .cancellable = cancellable};
  return key != NULL && sign_all(signer, &task, manifest, error);
}

SignLook
image_signer_look(const ImageSigner *signer, const SigningSet *set, const SigningRule *rule,
                  const char *repository, const char *digest, GError **why)
{
  const SigningKey *row = NULL;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(signer->rooms.registry, repository, digest, why);
  g_autoptr(Manifest) manifest =
      stored == NULL ? NULL
                     : manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, why);
  return manifest == NULL
             ? SIGN_OTHER
             : sign_look(&signer->rooms, set, rule, repository, stored, manifest, &row, why);
}
