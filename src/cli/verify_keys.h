/* `assay verify` without a policy: by keys and roots of the command line. */
#pragma once

#include "cli/command.h"
#include "cli/signing_options.h"

extern char *verify_option_attestation, *verify_option_time_root, *verify_option_require,
    *verify_option_trusted_root, *verify_option_issuer;
extern char **verify_option_keys, **verify_option_roots, **verify_option_identities,
    **verify_option_annotations, **verify_option_certificate_identities, **verify_option_rekor,
    **verify_option_ctlogs;
extern gboolean verify_option_any_repository;
/* clang-format off */
#define VERIFY_KEYS_OPTIONS                                                                        \
  {"key", 'k', 0, G_OPTION_ARG_STRING_ARRAY, &verify_option_keys,                                  \
   "A public key (PEM), or a key's URI; may be repeated", "FILE|URI"},                             \
  SIGNING_SECRET_OPTIONS,                                                                          \
  {"root", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &verify_option_roots,                                \
   "Certificates (PEM) to which that of a signature must lead; may be repeated", "FILE"},          \
  {"time-root", 0, 0, G_OPTION_ARG_FILENAME, &verify_option_time_root,                             \
   "Certificates (PEM) of whose time stamps are taken", "FILE"}, \
  {"identity", 0, 0, G_OPTION_ARG_STRING_ARRAY, &verify_option_identities,                         \
   "Of whom such a certificate must be: \"C=US, O=Example\", or a pattern of its names", "WHO"},   \
  {"trusted-root", 0, 0, G_OPTION_ARG_FILENAME, &verify_option_trusted_root,                       \
   "Sigstore's trusted_root.json: authorities and logs by which signatures count", "FILE"},        \
  {"certificate-identity", 0, 0, G_OPTION_ARG_STRING_ARRAY,                                        \
   &verify_option_certificate_identities,                                                          \
   "Of whom its certificates must be: a pattern of an address, a URI or a user name", "PATTERN"},  \
  {"certificate-oidc-issuer", 0, 0, G_OPTION_ARG_STRING, &verify_option_issuer,                    \
   "Who must have vouched for that identity", "PATTERN"},                                          \
  {"rekor", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &verify_option_rekor,                               \
   "The log (its key, PEM) in which signatures must be; may be repeated", "FILE"},                 \
  {"ctlog", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &verify_option_ctlogs,                              \
   "The log (its key, PEM) in which certificates must be; may be repeated", "FILE"},               \
  {"require", 0, 0, G_OPTION_ARG_STRING, &verify_option_require,                                   \
   "How many of several keys must have signed (default: any)", "any|all|NUMBER"},                  \
  {"annotation", 'a', 0, G_OPTION_ARG_STRING_ARRAY, &verify_option_annotations,                    \
   "What a signature must claim; may be repeated", "NAME=VALUE"},                                  \
  {"attestation", 0, 0, G_OPTION_ARG_STRING, &verify_option_attestation,                           \
   "Look for an attestation of that type, not for a signature", "TYPE"},                           \
  {"any-repository", 0, 0, G_OPTION_ARG_NONE, &verify_option_any_repository,                       \
   "Accept signatures for the same image in another repository", NULL}
/* clang-format on */

/* Whether one of these options was given. */
bool verify_is_by_keys(void);
/* The exit code; EXIT_ERROR with *error, or after having told what is wrong. */
int verify_by_keys(const char *reference, const Config *config, bool json, GError **error);
