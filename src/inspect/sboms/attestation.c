/* An SBOM in an attestation: an in-toto Statement (https://in-toto.io/Statement/v1), by itself, in
 * a DSSE envelope (https://github.com/secure-systems-lab/dsse), or with that in a sigstore bundle.
 * Nobody's signature is checked here. */
#include <string.h>

#include "base/json.h"
#include "inspect/sboms/sboms-private.h"

/* The Statement in @value, or NULL: it is none. (transfer full) */
static json_t *
open_statement(const json_t *value, GError **error)
{
  const char *type = json_get_string(value, "_type");
  if (type != NULL && g_str_has_prefix(type, "https://in-toto.io/Statement/"))
    return json_incref((json_t *)(uintptr_t)value);
  const json_t *envelope = json_get_object(value, "dsseEnvelope");
  if (envelope == NULL)
    envelope = value;
  const char *payload = json_get_string(envelope, "payload");
  const char *payload_type = json_get_string(envelope, "payloadType");
  if (payload == NULL || payload_type == NULL)
    return NULL;
  gsize size = 0;
  g_autofree char *standard = g_strdelimit(g_strdelimit(g_strdup(payload), "-", '+'), "_", '/');
  g_autofree guchar *bytes = g_base64_decode(standard, &size);
  return json_parse_lenient(slice_new(bytes, size), SBOM_VALUES_MAX, error);
}

/* Whether the Statement is about the image of @digest, "sha256:...". */
static bool
is_about(const json_t *statement, const char *digest)
{
  const char *colon = strchr(digest, ':');
  g_autofree char *algorithm = colon == NULL ? NULL : g_strndup(digest, (size_t)(colon - digest));
  size_t index;
  json_t *subject;
  json_array_foreach(json_get_array(statement, "subject"), index, subject) {
    const json_t *digests = json_get_object(subject, "digest");
    const char *hex = algorithm == NULL ? NULL : json_get_string(digests, algorithm);
    if (hex != NULL && g_ascii_strcasecmp(hex, colon + 1) == 0)
      return true;
  }
  return false;
}

bool
attestation_open(SbomReading *reading, const json_t *value, json_t **statement)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) inner = open_statement(value, &error);
  bool is_one = json_get_array(inner, "subject") != NULL;
  *statement = NULL;
  if (error != NULL || (inner != NULL && !is_one)) {
    sbom_broken(reading, error != NULL ? error->message
                                       : "It is an envelope, but there is no Statement in it.");
    return false;
  }
  if (reading->attested && inner != NULL) {
    sbom_broken(reading, "It is an attestation in an attestation.");
    return false;
  }
  if (reading->subject != NULL && !reading->attested &&
      (inner == NULL ? reading->must_attest : !is_about(inner, reading->subject))) {
    g_autofree char *detail =
        g_strdup_printf("It is no attestation of %.200s, beside which it lies.", reading->subject);
    sbom_broken(reading, detail);
    return false;
  }
  if (inner != NULL)
    layer_inventory_add_note(reading->into, "not-verified", reading->location,
                             "The SBOM is in an attestation that is not verified: whether it is "
                             "signed, and by whom, was not checked.");
  reading->attested |= inner != NULL;
  *statement = g_steal_pointer(&inner);
  return true;
}

const char *
attestation_text(const json_t *statement)
{
  const char *text = json_get_string(statement, "predicate");
  return text != NULL ? text : json_get_string(json_get_object(statement, "predicate"), "Data");
}
