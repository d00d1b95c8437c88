/* Envelopes and statements; see the header. */
#include "sign/formats/dsse.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "text/base64.h"

#define STATEMENT_TYPE "https://in-toto.io/Statement/"
#define MESSAGE_FIELDS 4u /* of dsse_message(), before the payload */

/* --- statements --- */

static bool
add_subject(const json_t *subject, Signature *signature, GError **error)
{
  json_t *digests = json_get_object(subject, "digest");
  const char *name;
  json_t *value;
  if (digests == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "a subject has no \"digest\"");
  json_object_foreach(digests, name, value) {
    g_autofree char *text =
        g_strdup_printf("%s:%s", name, json_is_string(value) ? json_string_value(value) : "");
    if (digest_is_valid(text))
      g_ptr_array_add(signature->subjects, g_steal_pointer(&text));
  }
  return true;
}

static bool
read_subjects(const json_t *statement, Signature *signature, GError **error)
{
  const json_t *subjects = json_get_array(statement, "subject");
  if (json_array_size(subjects) > STATEMENT_SUBJECTS_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "the statement has more than %u subjects",
                     STATEMENT_SUBJECTS_MAX);
  for (size_t i = 0; i < json_array_size(subjects); i++)
    if (!add_subject(json_array_get(subjects, i), signature, error))
      return false;
  if (signature->subjects->len == 0)
    return error_set(error, ASSAY_ERROR_INVALID, "the statement has no subject");
  /* Of several subjects nobody could tell whose claims these are. */
  if (json_array_size(subjects) == 1)
    signature->annotations =
        json_incref(json_get_object(json_array_get(subjects, 0), "annotations"));
  return true;
}

/* (transfer full) */
static Signature *
read_statement(Slice payload, GError **error)
{
  static const char *const members[] = {"_type", "subject", "predicateType", "predicate", NULL};
  g_autoptr(json_t) statement = json_parse_bounded(payload, DSSE_VALUES_MAX, error);
  if (statement == NULL || !json_refuse_aliases(statement, members, error))
    return NULL;
  const char *type = json_require_string(statement, "_type", error);
  const char *about = type == NULL ? NULL : json_require_string(statement, "predicateType", error);
  if (about == NULL)
    return NULL;
  if (!g_str_has_prefix(type, STATEMENT_TYPE)) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "\"%s\" is no statement of in-toto", type);
    return NULL;
  }
  g_autoptr(Signature) signature = signature_new(
      strcmp(about, PREDICATE_IMAGE_SIGNATURE) == 0 ? SIGNATURE_BUNDLE : SIGNATURE_ATTESTATION);
  signature->predicate_type = g_strdup(about);
  if (!read_subjects(statement, signature, error))
    return NULL;
  return g_steal_pointer(&signature);
}

Slice
dsse_payload(const Signature *signature)
{
  Slice payload = slice_from_bytes(signature->message), field;
  for (unsigned i = 0; i < MESSAGE_FIELDS; i++)
    if (signature->predicate_type == NULL || !slice_next_field(&payload, ' ', &field))
      return SLICE_EMPTY;
  return payload;
}

json_t *
dsse_predicate(const Signature *signature)
{
  if (signature->predicate_type == NULL)
    return NULL;
  g_autoptr(json_t) statement = json_parse_bounded(dsse_payload(signature), DSSE_VALUES_MAX, NULL);
  return json_incref(json_object_get(statement, "predicate"));
}

char *
statement_write(const char *statement_type, const Digest *digest, const char *name,
                json_t *annotations, const char *predicate_type, json_t *predicate)
{
  g_autoptr(json_t) statement = json_object();
  json_t *subject = json_object(), *digests = json_object();
  g_autofree char *algorithm = g_strndup(digest->text, strcspn(digest->text, ":"));
  json_set_string(digests, algorithm, digest_hex(digest));
  json_set_string(subject, "name", name);
  json_object_set_new(subject, "digest", digests);
  if (annotations != NULL)
    json_object_set(subject, "annotations", annotations);
  json_set_string(statement, "_type", statement_type);
  json_object_set_new(statement, "subject", json_pack("[o]", subject));
  json_set_string(statement, "predicateType", predicate_type);
  json_object_set(statement, "predicate", predicate);
  return json_to_text(statement);
}

