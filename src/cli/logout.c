/* `assay logout`: forgets a log-in. */
#include <stdio.h>

#include "base/error.h"
#include "cli/auth_file.h"
#include "cli/command.h"
#include "cli/server_client.h"

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *where = NULL;
  g_autoptr(ServerClient) client = server_client_new(arguments[0], &error);
  if (client == NULL)
    return command_fail(error);
  g_autofree char *host = server_client_authority(client);
  if (!auth_file_erase(host, &where, &error))
    return command_fail(error);
  printf("logged out at %s; removed from %s\n", host, where);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry options[] = {SERVER_OPTIONS("HOST, "), {NULL}};

const Command logout_command = {
    .name = "logout",
    .summary = "Forget the log-in at a registry",
    .arguments = "[HOST]",
    .help = "Examples:\n"
            "  assay logout registry.example.com",
    .options = options,
    .most_arguments = 1,
    .run = run,
};
