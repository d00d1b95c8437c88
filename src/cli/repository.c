/* `assay repository`: another name for one. */
#include <stdio.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/moving.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

static char *format_option;

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

/* --- old names --- */

static void
print_moved(const json_t *names)
{
  static const Column columns[] = {
      {.title = "OLD NAME", .least = 16, .flags = COLUMN_CUT},
      {.title = "NAME", .least = 16, .flags = COLUMN_CUT},
      {.title = "ANSWERS UNTIL"},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *one;
  json_array_foreach(names, index, one) {
    columns_add(table, (const char *[]){json_get_string(one, "name"), json_get_string(one, "to"),
                                        json_get_string(one, "until")});
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(json_array_size(names) > 0 ? text : "no old names\n", stdout);
}

static int
run_moved(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) names =
      client == NULL ? NULL : server_get_all(client, "/api/v1/moved", "moved", NULL, &error);
  if (names == NULL)
    return command_fail(error);
  if (json)
    command_print_json(names);
  else
    print_moved(names);
  return command_end_output(EXIT_FINE);
}

static int
run_forget(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_strconcat("/api/v1/moved/", arguments[0], NULL);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  if (client == NULL || !server_delete(client, path, NULL, &error))
    return command_fail(error);
  g_autofree char *clean = report_clean_text(arguments[0]);
  printf("%s answers nothing any more\n", clean);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry moved_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry forget_options[] = {SERVER_OPTIONS(""), {NULL}};

static const Command moved_subcommand = {
    .name = "moved",
    .summary = "List the names that repositories had and that answer pulls",
    .arguments = "",
    .help = "Examples:\n"
            "  assay repository moved",
    .options = moved_options,
    .run = run_moved,
};

static const Command forget_subcommand = {
    .name = "forget",
    .summary = "End an old name before its time",
    .arguments = "OLD-NAME",
    .help = "Examples:\n"
            "  assay repository forget team/app",
    .options = forget_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_forget,
};

static const Command *const subcommands[] = {&move_subcommand, &moved_subcommand,
                                             &forget_subcommand, NULL};

const Command repository_command = {
    .name = "repository",
    .summary = "Move a repository to another name, and list and end the old ones",
    .help = "Examples:\n"
            "  assay repository move team/app prod/app\n"
            "  assay repository moved",
    .subcommands = subcommands,
};
