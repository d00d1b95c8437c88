/* Signatures of stored images: read, verified once, remembered; see the header. */
#include "pipeline/beside.h"

#include <inttypes.h>

#include "base/error.h"
#include "pipeline/attestors.h"
#include "pipeline/pipeline-private.h"
#include "registry/signatures.h"

/* Signatures, sentences and pairs of values of all that is kept, some hundred bytes each. */
#define KEPT_MAX   8192
#define WEIGHT_MAX 200000u
G_STATIC_ASSERT(WEIGHT_MAX > SIGNATURE_VALUES_MAX / 2 + 2 * SIGNATURES_MAX);
/* Of those who ask for the same manifest at the same time, one reads, and the others wait. */
#define LOCK_COUNT 32u
/* An image is in as many indexes as somebody likes to push. */
#define INDEXES_MAX 20u
/* What could not be read is tried again after so long. */
#define TRY_AGAIN ((int64_t)10 * 60 * G_USEC_PER_SEC)

/* What lies beside one manifest. */
typedef struct {
  gatomicrefcount references;
  ImageSignatures *signatures;
  char *look;          /* how it looked when it was read */
  GPtrArray *indexes;  /* char *: that hold it; NULL: they were not asked for */
  bool more;           /* ... and others */
  uint64_t serial;     /* no other has it */
  int64_t turns;       /* as in SignatureFacts */
  uint64_t generation; /* atomic: of the registry, when it was last seen to look so */
} Beside;

static void *
beside_ref(void *data)
{
  g_atomic_ref_count_inc(&((Beside *)data)->references);
  return data;
}

static void
beside_unref(void *data)
{
  Beside *beside = data;
  if (beside == NULL || !g_atomic_ref_count_dec(&beside->references))
    return;
  image_signatures_unref(beside->signatures);
  g_free(beside->look);
  g_clear_pointer(&beside->indexes, g_ptr_array_unref);
  g_free(beside);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Beside, beside_unref)

Cache *
beside_cache_new(void)
{
  return cache_new(KEPT_MAX, WEIGHT_MAX, beside_ref, beside_unref);
}

void
signature_facts_clear(SignatureFacts *facts)
{
  g_clear_pointer(&facts->own, image_signatures_unref);
  g_clear_pointer(&facts->of_indexes, g_ptr_array_unref);
  g_clear_pointer(&facts->key, g_free);
}

/* --- who is trusted --- */

void
trusted_clear(Trusted *trusted)
{
  g_ptr_array_unref(trusted->attestors);
  g_ptr_array_unref(trusted->server);
}

static void
note_turn(int64_t *turns, int64_t when, int64_t now)
{
  if (when > now && (*turns == 0 || when < *turns))
    *turns = when;
}

static void
trust(Trusted *trusted, const Attestor *attestor, int64_t now)
{
  g_ptr_array_add(trusted->attestors, (void *)(uintptr_t)attestor);
  for (guint i = 0; i < attestor->keys->len; i++) {
    const AttestorKey *key = g_ptr_array_index(attestor->keys, i);
    note_turn(&trusted->turns, key->not_before * G_USEC_PER_SEC, now);
    note_turn(&trusted->turns, (key->not_after + 1) * G_USEC_PER_SEC, now);
    note_turn(&trusted->turns, key->revoked_at * G_USEC_PER_SEC, now);
  }
}

Trusted
beside_trusted_by(Pipeline *pipeline, const PolicySet *policy, int64_t now)
{
  uint64_t generation;
  Trusted trusted = {.attestors = g_ptr_array_new(),
                     .server = attestors_of_server(pipeline, &generation)};
  const GPtrArray *own = policy_set_attestors(policy);
  for (guint i = 0; i < own->len; i++)
    trust(&trusted, g_ptr_array_index(own, i), now);
  for (guint i = 0; i < trusted.server->len; i++) {
    const Attestor *attestor = g_ptr_array_index(trusted.server, i);
    if (!attestors_have(own, attestor->name))
      trust(&trusted, attestor, now);
  }
  g_autofree char *both =
      g_strdup_printf("%s %" PRIu64, policy_set_origin(policy).identity, generation);
  Digest identity = digest_of(DIGEST_SHA256, slice_from_string(both));
  trusted.stamp = (uint64_t)digest_number(&identity);
  return trusted;
}

