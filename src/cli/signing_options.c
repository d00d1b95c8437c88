/* What the commands on signatures have in common; see the header. */
#include "cli/signing_options.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/source_options.h"
#include "cli/terminal_progress.h"
#include "source/remote_signatures.h"

#define DOCKER_HUB "registry-1.docker.io"

char *signing_option_key, *signing_option_password_file, *signing_option_pin_file,
    *signing_option_token_file, *signing_option_timestamp_url, *signing_option_time_root;

/* --- keys --- */

static KeyOptions
key_options(void)
{
  return (KeyOptions){.password_file = signing_option_password_file,
                      .pin_file = signing_option_pin_file,
                      .token_file = signing_option_token_file};
}

void
option_key_clear(OptionKey *key)
{
  g_clear_pointer(&key->key, key_free);
  g_clear_pointer(&key->signer, signer_free);
  g_clear_pointer(&key->times, timestamp_authority_free);
}

bool
option_key_open(OptionKey *key, GError **error)
{
  const KeyOptions options = key_options();
  if (signing_option_time_root != NULL && signing_option_timestamp_url == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "--time-root wants --timestamp-url");
  if (signing_option_timestamp_url != NULL &&
      (key->times = timestamp_authority_new(signing_option_timestamp_url, NULL,
                                            signing_option_time_root, true, error)) == NULL)
    return false;
  key->signer = signer_new(NULL);
  key->key = signer_key(key->signer, signing_option_key, &options, NULL, error);
  return key->key != NULL;
}

SigningMeans
option_key_means(const OptionKey *key)
{
  return (SigningMeans){key->key, key->times, NULL};
}

PublicKey *
signing_public_key(const char *name, GError **error)
{
  const char *path = g_str_has_prefix(name, "file:") ? name + strlen("file:") : name;
  g_autoptr(GBytes) file = file_read(AT_FDCWD, path, PUBLIC_KEY_FILE_MAX, NULL);
  PublicKey *key = file == NULL ? NULL : public_key_read(slice_from_bytes(file), NULL);
  if (key != NULL)
    return key;
  const KeyOptions options = key_options();
  g_autoptr(Signer) signer = signer_new(NULL);
  return signer_public_key(signer, name, &options, NULL, NULL, error);
}

/* --- images --- */

void
signing_target_clear(SigningTarget *image)
{
  remote_image_clear(&image->image);
  g_clear_pointer(&image->remote, remote_free);
}

bool
signing_target_open(SigningTarget *image, const char *reference, const Config *config, bool push,
                    GError **error)
{
  image->remote = source_options_remote(reference, config, push, error);
  return image->remote != NULL &&
         remote_image_open(image->remote, &image->image, terminal_progress(), NULL, error);
}

/* The name by which others know the hub, whose registry has another. */
static const char *
host_of(const SigningTarget *image)
{
  const char *host = remote_reference(image->remote)->host;
  return strcmp(host, DOCKER_HUB) == 0 ? "docker.io" : host;
}

char *
signing_target_name(const SigningTarget *image)
{
  return g_strconcat(host_of(image), "/", remote_reference(image->remote)->repository, NULL);
}

char *
signing_target_reference(const SigningTarget *image)
{
  const Reference *reference = remote_reference(image->remote);
  g_autofree char *name = signing_target_name(image);
  return reference->tag == NULL ? g_steal_pointer(&name)
                                : g_strconcat(name, ":", reference->tag, NULL);
}

SignatureClaim
signing_target_claim(const SigningTarget *image, const Digest *digest)
{
  static const char *of_one[2];
  const Reference *reference = remote_reference(image->remote);
  return (SignatureClaim){.digest = *digest,
                          .repository = reference->repository,
                          .hosts = remote_signature_hosts(reference, of_one)};
}

bool
signing_annotations(char **words, json_t **annotations, GError **error)
{
  for (; words != NULL && *words != NULL; words++) {
    const char *equals = strchr(*words, '=');
    if (equals == NULL || equals == *words)
      return error_set(error, ASSAY_ERROR_INVALID, "--annotation \"%s\": wanted is NAME=VALUE",
                       *words);
    g_autofree char *name = g_strndup(*words, (gsize)(equals - *words));
    if (*annotations == NULL)
      *annotations = json_object();
    json_set_string(*annotations, name, equals + 1);
  }
  return true;
}
