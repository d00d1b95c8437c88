/* Which attestors vouch for an image; see the header. */
#include "sign/verify.h"

#include <string.h>

#include "base/calendar.h"
#include "base/error.h"
#include "base/json.h"
#include "sign/formats/certificates.h"
#include "sign/formats/dsse.h"
#include "sign/proof.h"

/* What was parsed last: the signatures of an envelope follow one another, and several attestors may
 * vouch for each. */
typedef struct {
  const GBytes *message;
  json_t *predicate;
  bool fits;
} Predicate;

/* By what a signature is. */
typedef struct {
  const char *key;   /* its fingerprint */
  Slice certificate; /* in DER; empty: it is by a key alone */
} Signer;

typedef struct {
  const SignatureSource *source;
  const GPtrArray *attestors;
  const SignatureClaim *claim;
  int64_t now;
  Predicate *last;
  ImageSignatures *result;
} Verification;

static void
verified_free(VerifiedSignature *verified)
{
  g_free(verified->attestor);
  g_free(verified->key);
  g_free(verified->signer);
  g_free(verified->predicate_type);
  json_decref(verified->predicate);
  json_decref(verified->annotations);
  g_free(verified);
}

ImageSignatures *
image_signatures_ref(ImageSignatures *signatures)
{
  g_atomic_ref_count_inc(&signatures->references);
  return signatures;
}

void
image_signatures_unref(ImageSignatures *signatures)
{
  if (signatures == NULL || !g_atomic_ref_count_dec(&signatures->references))
    return;
  g_ptr_array_unref(signatures->valid);
  g_ptr_array_unref(signatures->problems);
  g_free(signatures);
}

bool
image_signatures_has(const ImageSignatures *signatures, const char *attestor)
{
  for (guint i = 0; i < signatures->valid->len; i++) {
    const VerifiedSignature *verified = g_ptr_array_index(signatures->valid, i);
    if (verified->format != SIGNATURE_ATTESTATION && strcmp(verified->attestor, attestor) == 0)
      return true;
  }
  return false;
}

static void G_GNUC_PRINTF(3, 4)
    tell(const Verification *verification, const Signature *signature, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *what = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_ptr_array_add(verification->result->problems,
                  g_strdup_printf("%s (%s, layer %u) %s",
                                  signature_format_in_words(signature->format),
                                  signature->manifest.text, signature->index, what));
}

/* --- time --- */

/* The latest moment at which the signature can have been made, as far as is proven, or as it is
 * known to have been here; 0: nobody knows. */
static int64_t
known_time(const Verification *verification, const Signature *signature, const Proof *proof)
{
  const SignatureSource *source = verification->source;
  int64_t here =
      source->known_since == NULL ? 0 : source->known_since(source->data, &signature->manifest);
  int64_t proven = proof_first(proof);
  return proven > 0 && (here == 0 || proven < here) ? proven : here;
}

/* Whether it counts that a key was good until @end: it was made before, or the end is yet to come.
 */
static bool
is_before(int64_t end, int64_t known, int64_t now)
{
  return end == 0 || (known > 0 ? known <= end : now <= end);
}

/* NULL: it counts. Otherwise why not. (transfer full) */
static char *
find_untimely(const AttestorKey *key, const Signature *signature, int64_t known, int64_t now)
{
  int64_t made = known > 0 ? known : signature->signed_at;
  const char *when = known > 0 ? "later" : "nobody knows when";
  /* A key that was stolen makes signatures of any date: only what was there before counts. */
  if (!is_before(key->revoked_at, known, now)) {
    g_autofree char *moment = calendar_moment(key->revoked_at);
    return g_strdup_printf("was revoked on %s, and it was made %s", moment, when);
  }
  if (!is_before(key->not_after, known, now)) {
    g_autofree char *moment = calendar_moment(key->not_after);
    return g_strdup_printf("was good until %s, and it was made %s", moment, when);
  }
  if (key->not_before > now || (made > 0 && made < key->not_before)) {
    g_autofree char *moment = calendar_moment(key->not_before);
    return g_strdup_printf("is good from %s on, and it was made before", moment);
  }
  return NULL;
}