/* --- one manifest --- */

typedef struct {
  Pipeline *pipeline;
  const Trusted *trusted;
  const char *repository;
  int64_t now;
} Looker;

/* How it looks now, with the indexes that hold it where @indexes is not NULL. (transfer full) */
static char *
look_at(const Looker *looker, const Digest *manifest, GPtrArray **indexes, bool *more,
        GError **error)
{
  Registry *registry = looker->pipeline->registry;
  g_autofree char *look = registry_look_beside(registry, looker->repository, manifest, error);
  if (look == NULL || indexes == NULL)
    return g_steal_pointer(&look);
  *indexes = registry_indexes_of(registry, looker->repository, manifest, INDEXES_MAX, more, error);
  if (*indexes == NULL)
    return NULL;
  g_autoptr(GString) all = g_string_new(look);
  for (guint i = 0; i < (*indexes)->len; i++)
    g_string_append_printf(all, "\nin %s", (const char *)g_ptr_array_index(*indexes, i));
  g_string_append(all, *more ? "\nand more" : "");
  return g_string_free(g_steal_pointer(&all), FALSE);
}

static ImageSignatures *
verify(const Looker *looker, const Digest *manifest, GError **error)
{
  RegistrySignatures place = {looker->pipeline->registry, looker->repository};
  const SignatureSource source = registry_signature_source(&place);
  const SignatureClaim claim = {.digest = *manifest,
                                .repository = looker->repository,
                                .hosts = looker->pipeline->options.hosts};
  return image_signatures_verify(&source, looker->trusted->attestors, &claim,
                                 looker->now / G_USEC_PER_SEC, error);
}

static Beside *
read_beside(const Looker *looker, const Digest *manifest, bool with_indexes, uint64_t generation,
            GError **error)
{
  static uint64_t serials;
  g_autoptr(Beside) beside = g_new0(Beside, 1);
  g_atomic_ref_count_init(&beside->references);
  beside->generation = generation;
  beside->serial = __atomic_add_fetch(&serials, 1, __ATOMIC_RELAXED);
  beside->turns = looker->trusted->turns;
  /* In this order: what comes in between is seen as a change the next time. */
  beside->look =
      look_at(looker, manifest, with_indexes ? &beside->indexes : NULL, &beside->more, error);
  beside->signatures = beside->look == NULL ? NULL : verify(looker, manifest, error);
  if (beside->signatures == NULL)
    return NULL;
  note_turn(&beside->turns, (beside->signatures->turns + 1) * G_USEC_PER_SEC, looker->now);
  if (beside->signatures->incomplete)
    note_turn(&beside->turns, looker->now + TRY_AGAIN, looker->now);
  return g_steal_pointer(&beside);
}

/* FOUND: what is @known holds, also by the registry's @generation. */
static Found
still_holds(const Looker *looker, Beside *known, const Digest *manifest, bool with_indexes,
            uint64_t generation, GError **error)
{
  if (known == NULL || (known->turns != 0 && looker->now >= known->turns))
    return ABSENT;
  if (__atomic_load_n(&known->generation, __ATOMIC_ACQUIRE) == generation)
    return FOUND;
  g_autoptr(GPtrArray) indexes = NULL;
  bool more = false;
  g_autofree char *look = look_at(looker, manifest, with_indexes ? &indexes : NULL, &more, error);
  if (look == NULL)
    return FAILED;
  if (g_strcmp0(look, known->look) != 0)
    return ABSENT;
  __atomic_store_n(&known->generation, generation, __ATOMIC_RELEASE);
  return FOUND;
}

/* FOUND: *beside is what is remembered. (transfer full) */
static Found
recall(const Looker *looker, const char *key, const Digest *manifest, bool with_indexes,
       Beside **beside, GError **error)
{
  uint64_t generation = registry_generation(looker->pipeline->registry);
  g_autoptr(Beside) known = cache_get(looker->pipeline->beside, key, looker->trusted->stamp);
  Found found = still_holds(looker, known, manifest, with_indexes, generation, error);
  if (found == FOUND)
    *beside = g_steal_pointer(&known);
  return found;
}

