/* `assay verify` by keys and roots of the command line; see the header. */
#include "cli/verify_keys.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/signing_options.h"
#include "cli/source_options.h"
#include "cli/terminal_progress.h"
#include "sign/formats/predicate.h"
#include "sign/verify.h"
#include "source/remote_signatures.h"

#define ROOTS_FILE_MAX ((size_t)1024 * 1024)

char *verify_option_attestation, *verify_option_time_root, *verify_option_require,
    *verify_option_trusted_root, *verify_option_issuer;
char **verify_option_keys, **verify_option_roots, **verify_option_identities,
    **verify_option_annotations, **verify_option_certificate_identities, **verify_option_rekor,
    **verify_option_ctlogs;
gboolean verify_option_any_repository;

/* --- whom we trust --- */

static bool
add_file(const char *name, AttestorFile kind, Attestor *attestor, GError **error)
{
  g_autoptr(GBytes) file = name == NULL ? NULL : file_read(AT_FDCWD, name, ROOTS_FILE_MAX, error);
  if (name == NULL)
    return true;
  if (file == NULL)
    return false;
  if (!attestor_read(attestor, kind, slice_from_bytes(file), error)) {
    g_prefix_error(error, "%s: ", name);
    return false;
  }
  return true;
}

static bool
add_files(char **names, AttestorFile kind, Attestor *attestor, GError **error)
{
  for (char **name = names; name != NULL && *name != NULL; name++)
    if (!add_file(*name, kind, attestor, error))
      return false;
  return true;
}

static void
add_identities(Attestor *attestor)
{
  for (char **who = verify_option_identities; who != NULL && *who != NULL; who++)
    attestor_add_identity(attestor, strchr(*who, '=') != NULL ? *who : NULL,
                          strchr(*who, '=') != NULL ? NULL : *who, verify_option_issuer);
  for (char **who = verify_option_certificate_identities; who != NULL && *who != NULL; who++)
    attestor_add_identity(attestor, NULL, *who, verify_option_issuer);
}

/* What is demanded of a signature beside its key or certificate. */
static bool
add_sigstore(Attestor *attestor, GError **error)
{
  return add_file(verify_option_trusted_root, ATTESTOR_TRUSTED_ROOT, attestor, error) &&
         add_files(verify_option_rekor, ATTESTOR_REKOR, attestor, error) &&
         add_files(verify_option_ctlogs, ATTESTOR_CTLOG, attestor, error) &&
         add_file(verify_option_time_root, ATTESTOR_TIME_ROOTS, attestor, error);
}

static bool
add_keys(GPtrArray *attestors, GError **error)
{
  for (char **name = verify_option_keys; name != NULL && *name != NULL; name++) {
    PublicKey *key = signing_public_key(*name, error);
    if (key == NULL)
      return false;
    Attestor *attestor = attestor_new(*name);
    attestor_add_key(attestor, key, NULL);
    g_ptr_array_add(attestors, attestor);
    if (!add_sigstore(attestor, error) || !attestor_close(attestor, false, error))
      return false;
  }
  return true;
}

static bool
add_roots(GPtrArray *attestors, GError **error)
{
  bool by_keys = verify_option_keys != NULL;
  if (verify_option_roots == NULL && (verify_option_trusted_root == NULL || by_keys))
    return true;
  Attestor *attestor = attestor_new(verify_option_roots != NULL ? verify_option_roots[0]
                                                                : verify_option_trusted_root);
  g_ptr_array_add(attestors, attestor);
  add_identities(attestor);
  return add_files(verify_option_roots, ATTESTOR_ROOTS, attestor, error) &&
         add_sigstore(attestor, error) && attestor_close(attestor, false, error);
}

/* How many of @count must have signed; 0: the option is none. */
static guint
required(guint count)
{
  uint64_t number = 0;
  if (verify_option_require == NULL || strcmp(verify_option_require, "any") == 0)
    return 1;
  if (strcmp(verify_option_require, "all") == 0)
    return count;
  return slice_to_uint64(slice_from_string(verify_option_require), &number) && number >= 1 &&
                 number <= count
             ? (guint)number
             : 0;
}

/* --- what is there --- */

static bool
has_annotations(const VerifiedSignature *signature, json_t *wanted)
{
  const char *name;
  json_t *value;
  json_object_foreach(wanted, name, value) {
    if (!json_equal(json_object_get(signature->annotations, name), value))
      return false;
  }
  return true;
}

static bool
is_asked_for(const VerifiedSignature *signature, json_t *annotations)
{
  if (verify_option_attestation == NULL)
    return signature->format != SIGNATURE_ATTESTATION && has_annotations(signature, annotations);
  return signature->format == SIGNATURE_ATTESTATION &&
         predicate_is_of(signature->predicate_type, verify_option_attestation);
}

/* Those that count, and how many attestors they are of. (transfer container) */
static GPtrArray *
choose(const ImageSignatures *found, json_t *annotations, guint *signers)
{
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  GPtrArray *chosen = g_ptr_array_new();
  for (guint i = 0; i < found->valid->len; i++) {
    VerifiedSignature *signature = g_ptr_array_index(found->valid, i);
    if (!is_asked_for(signature, annotations))
      continue;
    g_ptr_array_add(chosen, signature);
    g_hash_table_add(names, signature->attestor);
  }
  *signers = g_hash_table_size(names);
  return chosen;
}

/* --- what is told --- */

