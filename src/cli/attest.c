/* `assay attest`: says something of an image of any registry, signed by a key. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/signing_options.h"
#include "cli/source_options.h"
#include "cli/terminal_progress.h"
#include "sign/formats/cosign.h"
#include "sign/formats/dsse.h"
#include "sign/formats/predicate.h"

#define PREDICATE_MAX (DSSE_ENVELOPE_MAX / 2)

static char *config_option, *predicate_option, *type_option;
static char **format_option;
static gboolean json_option;

static const GOptionEntry options[] = {
    SIGNING_OPTIONS,
    TIMESTAMP_OPTIONS,
    {"predicate", 'p', 0, G_OPTION_ARG_FILENAME, &predicate_option, "What is said, as JSON",
     "FILE"},
    {"type", 't', 0, G_OPTION_ARG_STRING, &type_option,
     "What that is: vuln, slsa, spdx, cyclonedx, openvex, or a URI", "TYPE"},
    {"format", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &format_option,
     "What to write; may be repeated (default: both)", "cosign|bundle"},
    {"json", 0, 0, G_OPTION_ARG_NONE, &json_option, "Write what was done as JSON", NULL},
    CONFIG_OPTION(config_option),
    REGISTRY_OPTIONS,
    {NULL}};

enum { AS_LAYER = 1, AS_BUNDLE = 2 };
static const char *const forms[] = {"cosign", "bundle", NULL};

static bool
read_forms(unsigned *wanted, GError **error)
{
  *wanted = format_option == NULL ? AS_LAYER | AS_BUNDLE : 0;
  for (char **word = format_option; word != NULL && *word != NULL; word++) {
    unsigned form;
    if (!enum_find(forms, *word, &form))
      return error_set(error, ASSAY_ERROR_INVALID, "--format must be cosign or bundle, is \"%s\"",
                       *word);
    *wanted |= 1u << form;
  }
  return true;
}

/* The URI that --type means. */
static const char *
read_type(GError **error)
{
  const char *uri = predicate_uri(type_option);
  if (uri == NULL && strstr(type_option, "://") == NULL) {
    g_autofree char *words = enum_list(predicate_words);
    error_set(error, ASSAY_ERROR_INVALID, "--type must be %s, or a URI, is \"%s\"", words,
              type_option);
    return NULL;
  }
  return uri != NULL ? uri : type_option;
}

static SignedArtifact *
write_layer(const SigningTarget *image, const SignedStatement *statement, const SigningMeans *means,
            GError **error)
{
  const SignedSubject subject = remote_image_subject(&image->image);
  g_autofree char *tag = cosign_tag(&subject.digest, DSSE_ATTESTATION_SUFFIX);
  g_autoptr(GBytes) existing = NULL;
  return signature_tag_get(image->remote, tag, &existing, NULL, error)
             ? attestation_write(&subject, statement, means, existing, error)
             : NULL;
}

static bool
attest_as(unsigned form, const SigningTarget *image, const SignedStatement *statement,
          const SigningMeans *means, json_t *done, GError **error)
{
  const SignedSubject subject = remote_image_subject(&image->image);
  g_autoptr(SignedArtifact) artifact =
      form == AS_LAYER ? write_layer(image, statement, means, error)
                       : attestation_bundle_write(&subject, statement, means, error);
  if (artifact == NULL || !signature_push(image->remote, artifact, &subject.digest, NULL, error))
    return false;
  json_t *entry = json_object();
  json_set_string(entry, "format", forms[form == AS_LAYER ? 0 : 1]);
  json_set_string(entry, "digest", artifact->digest.text);
  json_set_string(entry, "tag", artifact->tag);
  json_array_append_new(done, entry);
  return true;
}

static void
print(const SigningTarget *image, const char *type, const PublicKey *key, json_t *done)
{
  size_t index;
  json_t *entry;
  terminal_progress_end();
  if (json_option) {
    g_autoptr(json_t) answer =
        json_pack("{s:s,s:s,s:s,s:O}", "digest", image->image.digest.text, "predicate_type", type,
                  "key", public_key_fingerprint(key), "attestations", done);
    command_print_json(answer);
    return;
  }
  json_array_foreach(done, index, entry) {
    const char *tag = json_get_string(entry, "tag");
    printf("%s  %-8s  %s\n", image->image.digest.text, json_get_string(entry, "format"),
           tag != NULL ? tag : json_get_string(entry, "digest"));
  }
}

static bool
attest(const char *reference, const Config *config, const char *type, unsigned wanted,
       GError **error)
{
  g_autoptr(json_t) predicate = json_read_file(AT_FDCWD, predicate_option, PREDICATE_MAX, error);
  if (predicate == NULL)
    return false;
  g_auto(OptionKey) key = {NULL};
  g_auto(SigningTarget) image = {NULL};
  if (!option_key_open(&key, error) || !signing_target_open(&image, reference, config, true, error))
    return false;
  g_autofree char *name = signing_target_name(&image);
  g_autoptr(json_t) done = json_array();
  const SigningMeans means = option_key_means(&key);
  const SignedStatement statement = {.type = type, .predicate = predicate, .name = name};
  for (unsigned form = AS_LAYER; form <= AS_BUNDLE; form <<= 1)
    if ((wanted & form) != 0 && !attest_as(form, &image, &statement, &means, done, error))
      return false;
  print(&image, type, key_public(key.key), done);
  return true;
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  unsigned wanted;
  if (signing_option_key == NULL)
    return command_usage_error("--key is missing: which key signs?");
  if (predicate_option == NULL || type_option == NULL)
    return command_usage_error("--predicate and --type are missing: what is said of the image?");
  const char *type = read_type(&error);
  if (type == NULL || !read_forms(&wanted, &error))
    return command_fail(error);
  g_autoptr(Config) config = config_open(config_option, &error);
  if (config == NULL || !attest(arguments[0], config, type, wanted, &error)) {
    terminal_progress_end();
    return command_fail(error);
  }
  return command_end_output(EXIT_FINE);
}

const Command attest_command = {
    .name = "attest",
    .summary = "Say something of an image of any registry, signed by a key",
    .arguments = "IMAGE",
    .help =
        "What is said is a JSON file: what a scanner found, where the image was built, its bill "
        "of\n"
        "materials. It is signed as a statement of in-toto about the digest that IMAGE names, and\n"
        "written for cosign 2 (in a tag) and cosign 3 (as a bundle); those of others stay.\n\n"
        "Use another key than the one that signs images: some verifiers take each statement that "
        "a\n"
        "key signs for a signature of the image.\n\n"
        "Examples:\n"
        "  assay attest --key scan.key --type vuln --predicate scan.json "
        "registry.example.com/app:1.0\n"
        "  assay sbom --format cyclonedx --output app.json docker://registry.example.com/app:1.0\n"
        "  assay attest --key scan.key --type cyclonedx --predicate app.json \\\n"
        "    registry.example.com/app:1.0\n"
        "  assay verify --key scan.pub --attestation cyclonedx registry.example.com/app:1.0",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
