/* `assay login`: proves who one is to a registry, and keeps it for docker, podman, helm and assay.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/auth_file.h"
#include "cli/command.h"
#include "cli/login_device.h"
#include "cli/password_input.h"
#include "cli/server_client.h"

static char *user_option, *provider_option;
static gboolean stdin_option;

static int
log_in(ServerClient *client, const char *user, const char *password, GError **error)
{
  g_autofree char *where = NULL, *host = server_client_authority(client);
  server_client_be(client, user, password);
  g_autoptr(json_t) answer = server_get(client, "/v2/", error);
  if (answer == NULL || !auth_file_store(host, user, password, &where, error))
    return command_fail(*error);
  printf("logged in at %s as %s; kept in %s\n", host, user, where);
  return command_end_output(EXIT_FINE);
}

/* *user and *password: (transfer full). */
static bool
ask_person(ServerClient *client, char **user, char **password, GError **error)
{
  if (user_option == NULL) {
    server_client_be_nobody(client);
    return login_by_device(client, provider_option, user, password, error);
  }
  *user = g_strdup(user_option);
  *password = stdin_option ? password_from_stdin(error) : password_ask("password", false, error);
  return *password != NULL;
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  if (user_option == NULL && stdin_option)
    return command_usage_error("--username is missing: whose password is it?");
  if (user_option != NULL && provider_option != NULL)
    return command_usage_error("--provider: the provider says who logs in, not --username");
  g_autoptr(ServerClient) client = server_client_new(arguments[0], &error);
  if (client == NULL)
    return command_fail(error);
  g_autofree char *user = NULL, *password = NULL;
  if (!ask_person(client, &user, &password, &error))
    return command_fail(error);
  int code = log_in(client, user, password, &error);
  explicit_bzero(password, strlen(password));
  return code;
}

static const GOptionEntry options[] = {
    SERVER_OPTIONS("HOST, "),
    {"username", 'u', 0, G_OPTION_ARG_STRING, &user_option, "The person or robot who logs in",
     "NAME"},
    {"provider", 0, 0, G_OPTION_ARG_STRING, &provider_option,
     "Log in by this provider, in a browser (default: the only one)", "NAME"},
    {"password-stdin", 0, 0, G_OPTION_ARG_NONE, &stdin_option,
     "Take the password from the first line of standard input", NULL},
    {NULL}};

const Command login_command = {
    .name = "login",
    .summary = "Log in at a registry, for docker, podman, helm and assay",
    .arguments = "[HOST]",
    .help =
        "The password, or the secret of a token or robot, is asked for on a terminal and tried\n"
        "before it is kept: in $REGISTRY_AUTH_FILE, or config.json in $DOCKER_CONFIG or\n"
        "~/.docker, which docker, podman and helm read; where that names a program that keeps\n"
        "passwords, that one is given it.\n\n"
        "Without --username the log-in is done in a browser, on any machine, at a provider of\n"
        "the registry (OpenID Connect). What is kept is a personal access token, which\n"
        "`assay token list` shows and `assay token revoke` ends.\n\n"
        "Examples:\n"
        "  assay login registry.example.com --username alice\n"
        "  assay login --username ci --password-stdin < secret.txt\n"
        "  assay login registry.example.com --provider corp",
    .options = options,
    .most_arguments = 1,
    .run = run,
};