/* --- */

/* Of a signature that somebody vouches for: what strangers say takes no memory. False: there is no
 * room for it. */
static bool
take_predicate(const Verification *verification, const Signature *signature)
{
  Predicate *last = verification->last;
  ImageSignatures *result = verification->result;
  if (last->message == signature->message)
    return last->fits;
  size_t values = signature->predicate_type == NULL
                      ? 0
                      : json_count_values(slice_from_bytes(signature->message));
  json_decref(last->predicate);
  *last = (Predicate){signature->message, NULL, values <= SIGNATURE_VALUES_MAX - result->values};
  if (last->fits) {
    last->predicate = dsse_predicate(signature);
    result->values += values;
  }
  return last->fits;
}

static void
accept(const Verification *verification, const Attestor *attestor, const Signer *signer,
       const Signature *signature, int64_t known)
{
  VerifiedSignature *verified = g_new0(VerifiedSignature, 1);
  verified->attestor = g_strdup(attestor->name);
  verified->key = g_strdup(signer->key);
  verified->signer =
      signer->certificate.size == 0 ? NULL : certificate_in_words(signer->certificate);
  verified->format = signature->format;
  verified->predicate_type = g_strdup(signature->predicate_type);
  verified->predicate = json_incref(verification->last->predicate);
  verified->annotations = json_incref(signature->annotations);
  verified->signed_at = known > 0 ? known : signature->signed_at;
  verified->manifest = signature->manifest;
  g_ptr_array_add(verification->result->valid, verified);
  int64_t *turns = &verification->result->turns;
  if (signature->expires_at > 0 && (*turns == 0 || signature->expires_at < *turns))
    *turns = signature->expires_at;
}

static void
tell_unread(const Verification *verification, const Signature *signature, const Attestor *attestor)
{
  verification->result->incomplete = true;
  tell(verification, signature,
       "is by %s, but was not read: with the others it has more than %zu values", attestor->name,
       SIGNATURE_VALUES_MAX);
}

/* What a signature is worth that is by the attestor. */
static void
judge(const Verification *verification, const Attestor *attestor, const Signer *signer,
      const Signature *signature, int64_t known)
{
  g_autoptr(GError) mismatch = NULL;
  if (!attestor_takes(attestor, signature->format))
    tell(verification, signature, "is by %s, of whom this format does not count", attestor->name);
  else if (!signature_check_claim(signature, verification->claim, &mismatch))
    tell(verification, signature, "is by %s, but %s", attestor->name, mismatch->message);
  else if (signature->expires_at > 0 && signature->expires_at < verification->now)
    tell(verification, signature, "is by %s, but does not count any more, by its own word",
         attestor->name);
  else if (!take_predicate(verification, signature) && signature->format == SIGNATURE_ATTESTATION)
    tell_unread(verification, signature, attestor);
  else
    accept(verification, attestor, signer, signature, known);
}

static void
judge_key(const Verification *verification, const Attestor *attestor, const AttestorKey *key,
          const Signature *signature)
{
  g_autoptr(GError) unproven = NULL;
  g_autoptr(GBytes) der = public_key_to_der(key->key);
  Proof proof;
  if (!proof_find(attestor, signature, slice_from_bytes(der), &proof, &unproven)) {
    tell(verification, signature, "is by %s, but %s", attestor->name, unproven->message);
    return;
  }
  int64_t known = known_time(verification, signature, &proof);
  g_autofree char *untimely = find_untimely(key, signature, known, verification->now);
  if (untimely != NULL)
    tell(verification, signature, "does not count: the key %s of %s %s", key->name, attestor->name,
         untimely);
  else
    judge(verification, attestor, &(Signer){public_key_fingerprint(key->key), SLICE_EMPTY},
          signature, known);
}

