/* `assay login`: proves who one is to a registry, and keeps it for docker, podman, helm and assay.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/auth_file.h"
#include "cli/command.h"
#include "cli/password_input.h"
#include "cli/server_client.h"

static char *user_option;
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

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  if (user_option == NULL)
    return command_usage_error("--username is missing: who logs in?");
  g_autoptr(ServerClient) client = server_client_new(arguments[0], &error);
  if (client == NULL)
    return command_fail(error);
  g_autofree char *password =
      stdin_option ? password_from_stdin(&error) : password_ask("password", false, &error);
  if (password == NULL)
    return command_fail(error);
  int code = log_in(client, user_option, password, &error);
  explicit_bzero(password, strlen(password));
  return code;
}

static const GOptionEntry options[] = {SERVER_OPTIONS("HOST, "),
                                       {"username", 'u', 0, G_OPTION_ARG_STRING, &user_option,
                                        "The person or robot who logs in", "NAME"},
                                       {"password-stdin", 0, 0, G_OPTION_ARG_NONE, &stdin_option,
                                        "Take the password from the first line of standard input",
                                        NULL},
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
        "Examples:\n"
        "  assay login registry.example.com --username alice\n"
        "  assay login --username ci --password-stdin < secret.txt",
    .options = options,
    .most_arguments = 1,
    .run = run,
};
