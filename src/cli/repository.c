/* `assay repository`: another name for one. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/moving.h"
#include "cli/server_client.h"

static int
run_move(char **arguments)
{
  g_autofree char *path = g_strdup_printf("/api/v1/repositories/%s/move", arguments[0]);
  return moving_run(path, arguments[1]);
}

static const GOptionEntry options[] = {SERVER_OPTIONS(""), MOVING_OPTIONS, {NULL}};

static const Command move_subcommand = {
    .name = "move",
    .summary = "Give a repository another name, also in another namespace",
    .arguments = "REPOSITORY NEW",
    .help = MOVING_HELP "\n\n"
                        "Examples:\n"
                        "  assay repository move team/app team/shop\n"
                        "  assay repository move --redirect-for 90d team/app prod/app",
    .options = options,
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run_move,
};

static const Command *const subcommands[] = {&move_subcommand, NULL};

const Command repository_command = {
    .name = "repository",
    .summary = "Move a repository to another name",
    .subcommands = subcommands,
};
