/* `assay key csr`; see the header. */
#include "cli/key_csr.h"

#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/signing_options.h"
#include "sign/formats/certificate_request.h"

static char *subject_option;

static int
print(const char *request)
{
  fputs(request, stdout);
  return command_end_output(EXIT_FINE);
}

/* By a key of the registry, which is asked. */
static int
run_there(const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *key = account_path("/api/v1/signing-keys", name);
  g_autofree char *subject =
      subject_option == NULL ? NULL : g_uri_escape_string(subject_option, NULL, FALSE);
  g_autofree char *path = g_strconcat(
      key, "/csr", subject == NULL ? "" : "?subject=", subject == NULL ? "" : subject, NULL);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) answer = client == NULL ? NULL : server_get(client, path, &error);
  const char *request = answer == NULL ? NULL : json_require_string(answer, "csr", &error);
  return request == NULL ? command_fail(error) : print(request);
}

/* By a key that is opened here. */
static int
run_here(void)
{
  g_autoptr(GError) error = NULL;
  g_auto(OptionKey) key = {NULL};
  g_autofree char *request = option_key_open(&key, &error)
                                 ? certificate_request(key.key, subject_option, NULL, &error)
                                 : NULL;
  return request == NULL ? command_fail(error) : print(request);
}

static int
run(char **arguments)
{
  if ((signing_option_key == NULL) == (arguments[0] == NULL))
    return command_usage_error("either NAME or --key says whose certificate it is to be");
  if (signing_option_key == NULL)
    return run_there(arguments[0]);
  if (subject_option == NULL)
    return command_usage_error("--key wants a --subject, such as CN=release,O=Example");
  return run_here();
}

static const GOptionEntry options[] = {SERVER_OPTIONS(""),
                                       {"subject", 0, 0, G_OPTION_ARG_STRING, &subject_option,
                                        "Whose it is to be (default: CN=NAME)", "DN"},
                                       SIGNING_OPTIONS,
                                       {NULL}};

const Command key_csr_subcommand = {
    .name = "csr",
    .summary = "Print a request for a key's certificate, signed by the key where it is",
    .arguments = "[NAME]",
    .help =
        "An authority makes a certificate of it, with which rules sign in the format notation.\n"
        "NAME is a key of the registry; with --key it is one that is opened here: a file, a "
        "token,\n"
        "a service. The private part stays where it is.\n\n"
        "Examples:\n"
        "  assay key csr release --subject 'CN=release,O=Example,C=DE' >release.csr\n"
        "  assay key csr --key 'pkcs11:token=prod;object=release' --pin-file pin \\\n"
        "    --subject CN=release >release.csr",
    .options = options,
    .least_arguments = 0,
    .most_arguments = 1,
    .run = run,
};
