/* Naming images of a registry; see the header. */
#include "cli/server_target.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "oci/digest.h"

#define SHORT_DIGEST_MIN 6

/* Without a host a name is taken as written, and not for one of Docker Hub's. */
static Reference *
parse(const char *text, GError **error)
{
  Reference *reference = reference_parse(text, error);
  if (reference == NULL || g_str_has_prefix(text, reference->host))
    return reference;
  reference_free(reference);
  g_autofree char *with_host = g_strconcat("localhost/", text, NULL);
  return reference_parse(with_host, error);
}

/* @images, whose digests are used in paths and shown; NULL: they are none. Takes @images. */
static json_t *
with_digests(json_t *images, GError **error)
{
  size_t i;
  json_t *image;
  json_array_foreach(images, i, image) {
    const char *digest = json_get_string(image, "digest");
    if (digest != NULL && digest_parse(digest, &(Digest){{0}}, NULL))
      continue;
    error_set(error, ASSAY_ERROR_NETWORK,
              "the answer names an image by no digest; is this an Assay registry?");
    json_decref(images);
    return NULL;
  }
  return images;
}

/* "NAME@7e8770da82f0", with a digest as `assay images` shows it: cuts it off @name. (transfer
 * full), or NULL */
static char *
take_short_digest(char *name)
{
  char *at = strrchr(name, '@');
  size_t digits = at == NULL ? 0 : strspn(at + 1, "0123456789abcdef");
  if (digits < SHORT_DIGEST_MIN || at[1 + digits] != '\0')
    return NULL;
  *at = '\0';
  return g_strdup(at + 1);
}

json_t *
server_target_images(const ServerTarget *target, GError **error)
{
  g_autofree char *path =
      g_strdup_printf("/api/v1/repositories/%s/images", target->reference->repository);
  return with_digests(server_get_all(target->client, path, "images", NULL, error), error);
}

/* The full digest in place of the tag. */
static bool
complete_digest(ServerTarget *target, const char *start, GError **error)
{
  Reference *reference = target->reference;
  g_autoptr(json_t) images = server_target_images(target, error);
  unsigned found = 0;
  size_t i;
  json_t *image;
  json_array_foreach(images, i, image) {
    const char *digest = json_get_string(image, "digest");
    const char *colon = digest != NULL ? strchr(digest, ':') : NULL;
    if (colon == NULL || !g_str_has_prefix(colon + 1, start))
      continue;
    found++;
    g_free(reference->digest);
    reference->digest = g_strdup(digest);
  }
  if (images == NULL || found == 1)
    return images != NULL;
  return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s has %s image %s; `assay images %s` lists them",
                   reference->repository, found == 0 ? "no" : "more than one", start,
                   reference->repository);
}

bool
server_target_open(const char *typed, ServerTarget *target, GError **error)
{
  typed += g_str_has_prefix(typed, "docker://") ? strlen("docker://") : 0;
  g_autofree char *name = g_strdup(typed);
  g_autofree char *short_digest = take_short_digest(name);
  target->reference = parse(name, error);
  if (target->reference == NULL)
    return false;
  /* "HOST/REPOSITORY:TAG" names its registry. */
  bool has_host = g_str_has_prefix(name, target->reference->host);
  const char *slash = strrchr(name, '/');
  bool has_tag = strchr(slash != NULL ? slash : name, ':') != NULL;
  target->whole = !has_tag && short_digest == NULL && target->reference->digest == NULL;
  target->client = server_client_new(has_host ? target->reference->host : NULL, error);
  return target->client != NULL &&
         (short_digest == NULL || complete_digest(target, short_digest, error));
}

void
server_target_clear(ServerTarget *target)
{
  g_clear_pointer(&target->client, server_client_free);
  g_clear_pointer(&target->reference, reference_free);
}

json_t *
server_target_image(const ServerTarget *target, GError **error)
{
  const Reference *reference = target->reference;
  g_autofree char *path =
      g_strdup_printf("/api/v1/repositories/%s/images?reference=%s", reference->repository,
                      reference->digest != NULL ? reference->digest : reference->tag);
  g_autoptr(json_t) images =
      with_digests(server_get_all(target->client, path, "images", NULL, error), error);
  if (images == NULL)
    return NULL;
  if (json_array_size(images) > 0)
    return json_incref(json_array_get(images, 0));
  error_set(error, ASSAY_ERROR_NOT_FOUND, "%s has no image %s; `assay images %s` lists them",
            reference->repository, reference->digest != NULL ? reference->digest : reference->tag,
            reference->repository);
  return NULL;
}

/* It ends in a moment. */
json_t *
server_target_scanned(const ServerTarget *target, GError **error)
{
  g_autofree char *reason = NULL;
  for (int tries = 0; tries < 60; tries++) {
    json_t *image = server_target_image(target, error);
    const json_t *scan = json_get_object(image, "scan");
    if (image == NULL || g_strcmp0(json_get_string(scan, "state"), "pending") != 0)
      return image;
    g_free(reason);
    reason = g_strdup(json_get_string(scan, "error"));
    json_decref(image);
    g_usleep(G_USEC_PER_SEC / 2);
  }
  error_set(
      error, ASSAY_ERROR_TIMEOUT, "the scan of this image %s%s",
      reason == NULL ? "has not ended yet" : "will be tried again: ", reason == NULL ? "" : reason);
  return NULL;
}