static json_t *
to_json(const VerifiedSignature *signature)
{
  json_t *json = json_object();
  json_set_string(json, "attestor", signature->attestor);
  json_set_string(json, "key", signature->key);
  json_set_string(json, "signer", signature->signer);
  json_set_string(json, "format", signature_format_names[signature->format]);
  json_set_string(json, "manifest", signature->manifest.text);
  json_set_string(json, "predicate_type", signature->predicate_type);
  if (verify_option_attestation != NULL)
    json_object_set(json, "predicate", signature->predicate);
  if (signature->annotations != NULL)
    json_object_set(json, "annotations", signature->annotations);
  return json;
}

static void
print_json(const Digest *digest, bool verified, const GPtrArray *chosen,
           const ImageSignatures *found)
{
  json_t *signatures = json_array();
  for (guint i = 0; i < chosen->len; i++)
    json_array_append_new(signatures, to_json(g_ptr_array_index(chosen, i)));
  g_autoptr(json_t) answer =
      json_pack("{s:s,s:b,s:o,s:i,s:o,s:b}", "digest", digest->text, "verified", verified,
                "signatures", signatures, "seen", (int)found->seen, "problems",
                json_from_texts(found->problems), "incomplete", found->incomplete);
  command_print_json(answer);
}

static void
print_text(const Digest *digest, bool verified, const GPtrArray *chosen,
           const ImageSignatures *found)
{
  const char *what = verify_option_attestation == NULL ? "signed" : "attested";
  if (verified) {
    printf("%s is %s:\n", digest->text, what);
    for (guint i = 0; i < chosen->len; i++) {
      const VerifiedSignature *signature = g_ptr_array_index(chosen, i);
      printf("  by %s: %s (%s)\n",
             signature->signer != NULL ? signature->signer : signature->attestor,
             signature_format_in_words(signature->format), signature->manifest.text);
    }
    return;
  }
  printf("%s is not %s as asked; it has %u signatures and attestations%s\n", digest->text, what,
         found->seen, found->incomplete ? ", and what could not be read" : "");
  for (guint i = 0; i < found->problems->len; i++) {
    const char *problem = g_ptr_array_index(found->problems, i);
    g_autofree char *line = slice_to_printable(slice_from_string(problem), 2048);
    printf("  %s\n", line);
  }
}

static int
verify(const char *reference, const Config *config, const GPtrArray *attestors, json_t *annotations,
       bool json, GError **error)
{
  g_auto(SigningTarget) image = {NULL};
  if (!signing_target_open(&image, reference, config, false, error))
    return EXIT_ERROR;
  RemoteSignatures from = {.remote = image.remote, .manifest_bytes = ARTIFACT_MANIFEST_MAX};
  const SignatureSource source = remote_signature_source(&from);
  SignatureClaim claim = signing_target_claim(&image, &image.image.digest);
  if (verify_option_any_repository)
    claim = (SignatureClaim){.digest = claim.digest};
  g_autoptr(ImageSignatures) found = image_signatures_verify(
      &source, attestors, &claim, g_get_real_time() / G_USEC_PER_SEC, error);
  if (found == NULL)
    return EXIT_ERROR;
  guint signers;
  g_autoptr(GPtrArray) chosen = choose(found, annotations, &signers);
  bool verified = signers >= required(attestors->len);
  terminal_progress_end();
  (json ? print_json : print_text)(&claim.digest, verified, chosen, found);
  return command_end_output(verified ? EXIT_FINE : EXIT_REFUSED);
}

bool
verify_is_by_keys(void)
{
  return verify_option_keys != NULL || verify_option_roots != NULL ||
         verify_option_identities != NULL || verify_option_time_root != NULL ||
         verify_option_require != NULL || verify_option_annotations != NULL ||
         verify_option_attestation != NULL || verify_option_any_repository ||
         verify_option_trusted_root != NULL || verify_option_issuer != NULL ||
         verify_option_certificate_identities != NULL || verify_option_rekor != NULL ||
         verify_option_ctlogs != NULL;
}

int
verify_by_keys(const char *reference, const Config *config, bool json, GError **error)
{
  g_autoptr(json_t) annotations = json_object();
  g_autoptr(GPtrArray) attestors = g_ptr_array_new_with_free_func((GDestroyNotify)attestor_free);
  bool certificates = verify_option_roots != NULL || verify_option_trusted_root != NULL;
  if (verify_option_keys == NULL && !certificates)
    return command_usage_error(
        "--key, --root or --trusted-root is missing: by whom shall it be signed?");
  if (!certificates &&
      (verify_option_identities != NULL || verify_option_certificate_identities != NULL ||
       verify_option_issuer != NULL || verify_option_ctlogs != NULL))
    return command_usage_error("--identity, --certificate-identity, --certificate-oidc-issuer and "
                               "--ctlog are for --root and --trusted-root");
  /* Sigstore's authority gives a certificate to everybody who logs in somewhere. */
  if (verify_option_trusted_root != NULL && verify_option_keys == NULL &&
      verify_option_roots == NULL && verify_option_identities == NULL &&
      (verify_option_certificate_identities == NULL || verify_option_issuer == NULL))
    return command_usage_error("--trusted-root needs --certificate-identity and "
                               "--certificate-oidc-issuer: of whom, and who says that it is he?");
  if (verify_option_attestation != NULL && verify_option_annotations != NULL)
    return command_usage_error("--annotation is what signatures claim, and attestations do not");
  if (!add_keys(attestors, error) || !add_roots(attestors, error) ||
      !signing_annotations(verify_option_annotations, &annotations, error))
    return EXIT_ERROR;
  if (required(attestors->len) == 0)
    return command_usage_error("--require must be any, all or a number of 1 to %u, is \"%s\"",
                               attestors->len, verify_option_require);
  return verify(reference, config, attestors, annotations, json, error);
}
