/* Signatures of images in registries, read and verified; see the header. */
#include "cli/signature_options.h"

#include <string.h>

#include "base/error.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "source/remote_signatures.h"

void
signed_image_clear(SignedImage *image)
{
  g_clear_pointer(&image->repository, g_free);
  g_clear_pointer(&image->signatures, image_signatures_unref);
  g_clear_pointer(&image->of_indexes, g_ptr_array_unref);
}

bool
signature_attestors_known(const PolicySet *policy, GError **error)
{
  g_autoptr(GPtrArray) unknown = policy_set_unknown_attestors(policy);
  if (unknown->len == 0)
    return true;
  return error_set(error, ASSAY_ERROR_INVALID,
                   "%s: the attestor \"%s\" is not in the file: write it under `attestors`, for no "
                   "server is asked",
                   policy_set_origin(policy).file, (const char *)g_ptr_array_index(unknown, 0));
}

static ImageSignatures *
verify(const SignatureSource *source, const PolicySet *policy, const Digest *digest,
       const Reference *reference, GError **error)
{
  const char *own[2];
  const SignatureClaim claim = {.digest = *digest,
                                .repository = reference->repository,
                                .hosts = remote_signature_hosts(reference, own)};
  return image_signatures_verify(source, policy_set_attestors(policy), &claim,
                                 g_get_real_time() / G_USEC_PER_SEC, error);
}

/* @name, a tag or a digest, where it names an index that holds @digest. NULL without *error: it
 * does not. */
static ImageSignatures *
verify_index(const SignatureSource *source, const PolicySet *policy, const Digest *digest,
             const char *name, const Reference *reference, GError **error)
{
  g_autofree char *media_type = NULL;
  g_autoptr(GBytes) bytes = source->manifest(source->data, name, &media_type, error);
  g_autoptr(Manifest) index =
      bytes == NULL ? NULL : manifest_parse(slice_from_bytes(bytes), media_type, error);
  if (index == NULL || index->kind != MANIFEST_INDEX)
    return NULL;
  for (guint i = 0; i < index->manifests->len; i++) {
    const Descriptor *member = g_ptr_array_index(index->manifests, i);
    if (!digest_equal(&member->digest, digest))
      continue;
    Digest own = digest_of(DIGEST_SHA256, slice_from_bytes(bytes));
    return verify(source, policy, &own, reference, error);
  }
  return NULL;
}

/* What names an index around the image: the tag beside a digest, or what the reference is resolved
 * to. NULL: nothing does. */
static const char *
index_around(const Reference *reference, const Digest *resolved, const Digest *digest)
{
  if (!digest_equal(resolved, digest))
    return resolved->text;
  return reference->digest != NULL ? reference->tag : NULL;
}

bool
signed_image_read(const char *text, const Digest *member, const Config *config,
                  const PolicySet *policy, SignedImage *image, GError **error)
{
  Digest resolved;
  g_autofree char *media_type = NULL;
  g_autoptr(Remote) remote = source_options_remote(text, config, false, error);
  if (remote == NULL || !remote_resolve(remote, &resolved, &media_type,
                                        config->limits.registry.manifest_bytes, NULL, error))
    return false;
  const Reference *reference = remote_reference(remote);
  RemoteSignatures place = {remote, config->limits.registry.manifest_bytes, NULL};
  const SignatureSource source = remote_signature_source(&place);
  image->digest = member != NULL ? *member : resolved;
  image->repository = g_strdup(reference->repository);
  image->signatures = verify(&source, policy, &image->digest, reference, error);
  image->of_indexes = g_ptr_array_new_with_free_func((GDestroyNotify)image_signatures_unref);
  const char *around = index_around(reference, &resolved, &image->digest);
  if (image->signatures == NULL || around == NULL)
    return image->signatures != NULL;
  g_autoptr(GError) failure = NULL;
  ImageSignatures *of_index =
      verify_index(&source, policy, &image->digest, around, reference, &failure);
  if (of_index != NULL)
    g_ptr_array_add(image->of_indexes, of_index);
  return true;
}
