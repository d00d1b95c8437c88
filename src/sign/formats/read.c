/* All signatures of an image; see the header. */
#include "sign/formats/read.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "sign/formats/bundle.h"
#include "sign/formats/cosign.h"
#include "sign/formats/dsse.h"
#include "sign/formats/notation.h"

typedef struct {
  const SignatureSource *source;
  const Digest *image;
  FoundSignatures *found;
  uint64_t bytes; /* read so far */
  uint64_t most;
  unsigned manifests;
} Reading;

void
found_signatures_clear(FoundSignatures *found)
{
  g_clear_pointer(&found->signatures, g_ptr_array_unref);
  g_clear_pointer(&found->problems, g_ptr_array_unref);
}

/* --- layers, by their type --- */

static GPtrArray *
as_list(Signature *signature)
{
  if (signature == NULL)
    return NULL;
  GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)signature_free);
  g_ptr_array_add(list, signature);
  return list;
}

static GPtrArray *
read_cosign(Slice bytes, GHashTable *annotations, GError **error)
{
  return as_list(cosign_read(bytes, annotations, error));
}

static GPtrArray *
read_envelope(Slice bytes, GHashTable *annotations, GError **error)
{
  g_autoptr(json_t) envelope = json_parse_bounded(bytes, DSSE_VALUES_MAX, error);
  g_autoptr(GPtrArray) signatures = envelope == NULL ? NULL : dsse_read(envelope, error);
  /* Of an attestation the whole envelope is stamped. */
  bool is_stamped = signatures != NULL && annotations != NULL &&
                    g_hash_table_contains(annotations, COSIGN_TIMESTAMP);
  g_autoptr(GBytes) stamped = is_stamped ? g_bytes_new(bytes.data, bytes.size) : NULL;
  for (guint i = 0; signatures != NULL && i < signatures->len; i++)
    if (!cosign_read_material(annotations, stamped, g_ptr_array_index(signatures, i), error))
      return NULL;
  return g_steal_pointer(&signatures);
}

static GPtrArray *
read_bundle(Slice bytes, GHashTable *annotations, GError **error)
{
  return as_list(bundle_read(bytes, error));
}

static GPtrArray *
read_jws(Slice bytes, GHashTable *annotations, GError **error)
{
  return as_list(notation_read_jws(bytes, error));
}

static GPtrArray *
read_cose(Slice bytes, GHashTable *annotations, GError **error)
{
  return as_list(notation_read_cose(bytes, error));
}

typedef struct {
  const char *type; /* of the layer; NULL: bundle_is() */
  const char *noun;
  uint64_t most;
  GPtrArray *(*read)(Slice bytes, GHashTable *annotations, GError **error);
} LayerKind;

static const LayerKind layer_kinds[] = {
    {COSIGN_LAYER_TYPE, "a cosign signature", COSIGN_PAYLOAD_MAX, read_cosign},
    {DSSE_LAYER_TYPE, "an attestation", DSSE_ENVELOPE_MAX, read_envelope},
    {NULL, "a sigstore bundle", DSSE_ENVELOPE_MAX, read_bundle},
    {NOTATION_JWS_TYPE, "a signature of the Notary Project", NOTATION_ENVELOPE_MAX, read_jws},
    {NOTATION_COSE_TYPE, "a signature of the Notary Project", NOTATION_ENVELOPE_MAX, read_cose},
};

static const LayerKind *
kind_of(const char *media_type)
{
  for (size_t i = 0; i < G_N_ELEMENTS(layer_kinds); i++)
    if (layer_kinds[i].type == NULL ? bundle_is(media_type)
                                    : strcmp(layer_kinds[i].type, media_type) == 0)
      return &layer_kinds[i];
  return NULL;
}

/* --- what is told --- */

static bool G_GNUC_PRINTF(3, 4) tell(Reading *reading, bool incomplete, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  if (reading->found->problems->len < SIGNATURES_MAX)
    g_ptr_array_add(reading->found->problems, g_strdup_vprintf(format, arguments));
  va_end(arguments);
  if (incomplete)
    reading->found->incomplete = true;
  return true;
}

