/* Signatures; see the header. */
#include "sign/formats/signature.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

const char *const signature_format_names[] = {"cosign", "bundle", "notation", "attestation", NULL};

const char *
signature_format_in_words(SignatureFormat format)
{
  static const char *const words[SIGNATURE_FORMAT_COUNT] = {
      [SIGNATURE_COSIGN] = "a cosign signature",
      [SIGNATURE_BUNDLE] = "a signature in a sigstore bundle",
      [SIGNATURE_NOTATION] = "a signature of the Notary Project",
      [SIGNATURE_ATTESTATION] = "an attestation",
  };
  return words[format];
}

Signature *
signature_new(SignatureFormat format)
{
  Signature *signature = g_new0(Signature, 1);
  signature->format = format;
  signature->subjects = g_ptr_array_new_with_free_func(g_free);
  signature->algorithm = ALGORITHM_COUNT;
  return signature;
}

void
signature_free(Signature *signature)
{
  if (signature == NULL)
    return;
  g_free(signature->reference);
  g_ptr_array_unref(signature->subjects);
  g_free(signature->predicate_type);
  json_decref(signature->annotations);
  g_free(signature->key_hint);
  g_clear_pointer(&signature->chain, g_ptr_array_unref);
  g_clear_pointer(&signature->timestamp, g_bytes_unref);
  g_clear_pointer(&signature->stamped, g_bytes_unref);
  g_clear_pointer(&signature->log_entries, g_ptr_array_unref);
  g_free(signature->log_problem);
  g_clear_pointer(&signature->message, g_bytes_unref);
  g_clear_pointer(&signature->bytes, g_bytes_unref);
  g_free(signature);
}

bool
signature_is_by(const Signature *signature, const PublicKey *key)
{
  SignatureAlgorithm algorithm = signature->algorithm != ALGORITHM_COUNT
                                     ? signature->algorithm
                                     : public_key_cosign_algorithm(key);
  return public_key_verify(key, algorithm, slice_from_bytes(signature->message),
                           slice_from_bytes(signature->bytes));
}

/* --- what it says --- */

/* "HOST/REPOSITORY[:TAG][@DIGEST]", as it is written: a name that only Docker's clients would
 * complete is not completed. */
static bool
check_reference(const char *reference, const SignatureClaim *claim, GError **error)
{
  const char *slash = strchr(reference, '/');
  if (slash == NULL)
    return error_set(error, ASSAY_ERROR_MISMATCH, "it is for \"%s\", which names no registry",
                     reference);
  g_autofree char *host = g_strndup(reference, (gsize)(slash - reference));
  g_autofree char *repository = g_strndup(slash + 1, strcspn(slash + 1, ":@"));
  if (claim->repository != NULL && strcmp(repository, claim->repository) != 0)
    return error_set(error, ASSAY_ERROR_MISMATCH, "it is for the repository \"%s\", not for \"%s\"",
                     repository, claim->repository);
  if (claim->hosts != NULL && !g_strv_contains(claim->hosts, host))
    return error_set(error, ASSAY_ERROR_MISMATCH, "it is for the registry \"%s\", not for \"%s\"",
                     host, claim->hosts[0] == NULL ? "" : claim->hosts[0]);
  return true;
}

static bool
check_subject(const Signature *signature, const Digest *digest, GError **error)
{
  for (guint i = 0; i < signature->subjects->len; i++)
    if (strcmp(g_ptr_array_index(signature->subjects, i), digest->text) == 0)
      return true;
  const char *first =
      signature->subjects->len == 0 ? "nothing" : g_ptr_array_index(signature->subjects, 0);
  return error_set(error, ASSAY_ERROR_MISMATCH, "it is for %s, not for %s", first, digest->text);
}

bool
signature_check_claim(const Signature *signature, const SignatureClaim *claim, GError **error)
{
  return check_subject(signature, &claim->digest, error) &&
         (signature->reference == NULL || check_reference(signature->reference, claim, error));
}

bool
signature_verify(const Signature *signature, const PublicKey *key, const SignatureClaim *claim,
                 GError **error)
{
  if (!signature_is_by(signature, key))
    return error_set(error, ASSAY_ERROR_MISMATCH, "it is not by the key %s",
                     public_key_fingerprint(key));
  return signature_check_claim(signature, claim, error);
}