/* (transfer full), or NULL with *error */
static Beside *
read_and_keep(const Looker *looker, const char *key, const Digest *manifest, bool with_indexes,
              GError **error)
{
  uint64_t generation = registry_generation(looker->pipeline->registry);
  Beside *beside = read_beside(looker, manifest, with_indexes, generation, error);
  if (beside == NULL)
    return NULL;
  const ImageSignatures *signatures = beside->signatures;
  cache_put(looker->pipeline->beside, key, looker->trusted->stamp, beside,
            1 + signatures->valid->len + signatures->problems->len + signatures->values / 2);
  return beside;
}

static Beside *
beside_of(const Looker *looker, const Digest *manifest, bool with_indexes, GError **error)
{
  static GMutex locks[LOCK_COUNT];
  g_autofree char *key =
      g_strdup_printf("%s\n%s\n%d", looker->repository, manifest->text, with_indexes);
  Beside *beside = NULL;
  if (recall(looker, key, manifest, with_indexes, &beside, error) != ABSENT)
    return beside;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&locks[g_str_hash(key) % LOCK_COUNT]);
  if (recall(looker, key, manifest, with_indexes, &beside, error) != ABSENT)
    return beside;
  return read_and_keep(looker, key, manifest, with_indexes, error);
}

/* --- an image and the indexes that hold it --- */

static void
add_facts(SignatureFacts *facts, GString *key, const Beside *beside, int64_t now)
{
  note_turn(&facts->turns, beside->turns, now);
  g_string_append_printf(key, "%" PRIu64 " ", beside->serial);
}

static bool
add_indexes(const Looker *looker, const Beside *own, SignatureFacts *facts, GString *key,
            GError **error)
{
  facts->more = own->more;
  facts->of_indexes = g_ptr_array_new_with_free_func((GDestroyNotify)image_signatures_unref);
  for (guint i = 0; own->indexes != NULL && i < own->indexes->len; i++) {
    Digest index;
    if (!digest_parse(g_ptr_array_index(own->indexes, i), &index, error))
      return false;
    g_autoptr(Beside) beside = beside_of(looker, &index, false, error);
    if (beside == NULL)
      return false;
    add_facts(facts, key, beside, looker->now);
    g_ptr_array_add(facts->of_indexes, image_signatures_ref(beside->signatures));
  }
  return true;
}

bool
beside_look(Pipeline *pipeline, const PolicySet *policy, const char *repository,
            const Digest *manifest, SignatureFacts *facts, GError **error)
{
  if (!policy_set_wants_signatures(policy, repository))
    return true;
  int64_t now = g_get_real_time();
  g_auto(Trusted) trusted = beside_trusted_by(pipeline, policy, now);
  const Looker looker = {pipeline, &trusted, repository, now};
  g_autoptr(Beside) own =
      beside_of(&looker, manifest, policy_set_wants_those_of_indexes(policy, repository), error);
  if (own == NULL)
    return false;
  g_autoptr(GString) key = g_string_new(NULL);
  add_facts(facts, key, own, now);
  facts->own = image_signatures_ref(own->signatures);
  if (!add_indexes(&looker, own, facts, key, error))
    return false;
  facts->key = g_string_free(g_steal_pointer(&key), FALSE);
  return true;
}

/* --- what stands otherwise --- */

void
beside_changed(const char *repository, const char *manifest, void *data)
{
  Pipeline *pipeline = data;
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  if (!policy_set_wants_signatures(policy, repository))
    return;
  keeper_ask(pipeline, manifest);
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(pipeline->registry, repository, manifest, NULL);
  g_autoptr(Manifest) parsed =
      stored == NULL ? NULL
                     : manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, NULL);
  for (guint i = 0; parsed != NULL && i < parsed->manifests->len; i++)
    keeper_ask(pipeline,
               ((const Descriptor *)g_ptr_array_index(parsed->manifests, i))->digest.text);
}