/* What is too large or not what it is called is told; where the source fails, so does the reading.
 */
static bool
tell_failure(Reading *reading, const char *noun, const char *name, GError *failure, GError **error)
{
  static const AssayErrorCode told[] = {ASSAY_ERROR_NOT_FOUND, ASSAY_ERROR_INVALID,
                                        ASSAY_ERROR_LIMIT, ASSAY_ERROR_MISMATCH,
                                        ASSAY_ERROR_UNSUPPORTED};
  for (size_t i = 0; i < G_N_ELEMENTS(told); i++) {
    if (g_error_matches(failure, ASSAY_ERROR, (int)told[i])) {
      tell(reading, true, "%s (%s) could not be read: %s", noun, name, failure->message);
      g_error_free(failure);
      return true;
    }
  }
  g_propagate_error(error, failure);
  return false;
}

/* What was read and is none: nothing is missing by that. What is over a limit may be one. */
static bool
tell_misfit(Reading *reading, const char *noun, const char *name, GError *failure)
{
  bool is_over = g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  tell(reading, is_over, "%s (%s) %s: %s", noun, name, is_over ? "could not be read" : "is not one",
       failure->message);
  g_error_free(failure);
  return true;
}

static bool
is_what_it_is_called(GBytes *bytes, const Digest *digest, GError **error)
{
  Digest real = digest_of(digest_algorithm(digest), slice_from_bytes(bytes));
  return digest_equal(&real, digest) ||
         error_set(error, ASSAY_ERROR_MISMATCH, "its bytes are of %s", real.text);
}

/* --- manifests --- */

/* Each will be verified, by which all its bytes are read. */
static bool
take(Reading *reading, GPtrArray *signatures, const Descriptor *layer, const Digest *manifest,
     guint index)
{
  reading->bytes += layer->size * (signatures->len - 1);
  if (reading->bytes > reading->most)
    return tell(reading, true, "what is signed in %s is too large for %u signatures",
                layer->digest.text, signatures->len);
  while (signatures->len > 0) {
    Signature *signature = g_ptr_array_steal_index(signatures, 0);
    signature->manifest = *manifest;
    signature->index = index;
    g_ptr_array_add(reading->found->signatures, signature);
  }
  return true;
}

static bool
read_layer(Reading *reading, const Digest *manifest, const Manifest *of, guint index,
           GError **error)
{
  const Descriptor *layer = g_ptr_array_index(of->layers, index);
  const LayerKind *kind = kind_of(layer->media_type);
  GError *failure = NULL;
  if (kind == NULL)
    return true;
  if (layer->size > kind->most || reading->bytes + layer->size > reading->most)
    return tell(reading, true, "%s (%s) is too large to be read: %" G_GUINT64_FORMAT " bytes",
                kind->noun, layer->digest.text, layer->size);
  reading->bytes += layer->size;
  g_autoptr(GBytes) bytes =
      reading->source->blob(reading->source->data, layer->digest.text, layer->size, &failure);
  if (bytes == NULL || !is_what_it_is_called(bytes, &layer->digest, &failure))
    return tell_failure(reading, kind->noun, layer->digest.text, failure, error);
  g_autoptr(GPtrArray) signatures =
      kind->read(slice_from_bytes(bytes), layer->annotations, &failure);
  if (signatures == NULL) {
    return tell_misfit(reading, kind->noun, layer->digest.text, failure);
  }
  return take(reading, signatures, layer, manifest, index);
}

/* @subject: the image that it must be about by its own word, or NULL. */
static bool
read_manifest(Reading *reading, GBytes *bytes, const char *media_type, const Digest *subject,
              GError **error)
{
  GError *failure = NULL;
  Digest digest = digest_of(DIGEST_SHA256, slice_from_bytes(bytes));
  reading->bytes += g_bytes_get_size(bytes);
  g_autoptr(Manifest) manifest = manifest_parse(slice_from_bytes(bytes), media_type, &failure);
  if (manifest == NULL) {
    return tell_misfit(reading, "a manifest", digest.text, failure);
  }
  if (subject != NULL &&
      (manifest->subject == NULL || !digest_equal(&manifest->subject->digest, subject)))
    return tell(reading, false, "the manifest %s is listed as a referrer, and is about another",
                digest.text);
  for (guint i = 0; i < manifest->layers->len; i++) {
    if (reading->found->signatures->len >= SIGNATURES_MAX)
      return tell(reading, true, "there are more than %u signatures", SIGNATURES_MAX);
    if (!read_layer(reading, &digest, manifest, i, error))
      return false;
  }
  return true;
}

