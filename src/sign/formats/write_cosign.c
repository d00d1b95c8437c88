/* Signing as cosign does, in all of its forms; see write.h. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "sign/formats/bundle.h"
#include "sign/formats/cosign.h"
#include "sign/formats/dsse.h"
#include "sign/formats/write-private.h"

#define STATEMENT_V0 "https://in-toto.io/Statement/v0.1"
#define STATEMENT_V1 "https://in-toto.io/Statement/v1"

static GBytes *
sign(const SigningMeans *means, GBytes *message, GError **error)
{
  return key_sign(means->key, public_key_cosign_algorithm(key_public(means->key)),
                  slice_from_bytes(message), means->cancellable, error);
}

/* The answer of the authority, of which *text is what cosign's annotation has; NULL: none is
 * wanted.
 */
static bool
stamp(const SigningMeans *means, GBytes *stamped, char **text, GError **error)
{
  g_autoptr(GBytes) answer = NULL;
  *text = NULL;
  if (!timestamp_authority_ask(means->times, slice_from_bytes(stamped), &answer, means->cancellable,
                               error))
    return false;
  if (answer == NULL)
    return true;
  gsize size;
  const guchar *bytes = g_bytes_get_data(answer, &size);
  g_autofree char *encoded = g_base64_encode(bytes, size);
  g_autoptr(json_t) json = json_pack("{s:s}", COSIGN_TIMESTAMP_MEMBER, encoded);
  *text = json_to_text(json);
  return true;
}

static GBytes *
take_text(char *text)
{
  return g_bytes_new_take(text, strlen(text));
}

/* --- simple signing --- */

/* Whether the layers of @existing have this payload signed by the key. */
static bool
has_signature(GBytes *existing, GBytes *payload, const PublicKey *key)
{
  Digest digest = digest_of(DIGEST_SHA256, slice_from_bytes(payload));
  g_autoptr(Manifest) manifest =
      existing == NULL ? NULL
                       : manifest_parse(slice_from_bytes(existing), MEDIA_TYPE_OCI_MANIFEST, NULL);
  for (guint i = 0; manifest != NULL && i < manifest->layers->len; i++) {
    const Descriptor *layer = g_ptr_array_index(manifest->layers, i);
    g_autoptr(Signature) signature =
        digest_equal(&layer->digest, &digest)
            ? cosign_read(slice_from_bytes(payload), layer->annotations, NULL)
            : NULL;
    if (signature != NULL && signature_is_by(signature, key))
      return true;
  }
  return false;
}

SignedArtifact *
cosign_write(const SignedSubject *subject, const char *reference, json_t *annotations,
             const SigningMeans *means, GBytes *existing, GError **error)
{
  g_autoptr(GBytes) payload = take_text(cosign_payload(&subject->digest, reference, annotations));
  g_autofree char *tag = cosign_tag(&subject->digest, COSIGN_SIGNATURE_SUFFIX);
  if (has_signature(existing, payload, key_public(means->key)))
    return signed_artifact_existing(existing, g_steal_pointer(&tag));
  g_autoptr(GBytes) signature = sign(means, payload, error);
  g_autofree char *stamped = NULL;
  if (signature == NULL || !stamp(means, signature, &stamped, error))
    return NULL;
  gsize size;
  const guchar *bytes = g_bytes_get_data(signature, &size);
  g_autofree char *text = g_base64_encode(bytes, size);
  g_autoptr(json_t) of_layer =
      json_pack("{s:s,s:s*}", COSIGN_SIGNATURE, text, COSIGN_TIMESTAMP, stamped);
  const SignedLayer layer = {COSIGN_LAYER_TYPE, payload, of_layer};
  return signed_artifact_beside(&layer, existing, g_steal_pointer(&tag), error);
}

/* --- statements --- */

/* The envelope of a signed statement; *bytes: its signature. (transfer full) */
static json_t *
sign_statement(char *statement, const SigningMeans *means, GBytes **bytes, GError **error)
{
  g_autofree char *payload = statement;
  g_autoptr(GBytes) message = dsse_message(DSSE_PAYLOAD_TYPE, slice_from_string(payload));
  *bytes = sign(means, message, error);
  return *bytes == NULL ? NULL : dsse_envelope(slice_from_string(payload), *bytes);
}

/* Takes @statement over. */
static SignedArtifact *
refer(const SignedSubject *subject, const char *type, char *statement, const SigningMeans *means,
      GError **error)
{
  g_autoptr(GBytes) signature = NULL, answer = NULL;
  g_autoptr(json_t) envelope = sign_statement(statement, means, &signature, error);
  if (envelope == NULL || !timestamp_authority_ask(means->times, slice_from_bytes(signature),
                                                   &answer, means->cancellable, error))
    return NULL;
  g_autoptr(GBytes) bundle = take_text(bundle_text(envelope, key_public(means->key), answer));
  const SignedLayer layer = {BUNDLE_TYPE, bundle, NULL};
  json_t *annotations =
      json_pack("{s:s,s:s}", BUNDLE_CONTENT, "dsse-envelope", BUNDLE_PREDICATE_TYPE, type);
  return signed_artifact_referring(subject, &layer, BUNDLE_TYPE, MEDIA_TYPE_OCI_EMPTY, annotations);
}

SignedArtifact *
bundle_write(const SignedSubject *subject, json_t *annotations, const SigningMeans *means,
             GError **error)
{
  g_autoptr(json_t) none = json_object();
  char *statement =
      statement_write(STATEMENT_V1, &subject->digest, NULL,
                      annotations != NULL ? annotations : none, PREDICATE_IMAGE_SIGNATURE, none);
  return refer(subject, PREDICATE_IMAGE_SIGNATURE, statement, means, error);
}

/* (transfer full) */
static char *
attestation_text(const SignedSubject *subject, const SignedStatement *statement)
{
  return statement_write(STATEMENT_V0, &subject->digest, statement->name, NULL, statement->type,
                         statement->predicate);
}

/* The time stamp is about all of the envelope, as cosign's is. */
SignedArtifact *
attestation_write(const SignedSubject *subject, const SignedStatement *statement,
                  const SigningMeans *means, GBytes *existing, GError **error)
{
  g_autoptr(GBytes) signature = NULL;
  g_autoptr(json_t) envelope =
      sign_statement(attestation_text(subject, statement), means, &signature, error);
  if (envelope == NULL)
    return NULL;
  g_autoptr(GBytes) bytes = take_text(json_to_text(envelope));
  g_autofree char *stamped = NULL;
  if (!stamp(means, bytes, &stamped, error))
    return NULL;
  g_autoptr(json_t) annotations = json_pack("{s:s,s:s,s:s*}", COSIGN_SIGNATURE, "", "predicateType",
                                            statement->type, COSIGN_TIMESTAMP, stamped);
  const SignedLayer layer = {DSSE_LAYER_TYPE, bytes, annotations};
  return signed_artifact_beside(&layer, existing,
                                cosign_tag(&subject->digest, DSSE_ATTESTATION_SUFFIX), error);
}

SignedArtifact *
attestation_bundle_write(const SignedSubject *subject, const SignedStatement *statement,
                         const SigningMeans *means, GError **error)
{
  return refer(subject, statement->type, attestation_text(subject, statement), means, error);
}
