/* What the commands on signatures have in common: the key, the image, and what is claimed. */
#pragma once

#include "artifact/signatures.h"
#include "cli/command.h"
#include "sign/formats/write.h"
#include "sign/signer.h"

/* Read by option_key_open(). */
extern char *signing_option_key, *signing_option_password_file, *signing_option_pin_file,
    *signing_option_token_file;
#define SIGNING_SECRET_OPTIONS                                                                     \
  {"password-file",                                                                                \
   0,                                                                                              \
   0,                                                                                              \
   G_OPTION_ARG_FILENAME,                                                                          \
   &signing_option_password_file,                                                                  \
   "Its first line opens the key file (default: $ASSAY_KEY_PASSWORD)",                             \
   "FILE"},                                                                                        \
      {"pin-file",                                                                                 \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_FILENAME,                                                                      \
       &signing_option_pin_file,                                                                   \
       "Its first line opens the token of a pkcs11: key",                                          \
       "FILE"},                                                                                    \
  {                                                                                                \
    "token-file", 0, 0, G_OPTION_ARG_FILENAME, &signing_option_token_file,                         \
        "Its first line opens the service that has the key", "FILE"                                \
  }
#define SIGNING_OPTIONS                                                                            \
  {                                                                                                \
      "key",                                                                                       \
      'k',                                                                                         \
      0,                                                                                           \
      G_OPTION_ARG_STRING,                                                                         \
      &signing_option_key,                                                                         \
      "The key that signs: a file, or a URI",                                                      \
      "URI"},                                                                                      \
      SIGNING_SECRET_OPTIONS

/* For commands that sign, beside SIGNING_OPTIONS. */
extern char *signing_option_timestamp_url, *signing_option_time_root;
#define TIMESTAMP_OPTIONS                                                                          \
  {"timestamp-url",                                                                                \
   0,                                                                                              \
   0,                                                                                              \
   G_OPTION_ARG_STRING,                                                                            \
   &signing_option_timestamp_url,                                                                  \
   "Have this authority say when it is signed (RFC 3161)",                                         \
   "URL"},                                                                                         \
  {                                                                                                \
    "time-root", 0, 0, G_OPTION_ARG_FILENAME, &signing_option_time_root,                           \
        "The certificates that its answers must lead to (PEM)", "FILE"                             \
  }

/* Keys are open in a process apart, which no byte of a registry reaches. */
typedef struct {
  Signer *signer;
  Key *key;
  TimestampAuthority *times; /* or NULL */
} OptionKey;
void option_key_clear(OptionKey *key);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OptionKey, option_key_clear)
bool option_key_open(OptionKey *key, GError **error);
/* To sign with. Lives as long as the key. */
SigningMeans option_key_means(const OptionKey *key);
/* The public key of a PEM file, or of a key that could sign. (transfer full) */
PublicKey *signing_public_key(const char *name, GError **error);

/* The image that @reference names, in a registry that is asked with the options for it. */
typedef struct {
  Remote *remote;
  RemoteImage image;
} SigningTarget;
void signing_target_clear(SigningTarget *image);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SigningTarget, signing_target_clear)
bool signing_target_open(SigningTarget *image, const char *reference, const Config *config,
                         bool push, GError **error);
/* "HOST/REPOSITORY" and ":TAG", as signatures have it. (transfer full) */
char *signing_target_name(const SigningTarget *image);
char *signing_target_reference(const SigningTarget *image);
/* What signatures of @digest must say, for the repository of @image. */
SignatureClaim signing_target_claim(const SigningTarget *image, const Digest *digest);

/* "NAME=VALUE" each, as an object; NULL with *error, or where there is none. (transfer full) */
bool signing_annotations(char **words, json_t **annotations, GError **error);
