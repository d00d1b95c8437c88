/* The signatures of one manifest; see the header. */
#include "pipeline/sign_formats.h"

#include "base/log.h"
#include "base/metrics.h"
#include "registry/signatures.h"
#include "sign/formats/cosign.h"
#include "signing/chains.h"

METRIC(made, COUNTER("assay_signatures_made_total", "Signatures that this server made."));

/* One that is there, or is to be stored. */
typedef struct {
  SignatureFormat format;
  SignedArtifact *artifact; /* NULL: it is there */
  StoredManifest *existing; /* what its tag had; or NULL */
  Digest manifest;
} Prepared;

static void
prepared_free(Prepared *prepared)
{
  signed_artifact_free(prepared->artifact);
  stored_manifest_free(prepared->existing);
  g_free(prepared);
}

static bool
wants(const SigningRule *rule, SignatureFormat format)
{
  if (rule->formats == NULL)
    return format == SIGNATURE_COSIGN || format == SIGNATURE_BUNDLE;
  return g_strv_contains((const char *const *)rule->formats, signature_format_names[format]);
}

bool
sign_formats_chain(const SigningRule *rule, const SigningKey *key, GPtrArray **chain,
                   GError **error)
{
  *chain = NULL;
  if (rule->attest != NULL || !wants(rule, SIGNATURE_NOTATION))
    return true;
  *chain = signing_key_chain(key, g_get_real_time() / G_USEC_PER_SEC, error);
  return *chain != NULL;
}

/* --- what is there --- */

static bool
read_present(const SignTask *task, FoundSignatures *found, GError **error)
{
  RegistrySignatures place = {task->rooms->registry, task->repository};
  const SignatureSource source = registry_signature_source(&place);
  return signatures_read(&source, &task->stored->digest, found, error);
}

/* One with the certificates of before ends with them. */
static bool
has_our_leaf(const SignTask *task, const Signature *one)
{
  return one->format != SIGNATURE_NOTATION ||
         (one->chain != NULL && task->chain != NULL &&
          g_bytes_equal(one->chain->pdata[0], task->chain->pdata[0]));
}

/* Whether one of @found is ours by this key and in this format, and where. */
static bool
find_present(const SignTask *task, const FoundSignatures *found, SignatureFormat format,
             Digest *manifest)
{
  const SignatureClaim claim = {.digest = task->stored->digest, .repository = task->repository};
  for (guint i = 0; i < found->signatures->len; i++) {
    const Signature *one = g_ptr_array_index(found->signatures, i);
    if (one->format != format || !signature_verify(one, key_public(task->key), &claim, NULL) ||
        !has_our_leaf(task, one))
      continue;
    *manifest = one->manifest;
    return true;
  }
  return false;
}

/* --- making it --- */

static SignedArtifact *
write_signature(const SignTask *task, SignatureFormat format, StoredManifest **existing,
                GError **error)
{
  const SignedSubject subject = sign_subject(task);
  const SigningMeans means = sign_means(task);
  if (format == SIGNATURE_BUNDLE)
    return bundle_write(&subject, NULL, &means, error);
  if (format == SIGNATURE_NOTATION)
    return notation_write(&subject, NULL, task->chain, g_get_real_time() / G_USEC_PER_SEC, &means,
                          error);
  if (!sign_existing(task, COSIGN_SIGNATURE_SUFFIX, existing, error))
    return NULL;
  return cosign_write(&subject, task->reference, NULL, &means,
                      *existing == NULL ? NULL : (*existing)->bytes, error);
}

static Prepared *
prepare(const SignTask *task, const FoundSignatures *found, SignatureFormat format, GError **error)
{
  Prepared *prepared = g_new0(Prepared, 1);
  prepared->format = format;
  if (find_present(task, found, format, &prepared->manifest))
    return prepared;
  prepared->artifact = write_signature(task, format, &prepared->existing, error);
  if (prepared->artifact == NULL) {
    prepared_free(prepared);
    return NULL;
  }
  prepared->manifest = prepared->artifact->digest;
  return prepared;
}

/* One that is there already may lack its record: of a stop in between. Of several by one key, the
 * record tells those of Notation apart by the certificate. */
static bool
settle(const SignTask *task, const Prepared *prepared, GError **error)
{
  const char *format = signature_format_names[prepared->format];
  Digest leaf;
  if (prepared->format == SIGNATURE_NOTATION)
    leaf = digest_of(DIGEST_SHA256, slice_from_bytes(task->chain->pdata[0]));
  if ((prepared->artifact != NULL &&
       !sign_store(task, prepared->artifact, prepared->existing, error)) ||
      !sign_note(task, format, NULL, prepared->format == SIGNATURE_NOTATION ? leaf.text : NULL,
                 &prepared->manifest, 0, prepared->artifact != NULL, error))
    return false;
  if (prepared->artifact == NULL) {
    task->outcome->present++;
    return true;
  }
  metric_add(&made, 1);
  task->outcome->made++;
  log_info("image signed", "digest", task->stored->digest.text, "repository", task->repository,
           "rule", task->rule->name, "format", format, NULL);
  return true;
}

bool
sign_formats(const SignTask *task, GError **error)
{
  static const SignatureFormat formats[] = {SIGNATURE_COSIGN, SIGNATURE_BUNDLE, SIGNATURE_NOTATION};
  g_auto(FoundSignatures) found = {NULL, NULL, false};
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)prepared_free);
  if (!read_present(task, &found, error))
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
    if (!wants(task->rule, formats[i]))
      continue;
    Prepared *prepared = prepare(task, &found, formats[i], error);
    if (prepared == NULL)
      return false;
    g_ptr_array_add(all, prepared);
  }
  for (guint i = 0; i < all->len; i++)
    if (!settle(task, g_ptr_array_index(all, i), error))
      return false;
  return true;
}
