/* `assay sign`: signs an image of any registry with a key, as others' tools verify it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/sign_by_server.h"
#include "cli/signing_options.h"
#include "cli/source_options.h"
#include "cli/terminal_progress.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "sign/formats/cosign.h"
#include "sign/formats/signing_chain.h"

static char *rule_option, *config_option, *certificate_option;
static char **format_option, **annotation_option;
static gboolean recursive_option, json_option;

static const GOptionEntry options[] = {
    SIGNING_OPTIONS,
    TIMESTAMP_OPTIONS,
    {"rule", 0, 0, G_OPTION_ARG_STRING, &rule_option,
     "Have the registry sign, by this rule of its own (assay rule)", "NAME"},
    {"format", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &format_option,
     "What to write; may be repeated (default: cosign and bundle)", "cosign|bundle|notation"},
    {"certificate", 0, 0, G_OPTION_ARG_FILENAME, &certificate_option,
     "Of notation: the key's certificate and those up to its root, in PEM", "FILE"},
    {"annotation", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &annotation_option,
     "What is claimed of the image beside; may be repeated", "NAME=VALUE"},
    {"recursive", 'r', 0, G_OPTION_ARG_NONE, &recursive_option,
     "Of an index, sign each of its images, too", NULL},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json_option, "Write what was done as JSON", NULL},
    CONFIG_OPTION(config_option),
    REGISTRY_OPTIONS,
    {NULL}};

typedef struct {
  unsigned formats;    /* bits of SignatureFormat */
  json_t *annotations; /* or NULL */
  GPtrArray *chain;    /* of notation */
  const SigningTarget *at;
  const SigningMeans *means;
  json_t *done; /* what was signed */
} SignTask;

/* --- one image --- */

static SignedArtifact *
write_cosign(const SignTask *signing, const SignedSubject *subject, GError **error)
{
  g_autofree char *reference = signing_target_reference(signing->at);
  g_autofree char *tag = cosign_tag(&subject->digest, COSIGN_SIGNATURE_SUFFIX);
  g_autoptr(GBytes) existing = NULL;
  return signature_tag_get(signing->at->remote, tag, &existing, NULL, error)
             ? cosign_write(subject, reference, signing->annotations, signing->means, existing,
                            error)
             : NULL;
}

static SignedArtifact *
write_bundle(const SignTask *signing, const SignedSubject *subject, GError **error)
{
  return bundle_write(subject, signing->annotations, signing->means, error);
}

static SignedArtifact *
write_notation(const SignTask *signing, const SignedSubject *subject, GError **error)
{
  return notation_write(subject, signing->annotations, signing->chain,
                        g_get_real_time() / G_USEC_PER_SEC, signing->means, error);
}

static SignedArtifact *(*const writers[])(const SignTask *, const SignedSubject *, GError **) = {
    [SIGNATURE_COSIGN] = write_cosign,
    [SIGNATURE_BUNDLE] = write_bundle,
    [SIGNATURE_NOTATION] = write_notation,
};

static json_t *
describe(SignatureFormat format, const SignedArtifact *artifact)
{
  json_t *signature = json_object();
  json_set_string(signature, "format", signature_format_names[format]);
  json_set_string(signature, "digest", artifact->digest.text);
  json_set_string(signature, "tag", artifact->tag);
  json_object_set_new(signature, "new", json_boolean(!artifact->is_there));
  return signature;
}

static bool
sign_image(const SignTask *signing, const RemoteImage *image, GError **error)
{
  const SignedSubject subject = remote_image_subject(image);
  json_t *signatures = json_array();
  json_array_append_new(signing->done, json_pack("{s:s,s:o}", "digest", image->digest.text,
                                                 "signatures", signatures));
  for (unsigned i = 0; i < G_N_ELEMENTS(writers); i++) {
    if ((signing->formats & 1u << i) == 0)
      continue;
    g_autoptr(SignedArtifact) artifact = writers[i](signing, &subject, error);
    if (artifact == NULL ||
        !signature_push(signing->at->remote, artifact, &image->digest, NULL, error))
      return false;
    json_array_append_new(signatures, describe((SignatureFormat)i, artifact));
  }
  return true;
}

static bool
sign_children(const SignTask *signing, const RemoteImage *index, GError **error)
{
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(index->manifest), index->media_type, error);
  if (manifest == NULL)
    return false;
  for (guint i = 0; i < manifest->manifests->len; i++) {
    const Descriptor *child = g_ptr_array_index(manifest->manifests, i);
    g_auto(RemoteImage) image = {NULL};
    if (!remote_image_get(signing->at->remote, &child->digest, &image, NULL, error) ||
        !sign_image(signing, &image, error))
      return false;
  }
  return true;
}

/* --- */

