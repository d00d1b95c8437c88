/* Whether an image is to be signed; see the header. */
#include "pipeline/sign_due.h"

#include <string.h>

#include "access/rights/key_grants.h"
#include "base/error.h"
#include "oci/media_type.h"
#include "oci/repair_mark.h"
#include "pipeline/pipeline-private.h"
#include "registry/known_names.h"
#include "registry/quarantine.h"
#include "sign/formats/cosign.h"

/* Of indexes in indexes. */
#define DEPTH_MAX 4u

/* What is beside another is its signature, or an SBOM: those are known by it. */
static bool
is_image(const Manifest *manifest)
{
  if (manifest->subject != NULL)
    return false;
  for (guint i = 0; i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    if (strcmp(layer->media_type, COSIGN_LAYER_TYPE) == 0 ||
        media_type_is_attestation(layer->media_type))
      return false;
  }
  return true;
}

/* (transfer full both) */
static Manifest *
load_member(const SigningRooms *rooms, const char *repository, const Descriptor *member,
            StoredManifest **stored, GError **error)
{
  *stored = registry_manifest_get(rooms->registry, repository, member->digest.text, error);
  return *stored == NULL
             ? NULL
             : manifest_parse(slice_from_bytes((*stored)->bytes), (*stored)->media_type, error);
}

/* --- whether it passes --- */

static bool image_passes(const SigningRooms *rooms, const char *repository,
                         const StoredManifest *stored, const Manifest *manifest, unsigned depth,
                         GError **error);

/* False without *error: one of them does not pass, or is not there. */
static bool
members_pass(const SigningRooms *rooms, const char *repository, const Manifest *index,
             unsigned depth, GError **error)
{
  for (guint i = 0; i < index->manifests->len; i++) {
    g_autoptr(StoredManifest) stored = NULL;
    g_autoptr(Manifest) manifest =
        load_member(rooms, repository, g_ptr_array_index(index->manifests, i), &stored, error);
    if (manifest == NULL || !image_passes(rooms, repository, stored, manifest, depth + 1, error))
      return false;
  }
  return true;
}

/* Scanned, and let out by all checks but signatures; of an index, all that is in it. False without
 * *error: not so, or not yet. */
static bool
image_passes(const SigningRooms *rooms, const char *repository, const StoredManifest *stored,
             const Manifest *manifest, unsigned depth, GError **error)
{
  if (manifest->kind == MANIFEST_INDEX)
    return depth <= DEPTH_MAX && members_pass(rooms, repository, manifest, depth, error);
  Pipeline *pipeline = rooms->pipeline;
  if (!images_is_image(pipeline->blobs, manifest))
    return true; /* there is nothing to scan in it */
  ScanState scan = SCAN_NONE;
  g_autoptr(Verdict) verdict =
      gate_judge_content(pipeline, repository, stored->digest.text, stored, &scan, error);
  if (verdict == NULL || !verdict->allowed || verdict->unscanned || scan != SCAN_DONE)
    return false;
  g_autoptr(GError) failure = NULL;
  if (registry_check_quarantine(rooms->registry, repository, &stored->digest, &failure))
    return true;
  if (!g_error_matches(failure, REGISTRY_ERROR, REGISTRY_DENIED))
    g_propagate_error(error, g_steal_pointer(&failure));
  return false;
}

/* --- whether it repairs another --- */

/* Where the operator does not say how this registry is called, any name may be it. */
static bool
is_ours(const SigningRooms *rooms, const char *host)
{
  g_autofree const char **hosts = signing_settings_hosts(rooms->settings);
  return hosts == NULL || g_strv_contains(hosts, host);
}

static Found
know_reference(const SigningRooms *rooms, const char *repository, const RepairMark *mark,
               const Digest *image, GError **error)
{
  const Reference *reference = mark->reference;
  Digest digest;
  if (!is_ours(rooms, reference->host) ||
      (mark->inherited && strcmp(reference->repository, repository) != 0))
    return ABSENT;
  if (reference->digest == NULL)
    return registry_knows_tag(rooms->registry, reference->repository, reference->tag, image, error);
  return digest_parse(reference->digest, &digest, NULL)
             ? registry_knows_manifest(rooms->registry, reference->repository, &digest, error)
             : ABSENT;
}

