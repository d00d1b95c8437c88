/* `assay verify`: whether an image in a registry is signed as a policy asks, or by a key, without a
 * server. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/signature_options.h"
#include "cli/terminal_progress.h"
#include "cli/verify_keys.h"
#include "verdict/judge.h"

static char *policy_option, *repository_option, *format_option, *config_option;

static const GOptionEntry options[] = {
    {"policy", 'p', 0, G_OPTION_ARG_FILENAME, &policy_option,
     "The policy file that says who must have signed", "FILE"},
    {"repository", 0, 0, G_OPTION_ARG_STRING, &repository_option,
     "Judge as if pulled from this repository (default: that of IMAGE)", "NAME"},
    VERIFY_KEYS_OPTIONS,
    CONFIG_OPTION(config_option),
    FORMAT_OPTION("text"),
    REGISTRY_OPTIONS,
    {NULL}};

static void
append_signatures(json_t *list, const ImageSignatures *signatures)
{
  for (guint i = 0; i < signatures->valid->len; i++) {
    const VerifiedSignature *each = g_ptr_array_index(signatures->valid, i);
    json_t *object = json_object();
    json_set_string(object, "attestor", each->attestor);
    json_set_string(object, "key", each->key);
    json_set_string(object, "signer", each->signer);
    json_set_string(object, "format", signature_format_names[each->format]);
    json_set_string(object, "predicate_type", each->predicate_type);
    json_set_string(object, "manifest", each->manifest.text);
    json_array_append_new(list, object);
  }
}

static json_t *
to_json(const char *name, const SignedImage *image, const Verdict *verdict)
{
  json_t *object = json_object(), *list = json_array();
  append_signatures(list, image->signatures);
  for (guint i = 0; i < image->of_indexes->len; i++)
    append_signatures(list, g_ptr_array_index(image->of_indexes, i));
  json_set_string(object, "image", name);
  json_set_string(object, "digest", image->digest.text);
  json_object_set_new(object, "verdict", verdict_to_json(verdict));
  json_object_set_new(object, "signatures", list);
  json_object_set_new(object, "problems", json_from_texts(image->signatures->problems));
  return object;
}

static void
print_signatures(const ImageSignatures *signatures)
{
  for (guint i = 0; i < signatures->valid->len; i++) {
    const VerifiedSignature *each = g_ptr_array_index(signatures->valid, i);
    printf("%s: %s%s%s by %s\n", each->attestor, signature_format_names[each->format],
           each->predicate_type != NULL ? " " : "",
           each->predicate_type != NULL ? each->predicate_type : "",
           each->signer != NULL ? each->signer : each->key);
  }
}

static void
print_text(const SignedImage *image, const Verdict *verdict)
{
  print_signatures(image->signatures);
  for (guint i = 0; i < image->of_indexes->len; i++)
    print_signatures(g_ptr_array_index(image->of_indexes, i));
  for (guint i = 0; i < verdict->warnings->len; i++)
    printf("warning: %s\n", (const char *)g_ptr_array_index(verdict->warnings, i));
  if (verdict->message != NULL)
    printf("%s\n", verdict->message);
  else
    printf("%s is signed as policy \"%s\" asks\n", image->digest.text, verdict->policy);
}

static int
judge_and_tell(const char *name, const PolicySet *policy, const SignedImage *image, bool json,
               GError **error)
{
  const char *repository = repository_option != NULL ? repository_option : image->repository;
  if (!policy_set_demands_signatures(policy, repository)) {
    error_set(error, ASSAY_ERROR_INVALID,
              "no policy of %s asks for signatures of \"%s\"; --repository says from where it "
              "would be pulled",
              policy_option, repository);
    return EXIT_ERROR;
  }
  const PolicyInput input = {.repository = repository,
                             .reference = image->digest.text,
                             .scan_state = SCAN_NOT_APPLICABLE,
                             .signatures = image->signatures,
                             .of_indexes = image->of_indexes,
                             .now = g_get_real_time()};
  g_autoptr(Verdict) verdict = policy_judge_signatures(policy, &input);
  g_autoptr(json_t) object = json ? to_json(name, image, verdict) : NULL;
  if (json)
    command_print_json(object);
  else
    print_text(image, verdict);
  return command_end_output(verdict->allowed ? EXIT_FINE : EXIT_REFUSED);
}

static int
verify_by_policy(const char *name, const Config *config, bool json, GError **error)
{
  g_autoptr(PolicySet) policy = policy_set_load(policy_option, error);
  g_auto(SignedImage) image = {.signatures = NULL};
  return policy == NULL || !signature_attestors_known(policy, error) ||
                 !signed_image_read(name, NULL, config, policy, &image, error)
             ? EXIT_ERROR
             : judge_and_tell(name, policy, &image, json, error);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  if ((policy_option != NULL) == verify_is_by_keys())
    return command_usage_error("say either by which policy (--policy FILE), or by whom (--key, "
                               "--root, --trusted-root)");
  if (policy_option == NULL && repository_option != NULL)
    return command_usage_error("--repository is for --policy");
  g_autoptr(Config) config = config_open(config_option, &error);
  int code = config == NULL          ? EXIT_ERROR
             : policy_option == NULL ? verify_by_keys(arguments[0], config, json, &error)
                                     : verify_by_policy(arguments[0], config, json, &error);
  terminal_progress_end();
  return error != NULL ? command_fail(error) : code;
}

const Command verify_command = {
    .name = "verify",
    .summary = "Whether an image in a registry is signed by a key, or as a policy asks",
    .arguments = "IMAGE",
    .help =
        "IMAGE is HOST/REPOSITORY with a tag, a digest, or both, with docker:// in front or "
        "without.\n"
        "Its signatures and attestations are read from its registry, whichever that is; those of\n"
        "cosign (in tags, and as bundles), skopeo, podman and notation count alike, when they are\n"
        "for this digest and, where they name one, this repository. No server and no log is "
        "asked.\n\n"
        "With --policy they are judged by the file as a pull from an Assay server would be: what\n"
        "`signatures` and `attestors` of the file say (docs/policy.md). With --key, --root and\n"
        "--trusted-root the image must be signed by one of these; what only attests something\n"
        "of it, as of a scan, is no signature of the image, and --attestation asks for it.\n\n"
        "A tag that names an index is judged as that index. With a tag and a digest, the image "
        "of\n"
        "the digest is judged, and where the tag's index holds it, its signatures count, too.\n\n"
        "Exit codes: 0 it is signed so; 1 it is not; 2 an error.\n\n"
        "Examples:\n"
        "  assay verify --key release.pub registry.example.org/prod/app:1.4\n"
        "  assay verify --key a.pub --key b.pub --require all registry.example.org/prod/app:1.4\n"
        "  assay verify --root ca.pem --identity 'C=US, O=Example' "
        "registry.example.org/prod/app:1.4\n"
        "  assay verify --trusted-root trusted_root.json --certificate-oidc-issuer \\\n"
        "    https://token.actions.githubusercontent.com --certificate-identity \\\n"
        "    'https://github.com/example/**' registry.example.org/prod/app:1.4\n"
        "  assay verify --key scan.pub --attestation vuln --format json "
        "registry.example.org/app:1\n"
        "  assay verify --policy policy.yaml registry.example.org/prod/app:1.4\n"
        "  assay verify --policy policy.yaml --format json "
        "docker://registry.example.org/prod/app@sha256:7e87...\n"
        "  assay verify --policy policy.yaml --repository prod/app mirror.example.org/app:1.4",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