static bool
read_formats(unsigned *formats, GError **error)
{
  for (char **word = format_option; word != NULL && *word != NULL; word++) {
    unsigned format;
    if (!enum_find(signature_format_names, *word, &format) || format >= G_N_ELEMENTS(writers))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "--format must be cosign, bundle or notation, is \"%s\"", *word);
    *formats |= 1u << format;
  }
  if (*formats == 0)
    *formats = 1u << SIGNATURE_COSIGN | 1u << SIGNATURE_BUNDLE;
  bool notation = (*formats & 1u << SIGNATURE_NOTATION) != 0;
  if (notation != (certificate_option != NULL))
    return error_set(error, ASSAY_ERROR_INVALID,
                     notation ? "--format notation wants the key's --certificate"
                              : "--certificate is for --format notation");
  return true;
}

static bool
read_chain(GPtrArray **chain, GError **error)
{
  if (certificate_option == NULL)
    return true;
  g_autoptr(GBytes) pem = file_read(AT_FDCWD, certificate_option, SIGNING_CHAIN_FILE_MAX, error);
  if (pem == NULL)
    return false;
  *chain = signing_chain_read(slice_from_bytes(pem), error);
  if (*chain == NULL)
    g_prefix_error(error, "%s: ", certificate_option);
  return *chain != NULL;
}

static void
print(const SignTask *signing, const char *key)
{
  size_t i, j;
  json_t *image, *signature;
  if (json_option) {
    g_autoptr(json_t) answer = json_pack("{s:s,s:O}", "key", key, "images", signing->done);
    command_print_json(answer);
    return;
  }
  json_array_foreach(signing->done, i, image) {
    json_array_foreach(json_get_array(image, "signatures"), j, signature) {
      const char *tag = json_get_string(signature, "tag");
      printf("%s  %-8s  %s\n", json_get_string(image, "digest"),
             json_get_string(signature, "format"),
             tag != NULL ? tag : json_get_string(signature, "digest"));
    }
  }
}

static bool
sign(const char *reference, const Config *config, SignTask *signing, GError **error)
{
  g_auto(OptionKey) key = {NULL};
  g_auto(SigningTarget) image = {NULL};
  g_autoptr(GPtrArray) chain = NULL;
  if (!read_chain(&chain, error) || !option_key_open(&key, error) ||
      !signing_target_open(&image, reference, config, true, error))
    return false;
  signing->at = &image;
  const SigningMeans means = option_key_means(&key);
  signing->means = &means;
  signing->chain = chain;
  bool is_index = media_type_is_index(image.image.media_type);
  bool done = (!recursive_option || !is_index || sign_children(signing, &image.image, error)) &&
              sign_image(signing, &image.image, error);
  if (done) {
    terminal_progress_end();
    print(signing, public_key_fingerprint(key_public(key.key)));
  }
  signing->at = NULL;
  signing->means = NULL;
  signing->chain = NULL;
  return done;
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) done = json_array();
  g_autoptr(json_t) annotations = NULL;
  SignTask signing = {.done = done};
  if (rule_option != NULL && signing_option_key == NULL)
    return sign_by_server(rule_option, arguments[0], json_option ? "json" : "text");
  if (rule_option != NULL)
    return command_usage_error("--key and --rule exclude each other");
  if (signing_option_key == NULL)
    return command_usage_error("--key is missing: which key signs? Or --rule");
  if (!read_formats(&signing.formats, &error) ||
      !signing_annotations(annotation_option, &annotations, &error))
    return command_fail(error);
  signing.annotations = annotations;
  g_autoptr(Config) config = config_open(config_option, &error);
  if (config == NULL || !sign(arguments[0], config, &signing, &error)) {
    terminal_progress_end();
    return command_fail(error);
  }
  return command_end_output(EXIT_FINE);
}

const Command sign_command = {
    .name = "sign",
    .summary = "Sign an image of any registry with a key",
    .arguments = "IMAGE",
    .help =
        "What is signed is the manifest, or the index, that IMAGE names. Two forms are written, "
        "for\n"
        "readers of different age: a signature in the tag that cosign makes of the digest, which\n"
        "cosign 2 and 3, skopeo and podman read, and a sigstore bundle as a referrer. A key that\n"
        "has signed the image already signs no second time in that tag; those of others stay.\n\n"
        "KEY is a file with a private key (PKCS#8 in PEM, encrypted or not, or cosign.key), or "
        "the\n"
        "URI of one that stays where it is; `assay verify` has the public one. An authority that\n"
        "says when it was signed makes signatures outlive the certificate of the key; where it\n"
        "gives no answer that fits, nothing is signed.\n\n"
        "Examples:\n"
        "  assay sign --key release.key registry.example.com/team/app:1.0\n"
        "  assay sign --key cosign.key --annotation build=1234 registry.example.com/team/app:1.0\n"
        "  assay sign --key release.key --recursive registry.example.com/team/app:1.0\n"
        "  assay sign --key release.key --format notation --certificate release.crt \\\n"
        "    --timestamp-url http://timestamp.example.com registry.example.com/team/app:1.0\n"
        "  assay sign --rule release team/app:1.0",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