/* Whether what @mark names is known. FAILED with ASSAY_ERROR_DENIED: it is not. */
static Found
know_original(const SigningRooms *rooms, const char *repository, const RepairMark *mark,
              const Digest *image, GError **error)
{
  const Reference *reference = mark->reference;
  Found found = ABSENT;
  if (mark->digest.text[0] != '\0' && strcmp(mark->digest.text, image->text) != 0)
    found = registry_knows_manifest(rooms->registry, mark->inherited ? repository : NULL,
                                    &mark->digest, error);
  else if (reference != NULL)
    found = know_reference(rooms, repository, mark, image, error);
  if (found != ABSENT)
    return found;
  if (mark->digest.text[0] != '\0')
    error_set(error, ASSAY_ERROR_DENIED, "%s says that it repairs %s, which is not known here",
              image->text, mark->digest.text);
  else if (reference != NULL)
    error_set(
        error, ASSAY_ERROR_DENIED,
        "%s says that it repairs %s/%s%s%s, which is not known in this registry and repository",
        image->text, reference->host, reference->repository, reference->digest != NULL ? "@" : ":",
        reference->digest != NULL ? reference->digest : reference->tag);
  else
    error_set(error, ASSAY_ERROR_DENIED,
              "%s says that it was repaired, and not which image it repairs", image->text);
  return FAILED;
}

static Found find_repair(const SigningRooms *rooms, const char *repository,
                         const StoredManifest *stored, const Manifest *manifest, unsigned depth,
                         GError **error);

/* FOUND: one of them. */
static Found
find_in_members(const SigningRooms *rooms, const char *repository, const Manifest *index,
                unsigned depth, GError **error)
{
  g_autoptr(GError) first = NULL;
  for (guint i = 0; depth < DEPTH_MAX && i < index->manifests->len; i++) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(StoredManifest) stored = NULL;
    g_autoptr(Manifest) manifest =
        load_member(rooms, repository, g_ptr_array_index(index->manifests, i), &stored, &failure);
    Found found = manifest == NULL
                      ? FAILED
                      : find_repair(rooms, repository, stored, manifest, depth + 1, &failure);
    if (found == FOUND)
      return FOUND;
    if (found == FAILED && first == NULL)
      first = g_steal_pointer(&failure);
  }
  if (first == NULL)
    return ABSENT;
  g_propagate_error(error, g_steal_pointer(&first));
  return FAILED;
}

/* FOUND: it says which image it repairs, or one of an index does, and that one is known here: by an
 * annotation in any repository, by a label in the same one, for labels are inherited by what is
 * built on an image. ABSENT: it says nothing of that. FAILED with ASSAY_ERROR_DENIED: what it names
 * is not known. */
static Found
find_repair(const SigningRooms *rooms, const char *repository, const StoredManifest *stored,
            const Manifest *manifest, unsigned depth, GError **error)
{
  bool is_index = manifest->kind == MANIFEST_INDEX;
  g_autoptr(ImageConfig) config = !is_index && manifest_is_container_image(manifest)
                                      ? images_load_config(rooms->pipeline->blobs, manifest, NULL)
                                      : NULL;
  g_auto(RepairMark) mark = {0};
  repair_mark_read(manifest, config, &mark);
  bool named = mark.digest.text[0] != '\0' || mark.reference != NULL;
  /* Indexes that older versions of Copacetic write do not name the one that they repair. */
  if (is_index && !named) {
    Found found = find_in_members(rooms, repository, manifest, depth, error);
    if (found != ABSENT || !mark.repaired)
      return found;
  }
  return mark.repaired ? know_original(rooms, repository, &mark, &stored->digest, error) : ABSENT;
}

/* --- whether its rule signs it --- */

bool
sign_is_scanned(const SigningRooms *rooms, const Digest *image, bool *scanned, GError **error)
{
  g_autoptr(ImageSummary) summary = pipeline_image_summary(rooms->pipeline, image, error);
  *scanned = summary != NULL && summary->state == SCAN_DONE;
  return summary != NULL;
}

/* The signing key that the rule may use now. (transfer none) */
static const SigningKey *
allowed_key(const SigningRooms *rooms, const SigningSet *set, const SigningRule *rule,
            const char *repository, GError **error)
{
  const AttestorRow *attestor = signing_set_attestor(set, rule->attestor);
  const SigningKey *key = attestor == NULL ? NULL : signing_set_key(set, attestor->key);
  if (key == NULL) {
    error_set(error, ASSAY_ERROR_NOT_FOUND, "signing rule %s: its attestor %s has no signing key",
              rule->name, rule->attestor);
    return NULL;
  }
  if (key->revoked != 0) {
    error_set(error, ASSAY_ERROR_DENIED, "signing key %s: it is revoked", key->name);
    return NULL;
  }
  g_autoptr(KeyGrant) grant = NULL;
  const KeyUse use = {rule->name, key->name, VERB_SIGN, repository};
  switch (key_use_find(rooms->access, &use, &grant, error)) {
  case FOUND:
    return key;
  case ABSENT:
    error_set(error, ASSAY_ERROR_DENIED,
              "signing rule %s: no key grant lets it sign with %s for %s (assay key-grant create "
              "%s %s %s)",
              rule->name, key->name, repository, rule->name, key->name, repository);
    return NULL;
  default:
    return NULL;
  }
}

