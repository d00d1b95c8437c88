/* Simple signing; see the header. */
#include "sign/formats/cosign.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "text/base64.h"

#define VALUES_MAX ((size_t)1000)

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
      !read_annotations(annotations, signature, error))
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