/* Whether one of the attestor's keys made it. */
static bool
try_keys(const Verification *verification, const Attestor *attestor, const Signature *signature)
{
  for (guint i = 0; i < attestor->keys->len; i++) {
    const AttestorKey *key = g_ptr_array_index(attestor->keys, i);
    if (signature_is_by(signature, key->key)) {
      judge_key(verification, attestor, key, signature);
      return true;
    }
  }
  return false;
}

/* --- certificates --- */

static bool
is_of_identity(const Attestor *attestor, Slice leaf)
{
  for (guint i = 0; i < attestor->identities->len; i++) {
    const AttestorIdentity *identity = g_ptr_array_index(attestor->identities, i);
    if (certificate_is_of(leaf, identity->subject, identity->name, identity->issuer))
      return true;
  }
  return attestor->identities->len == 0;
}

static void
tell_stranger(const Verification *verification, const Attestor *attestor,
              const Signature *signature, Slice leaf)
{
  g_autofree char *name = certificate_in_words(leaf);
  tell(verification, signature, "is by %s, who is none of the identities of %s", name,
       attestor->name);
}

static void
judge_certificate(const Verification *verification, const Attestor *attestor,
                  const PublicKey *leaf_key, const Signature *signature)
{
  g_autoptr(GError) mismatch = NULL;
  Slice leaf = slice_from_bytes(g_ptr_array_index(signature->chain, 0));
  Proof proof;
  bool proven = proof_find(attestor, signature, leaf, &proof, &mismatch);
  int64_t known = known_time(verification, signature, &proof);
  int64_t otherwise = known > 0 ? known : verification->now;
  if (!proven || !proof_check_certificate(attestor, signature, &proof, otherwise, &mismatch)) {
    tell(verification, signature, "is not by %s: %s", attestor->name, mismatch->message);
  } else if (!is_of_identity(attestor, leaf)) {
    tell_stranger(verification, attestor, signature, leaf);
  } else {
    judge(verification, attestor, &(Signer){public_key_fingerprint(leaf_key), leaf}, signature,
          known);
  }
}

/* Whether a certificate's key made it, of whom roots shall tell. */
static bool
try_roots(const Verification *verification, const Attestor *attestor, const Signature *signature)
{
  if (signature->chain == NULL ||
      (attestor->roots->len == 0 && attestor->sigstore->authorities->len == 0))
    return false;
  g_autoptr(PublicKey) leaf =
      certificate_key(slice_from_bytes(g_ptr_array_index(signature->chain, 0)), NULL);
  if (leaf == NULL || !signature_is_by(signature, leaf))
    return false;
  judge_certificate(verification, attestor, leaf, signature);
  return true;
}

static void
verify_one(const Verification *verification, const Signature *signature)
{
  bool is_known = false;
  for (guint i = 0; i < verification->attestors->len; i++) {
    const Attestor *attestor = g_ptr_array_index(verification->attestors, i);
    if (try_keys(verification, attestor, signature) || try_roots(verification, attestor, signature))
      is_known = true;
  }
  if (!is_known)
    tell(verification, signature, "is by nobody who is known here");
}

ImageSignatures *
image_signatures_verify(const SignatureSource *source, const GPtrArray *attestors,
                        const SignatureClaim *claim, int64_t now, GError **error)
{
  g_auto(FoundSignatures) found = {0};
  if (!signatures_read(source, &claim->digest, &found, error))
    return NULL;
  ImageSignatures *result = g_new0(ImageSignatures, 1);
  g_atomic_ref_count_init(&result->references);
  result->valid = g_ptr_array_new_with_free_func((GDestroyNotify)verified_free);
  result->problems = g_steal_pointer(&found.problems);
  result->seen = found.signatures->len;
  result->incomplete = found.incomplete;
  Predicate last = {NULL, NULL, true};
  const Verification verification = {source, attestors, claim, now, &last, result};
  for (guint i = 0; i < found.signatures->len; i++)
    verify_one(&verification, g_ptr_array_index(found.signatures, i));
  json_decref(last.predicate);
  return result;
}