/* The rule's patterns may be others than when it was asked for. */
static SignLook
look_at_name(const SigningRooms *rooms, const SigningRule *rule, const char *repository,
             const StoredManifest *stored, GError **why)
{
  const ImageName name = {repository, stored->digest.text};
  g_autoptr(GPtrArray) tags = registry_tags_of(rooms->registry, &name, 1, why);
  if (tags == NULL)
    return SIGN_REFUSED;
  if (signing_rule_fits(rule, repository, g_ptr_array_index(tags, 0)))
    return SIGN_DUE;
  error_set(why, ASSAY_ERROR_DENIED,
            "signing rule %s: it is for other repositories or tags than %s@%s", rule->name,
            repository, stored->digest.text);
  return SIGN_OTHER;
}

/* A mark that names nothing that is known is told once the image passes. */
static SignLook
look_at_trigger(const SigningRooms *rooms, const SigningRule *rule, const char *repository,
                const StoredManifest *stored, const Manifest *manifest, GError **why)
{
  g_autoptr(GError) failure = NULL, of_verdict = NULL;
  Found repaired = rule->trigger == TRIGGER_REPAIRED
                       ? find_repair(rooms, repository, stored, manifest, 0, &failure)
                       : FOUND;
  if (repaired == ABSENT) {
    error_set(why, ASSAY_ERROR_DENIED,
              "signing rule %s: it signs what was repaired, and %s does not say that it was",
              rule->name, stored->digest.text);
    return SIGN_OTHER;
  }
  if (image_passes(rooms, repository, stored, manifest, 0, &of_verdict)) {
    if (failure != NULL)
      g_propagate_prefixed_error(why, g_steal_pointer(&failure), "signing rule %s: ", rule->name);
    return repaired == FOUND ? SIGN_DUE : SIGN_REFUSED;
  }
  if (of_verdict != NULL) {
    g_propagate_error(why, g_steal_pointer(&of_verdict));
    return SIGN_REFUSED;
  }
  error_set(why, ASSAY_ERROR_DENIED,
            "signing rule %s: it signs what passed, and %s did not: it is not scanned, "
            "something of it is unknown, it is in quarantine, or the policy refuses it "
            "(`assay image` says which)",
            rule->name, stored->digest.text);
  return SIGN_WAITS;
}

static SignLook
look_at_scan(const SigningRooms *rooms, const SigningRule *rule, const StoredManifest *stored,
             GError **why)
{
  bool scanned = false;
  if (!sign_is_scanned(rooms, &stored->digest, &scanned, why))
    return SIGN_REFUSED;
  if (scanned)
    return SIGN_DUE;
  error_set(why, ASSAY_ERROR_DENIED,
            "signing rule %s: it attests what a scan found, and %s is not scanned", rule->name,
            stored->digest.text);
  return SIGN_WAITS;
}

SignLook
sign_look(const SigningRooms *rooms, const SigningSet *set, const SigningRule *rule,
          const char *repository, const StoredManifest *stored, const Manifest *manifest,
          const SigningKey **key, GError **why)
{
  if (!is_image(manifest)) {
    error_set(why, ASSAY_ERROR_INVALID,
              "%s is a signature, or lies beside an image: it is not signed", stored->digest.text);
    return SIGN_OTHER;
  }
  SignLook look = look_at_name(rooms, rule, repository, stored, why);
  if (look == SIGN_DUE && signing_rule_asks_verdict(rule))
    look = look_at_trigger(rooms, rule, repository, stored, manifest, why);
  if (look == SIGN_DUE && rule->attest != NULL && manifest->kind != MANIFEST_INDEX)
    look = look_at_scan(rooms, rule, stored, why);
  if (look != SIGN_DUE)
    return look;
  *key = allowed_key(rooms, set, rule, repository, why);
  return *key == NULL ? SIGN_REFUSED : SIGN_DUE;
}