/* --- envelopes --- */

GBytes *
dsse_message(const char *payload_type, Slice payload)
{
  g_autofree char *head =
      g_strdup_printf("DSSEv1 %zu %s %zu ", strlen(payload_type), payload_type, payload.size);
  GByteArray *message = g_byte_array_new();
  g_byte_array_append(message, (const guint8 *)head, (guint)strlen(head));
  g_byte_array_append(message, payload.data, (guint)payload.size);
  return g_byte_array_free_to_bytes(message);
}

json_t *
dsse_envelope(Slice payload, GBytes *signature)
{
  gsize size;
  const guchar *bytes = g_bytes_get_data(signature, &size);
  g_autofree char *payload_text = g_base64_encode(payload.data, payload.size);
  g_autofree char *signature_text = g_base64_encode(bytes, size);
  return json_pack("{s:s,s:s,s:[{s:s}]}", "payload", payload_text, "payloadType", DSSE_PAYLOAD_TYPE,
                   "signatures", "sig", signature_text);
}

/* The bytes of a member in base64. (transfer full) */
static GBytes *
read_bytes(const json_t *object, const char *name, GError **error)
{
  const char *text = json_require_string(object, name, error);
  GBytes *bytes = text == NULL ? NULL : base64_decode(slice_from_string(text));
  if (bytes == NULL && text != NULL)
    error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is no base64", name);
  return bytes;
}

static Signature *
copy_of(const Signature *signature)
{
  Signature *copy = signature_new(signature->format);
  copy->predicate_type = g_strdup(signature->predicate_type);
  copy->annotations = json_incref(signature->annotations);
  copy->message = g_bytes_ref(signature->message);
  for (guint i = 0; i < signature->subjects->len; i++)
    g_ptr_array_add(copy->subjects, g_strdup(g_ptr_array_index(signature->subjects, i)));
  return copy;
}

/* One of @said for each of the envelope's signatures. (transfer full) */
static GPtrArray *
read_signatures(const json_t *envelope, const Signature *said, GError **error)
{
  const json_t *list = json_get_array(envelope, "signatures");
  size_t count = json_array_size(list);
  if (count == 0 || count > DSSE_SIGNATURES_MAX) {
    error_set(error, count == 0 ? ASSAY_ERROR_INVALID : ASSAY_ERROR_LIMIT,
              "the envelope has %zu signatures, not 1 to %u", count, DSSE_SIGNATURES_MAX);
    return NULL;
  }
  g_autoptr(GPtrArray) signatures = g_ptr_array_new_with_free_func((GDestroyNotify)signature_free);
  for (size_t i = 0; i < count; i++) {
    Signature *signature = copy_of(said);
    g_ptr_array_add(signatures, signature);
    signature->bytes = read_bytes(json_array_get(list, i), "sig", error);
    if (signature->bytes == NULL)
      return NULL;
  }
  return g_steal_pointer(&signatures);
}

GPtrArray *
dsse_read(const json_t *envelope, GError **error)
{
  static const char *const members[] = {"payload", "payloadType", "signatures", NULL};
  if (!json_refuse_aliases(envelope, members, error))
    return NULL;
  const char *type = json_require_string(envelope, "payloadType", error);
  g_autoptr(GBytes) payload = type == NULL ? NULL : read_bytes(envelope, "payload", error);
  if (payload == NULL)
    return NULL;
  if (strcmp(type, DSSE_PAYLOAD_TYPE) != 0) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "the envelope has \"%s\", no statement of in-toto",
              type);
    return NULL;
  }
  g_autoptr(Signature) said = read_statement(slice_from_bytes(payload), error);
  if (said == NULL)
    return NULL;
  said->message = dsse_message(type, slice_from_bytes(payload));
  return read_signatures(envelope, said, error);
}