static bool
read_tag(Reading *reading, const char *suffix, GError **error)
{
  GError *failure = NULL;
  g_autofree char *tag = cosign_tag(reading->image, suffix);
  g_autofree char *media_type = NULL;
  g_autoptr(GBytes) bytes =
      reading->source->manifest(reading->source->data, tag, &media_type, &failure);
  if (bytes != NULL)
    return read_manifest(reading, bytes, media_type, NULL, error);
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    g_error_free(failure);
    return true;
  }
  return tell_failure(reading, "the manifest", tag, failure, error);
}

/* --- referrers --- */

/* Registries without a list of their own have one that clients keep, and cosign writes the config's
 * type there; so what says of itself that it is empty is looked at. */
static bool
may_be_signature(const char *type)
{
  return type == NULL || *type == '\0' || bundle_is(type) ||
         strcmp(type, MEDIA_TYPE_OCI_EMPTY) == 0 || strcmp(type, NOTATION_ARTIFACT_TYPE) == 0 ||
         strcmp(type, DSSE_PAYLOAD_TYPE) == 0 || kind_of(type) != NULL ||
         g_str_has_prefix(type, "application/vnd.dev.cosign.");
}

static bool
read_referrer(Reading *reading, const json_t *descriptor, GError **error)
{
  GError *failure = NULL;
  Digest digest;
  const char *name = json_get_string(descriptor, "digest");
  if (!may_be_signature(json_get_string(descriptor, "artifactType")))
    return true;
  if (name == NULL || !digest_parse(name, &digest, NULL))
    return tell(reading, true, "the list of referrers has one without a digest");
  if (reading->manifests++ >= SIGNATURE_MANIFESTS_MAX)
    return tell(reading, true, "there are more than %u referrers that may be signatures",
                SIGNATURE_MANIFESTS_MAX);
  g_autofree char *media_type = NULL;
  g_autoptr(GBytes) bytes =
      reading->source->manifest(reading->source->data, name, &media_type, &failure);
  if (bytes == NULL || !is_what_it_is_called(bytes, &digest, &failure))
    return tell_failure(reading, "a referrer", name, failure, error);
  return read_manifest(reading, bytes, media_type, reading->image, error);
}

static bool
read_referrers(Reading *reading, GError **error)
{
  GError *failure = NULL;
  g_autoptr(json_t) list =
      reading->source->referrers(reading->source->data, reading->image->text, &failure);
  if (list == NULL)
    return tell_failure(reading, "the list of referrers", reading->image->text, failure, error);
  size_t count = json_array_size(list);
  for (size_t i = 0; i < count && reading->manifests <= SIGNATURE_MANIFESTS_MAX; i++) {
    if (reading->bytes > reading->most)
      return tell(reading, true, "there is too much beside the image to be read");
    if (!read_referrer(reading, json_array_get(list, i), error))
      return false;
  }
  return true;
}

bool
signatures_read(const SignatureSource *source, const Digest *image, FoundSignatures *found,
                GError **error)
{
  Reading reading = {.source = source,
                     .image = image,
                     .found = found,
                     .most = source->most == 0 ? SIGNATURE_BYTES_MAX : source->most};
  found->signatures = g_ptr_array_new_with_free_func((GDestroyNotify)signature_free);
  found->problems = g_ptr_array_new_with_free_func(g_free);
  return read_tag(&reading, COSIGN_SIGNATURE_SUFFIX, error) &&
         read_tag(&reading, DSSE_ATTESTATION_SUFFIX, error) && read_referrers(&reading, error);
}
