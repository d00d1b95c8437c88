/* `assay key make` and `assay key public`; see the header. */
#include "cli/key_local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/interrupt.h"
#include "cli/password_input.h"
#include "sign/signer.h"

static char *algorithm_option, *password_option, *pin_option, *token_option, *ca_option;

#define KEY_OPTIONS                                                                                \
  {"password-file",                                                                                \
   0,                                                                                              \
   0,                                                                                              \
   G_OPTION_ARG_FILENAME,                                                                          \
   &password_option,                                                                               \
   "The password of a key file is the first line of this (or $ASSAY_KEY_PASSWORD)",                \
   "FILE"},                                                                                        \
      {"pin-file",  0,                                                                             \
       0,           G_OPTION_ARG_FILENAME,                                                         \
       &pin_option, "The PIN of a token is the first line of this (or $ASSAY_KEY_PIN)",            \
       "FILE"},                                                                                    \
      {"token-file",                                                                               \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_FILENAME,                                                                      \
       &token_option,                                                                              \
       "What a service takes: its token or its credentials",                                       \
       "FILE"},                                                                                    \
  {                                                                                                \
    "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &ca_option,                                            \
        "More authorities for the service's certificate, in PEM", "FILE"                           \
  }

static KeyOptions
options_of(void)
{
  return (KeyOptions){.password_file = password_option,
                      .pin_file = pin_option,
                      .token_file = token_option,
                      .ca_file = ca_option};
}

/* A person is asked for the password of a file that is made. */
static bool
ask_password(const char *uri, GError **error)
{
  bool is_file = g_str_has_prefix(uri, "file:") || strchr(uri, ':') == NULL;
  if (!is_file || password_option != NULL || g_getenv("ASSAY_KEY_PASSWORD") != NULL ||
      g_getenv("COSIGN_PASSWORD") != NULL || !isatty(STDIN_FILENO))
    return true;
  g_autofree char *password = password_ask("password of the new key", true, error);
  return password != NULL && g_setenv("ASSAY_KEY_PASSWORD", password, TRUE);
}

static int
print_public(Signer *signer, const char *uri)
{
  KeyOptions options = options_of();
  g_autoptr(GError) error = NULL;
  g_autoptr(PublicKey) key =
      signer_public_key(signer, uri, &options, NULL, interrupt_cancellable(), &error);
  if (key == NULL)
    return command_fail(error);
  g_autofree char *pem = public_key_to_pem(key);
  fputs(pem, stdout);
  return command_end_output(EXIT_FINE);
}

static int
run_make(char **arguments)
{
  KeyOptions options = options_of();
  g_autoptr(GError) error = NULL;
  g_autoptr(Signer) signer = signer_new(NULL);
  if (!ask_password(arguments[0], &error) ||
      !signer_make(signer, arguments[0],
                   algorithm_option == NULL ? key_algorithms[0] : algorithm_option, &options,
                   interrupt_cancellable(), &error))
    return command_fail(error);
  return print_public(signer, arguments[0]);
}

static int
run_public(char **arguments)
{
  g_autoptr(Signer) signer = signer_new(NULL);
  return print_public(signer, arguments[0]);
}

static const GOptionEntry make_options[] = {
    {"algorithm", 'a', 0, G_OPTION_ARG_STRING, &algorithm_option,
     "ecdsa-p256 (the default), ecdsa-p384, rsa-2048, rsa-3072, rsa-4096, ed25519, sm2", "NAME"},
    KEY_OPTIONS,
    {NULL}};
const Command key_make_subcommand = {
    .name = "make",
    .summary = "Make a key that signs, and print its public half",
    .arguments = "KEY",
    .help =
        "KEY says where it is to be: a file, or a URI. A file is one of cosign's, sealed with the\n"
        "password that is asked for or given; without any it is plain PKCS#8. Nothing that is\n"
        "there already is replaced.\n\n"
        "Examples:\n"
        "  assay key make release.key > release.pub\n"
        "  assay key make file:/etc/assay/release.key --algorithm rsa-3072 --password-file secret",
    .options = make_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_make,
};

static const GOptionEntry public_options[] = {KEY_OPTIONS, {NULL}};
const Command key_public_subcommand = {
    .name = "public",
    .summary = "Print the public half of a key, in PEM",
    .arguments = "KEY",
    .help = "KEY is a file, or a URI. What opens it is never part of that: it is in a file, or in\n"
            "the environment.\n\n"
            "Examples:\n"
            "  assay key public release.key --password-file secret > release.pub",
    .options = public_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_public,
};
