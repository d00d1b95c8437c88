/* Simple signing; see the header. */
#include "sign/formats/cosign.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/formats/certificates.h"
#include "sign/formats/transparency.h"
#include "text/base64.h"

#define VALUES_MAX       ((size_t)1000)
#define TIMESTAMP_VALUES ((size_t)10)
#define CHAIN_MAX        10u

/* An object that has exactly these members. */
static bool
check_members(const json_t *object, const char *name, const char *const *members, GError **error)
{
  size_t count = 0;
  for (; members[count] != NULL; count++)
    if (json_object_get(object, members[count]) == NULL)
      return error_set(error, ASSAY_ERROR_INVALID, "%s has no \"%s\"", name, members[count]);
  if (json_object_size(object) != count)
    return error_set(error, ASSAY_ERROR_INVALID, "%s has members that nobody knows", name);
  return true;
}

static bool
read_critical(const json_t *critical, Signature *signature, GError **error)
{
  static const char *const members[] = {"identity", "image", "type", NULL};
  static const char *const of_identity[] = {"docker-reference", NULL};
  static const char *const of_image[] = {"docker-manifest-digest", NULL};
  const json_t *identity = json_object_get(critical, "identity");
  const json_t *image = json_object_get(critical, "image");
  if (!check_members(critical, "\"critical\"", members, error) ||
      !check_members(identity, "\"identity\"", of_identity, error) ||
      !check_members(image, "\"image\"", of_image, error))
    return false;
  const char *type = json_require_string(critical, "type", error);
  if (type == NULL)
    return false;
  if (strcmp(type, COSIGN_CRITICAL_TYPE) != 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "its type is \"%s\", not \"%s\"", type,
                     COSIGN_CRITICAL_TYPE);
  const char *reference = json_require_string(identity, "docker-reference", error);
  const char *text =
      reference == NULL ? NULL : json_require_string(image, "docker-manifest-digest", error);
  Digest digest;
  if (text == NULL || !digest_parse(text, &digest, error))
    return false;
  signature->reference = g_strdup(reference);
  g_ptr_array_add(signature->subjects, g_strdup(digest.text));
  return true;
}

static bool
read_optional(const json_t *optional, Signature *signature, GError **error)
{
  if (optional == NULL || json_is_null(optional))
    return true;
  if (!json_is_object(optional))
    return error_set(error, ASSAY_ERROR_INVALID, "\"optional\" is no object");
  signature->annotations = json_deep_copy(optional);
  signature->signed_at = MAX(json_get_integer(optional, "timestamp", 0), 0);
  return true;
}

static bool
read_annotations(GHashTable *annotations, Signature *signature, GError **error)
{
  const char *text =
      annotations == NULL ? NULL : g_hash_table_lookup(annotations, COSIGN_SIGNATURE);
  signature->bytes = text == NULL ? NULL : base64_decode(slice_from_string(text));
  if (signature->bytes == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "the layer's annotation %s is missing or no base64", COSIGN_SIGNATURE);
  return true;
}

/* --- beside it --- */

static bool
read_chain(GHashTable *annotations, Signature *signature, GError **error)
{
  const char *leaf = g_hash_table_lookup(annotations, COSIGN_CERTIFICATE);
  const char *chain = g_hash_table_lookup(annotations, COSIGN_CHAIN);
  if (leaf == NULL || *leaf == '\0')
    return true;
  signature->chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  bool good = certificates_read(slice_from_string(leaf), 1, signature->chain, error) &&
              (chain == NULL || *chain == '\0' ||
               certificates_read(slice_from_string(chain), CHAIN_MAX, signature->chain, error));
  if (!good)
    g_prefix_error(error, "its certificates: ");
  return good;
}

static bool
read_timestamp(const char *text, Signature *signature, GError **error)
{
  if (text == NULL || *text == '\0')
    return true;
  g_autoptr(json_t) json = json_parse_bounded(slice_from_string(text), TIMESTAMP_VALUES, error);
  const char *token = json_get_string(json, "SignedRFC3161Timestamp");
  signature->timestamp = token == NULL ? NULL : base64_decode(slice_from_string(token));
  return json != NULL &&
         (signature->timestamp != NULL ||
          error_set(error, ASSAY_ERROR_INVALID, "its time stamp is missing or no base64"));
}

/* Who asks for no log does not mind what is wrong there. */
static void
read_log_entry(const char *text, Signature *signature)
{
  g_autoptr(GError) problem = NULL;
  if (text == NULL || *text == '\0')
    return;
  LogEntry *entry = log_entry_read_annotation(slice_from_string(text), &problem);
  if (entry == NULL) {
    signature->log_problem = g_strdup(problem->message);
    return;
  }
  signature->log_entries = g_ptr_array_new_with_free_func((GDestroyNotify)log_entry_free);
  g_ptr_array_add(signature->log_entries, entry);
}

bool
cosign_read_material(GHashTable *annotations, GBytes *stamped, Signature *signature, GError **error)
{
  if (annotations == NULL)
    return true;
  signature->stamped = stamped == NULL ? NULL : g_bytes_ref(stamped);
  read_log_entry(g_hash_table_lookup(annotations, COSIGN_LOG_ENTRY), signature);
  return read_chain(annotations, signature, error) &&
         read_timestamp(g_hash_table_lookup(annotations, COSIGN_TIMESTAMP), signature, error);
}

Signature *
cosign_read(Slice payload, GHashTable *annotations, GError **error)
{
  static const char *const members[] = {"critical", "optional", NULL};
  g_autoptr(json_t) json = json_parse_bounded(payload, VALUES_MAX, error);
  if (json == NULL)
    return NULL;
  g_autoptr(Signature) signature = signature_new(SIGNATURE_COSIGN);
  signature->message = g_bytes_new(payload.data, payload.size);
  if (!json_refuse_aliases(json, members, error) ||
      !read_critical(json_object_get(json, "critical"), signature, error) ||
      !read_optional(json_object_get(json, "optional"), signature, error) ||
      !read_annotations(annotations, signature, error) ||
      !cosign_read_material(annotations, NULL, signature, error))
    return NULL;
  return g_steal_pointer(&signature);
}

char *
cosign_payload(const Digest *digest, const char *reference, json_t *optional)
{
  g_autoptr(json_t) payload =
      json_pack("{s:{s:{s:s},s:{s:s},s:s},s:O?}", "critical", "identity", "docker-reference",
                reference, "image", "docker-manifest-digest", digest->text, "type",
                COSIGN_CRITICAL_TYPE, "optional", optional);
  return json_to_text(payload);
}

char *
cosign_tag(const Digest *digest, const char *suffix)
{
  return g_strdelimit(g_strconcat(digest->text, suffix, NULL), ":", '-');
}
