/* Signing as notation does; see write.h. */
#include <string.h>

#include "base/calendar.h"
#include "base/json.h"
#include "oci/artifact_descriptor.h"
#include "sign/formats/notation.h"
#include "sign/formats/signing_chain.h"
#include "sign/formats/timestamp.h"
#include "sign/formats/write-private.h"
#include "text/base64url.h"

#define AGENT "assay"

/* (transfer full) */
static char *
encode_json(json_t *json)
{
  g_autofree char *text = json_to_text(json);
  json_decref(json);
  return base64url_encode(slice_from_string(text));
}

static char *
payload_of(const SignedSubject *subject, json_t *annotations)
{
  json_t *target = artifact_descriptor(subject->media_type, subject->digest.text, subject->size);
  if (annotations != NULL)
    json_object_set(target, "annotations", annotations);
  return encode_json(json_pack("{s:o}", "targetArtifact", target));
}

static char *
header_of(SignatureAlgorithm algorithm, int64_t now)
{
  g_autofree char *moment = calendar_moment(now);
  return encode_json(json_pack("{s:s,s:[s],s:s,s:s,s:s}", "alg", algorithm_name(algorithm), "crit",
                               NOTATION_SCHEME, "cty", NOTATION_PAYLOAD_TYPE, NOTATION_SCHEME,
                               NOTATION_SCHEME_X509, NOTATION_TIME, moment));
}

/* The certificates in base64, and their thumbprints. (transfer full) */
static json_t *
describe_chain(const GPtrArray *chain, char **thumbprints)
{
  json_t *list = json_array();
  g_autoptr(json_t) prints = json_array();
  for (guint i = 0; i < chain->len; i++) {
    Slice der = slice_from_bytes(g_ptr_array_index(chain, i));
    Digest digest = digest_of(DIGEST_SHA256, der);
    g_autofree char *text = g_base64_encode(der.data, der.size);
    json_array_append_new(list, json_string(text));
    json_array_append_new(prints, json_string(digest_hex(&digest)));
  }
  *thumbprints = json_to_text(prints);
  return list;
}

/* The token alone, in base64; NULL: there is none. (transfer full) */
static char *
stamp_text(GBytes *answer)
{
  if (answer == NULL)
    return NULL;
  Slice token = timestamp_token(slice_from_bytes(answer));
  return g_base64_encode(token.data, token.size);
}

/* Nothing is signed that no reader would take. */
static bool
check_chain(const GPtrArray *chain, const PublicKey *key, int64_t now, GError **error)
{
  return signing_chain_check(chain, key, error) &&
         signing_chain_good(signing_chain_times(chain), now, error);
}

SignedArtifact *
notation_write(const SignedSubject *subject, json_t *annotations, const GPtrArray *chain,
               int64_t now, const SigningMeans *means, GError **error)
{
  const PublicKey *public = key_public(means->key);
  SignatureAlgorithm algorithm = ALGORITHM_COUNT;
  if (!check_chain(chain, public, now, error))
    return NULL;
  public_key_notation_algorithm(public, &algorithm);
  g_autofree char *payload = payload_of(subject, annotations);
  g_autofree char *header = header_of(algorithm, now);
  g_autofree char *message = g_strconcat(header, ".", payload, NULL);
  g_autoptr(GBytes) signature =
      key_sign(means->key, algorithm, slice_from_string(message), means->cancellable, error);
  g_autoptr(GBytes) stamp = NULL;
  if (signature == NULL || !timestamp_authority_ask(means->times, slice_from_bytes(signature),
                                                    &stamp, means->cancellable, error))
    return NULL;
  g_autofree char *thumbprints = NULL;
  g_autofree char *text = base64url_encode(slice_from_bytes(signature));
  json_t *certificates = describe_chain(chain, &thumbprints);
  g_autofree char *token = stamp_text(stamp);
  g_autoptr(json_t) jws = json_pack(
      "{s:s,s:s,s:{s:o,s:s,s:s*},s:s}", "payload", payload, "protected", header, "header", "x5c",
      certificates, NOTATION_AGENT, AGENT, NOTATION_TIMESTAMP, token, "signature", text);
  char *envelope = json_to_text(jws);
  g_autoptr(GBytes) bytes = g_bytes_new_take(envelope, strlen(envelope));
  const SignedLayer layer = {NOTATION_JWS_TYPE, bytes, NULL};
  return signed_artifact_referring(subject, &layer, NULL, NOTATION_ARTIFACT_TYPE,
                                   json_pack("{s:s}", NOTATION_THUMBPRINT, thumbprints));
}
