/* `assay team`: teams and their members. */
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "report/columns.h"

static char *format_option, *description_option;

static int
run_create(char **arguments)
{
  g_autoptr(json_t) body = json_object();
  g_autofree char *done = g_strconcat("created ", arguments[0], NULL);
  json_set_string(body, "name", arguments[0]);
  json_set_string(body, "description", description_option);
  return account_send(format_option, "POST", "/api/v1/teams", body, done);
}

/* "/api/v1/teams/TEAM/members/NAME" (transfer full) */
static char *
member_path(char **arguments)
{
  g_autofree char *team = account_path("/api/v1/teams", arguments[0]);
  g_autofree char *folder = g_strconcat(team, "/members", NULL);
  return account_path(folder, arguments[1]);
}

static int
run_add(char **arguments)
{
  g_autofree char *path = member_path(arguments);
  g_autofree char *done = g_strdup_printf("added %s to %s", arguments[1], arguments[0]);
  return account_send(format_option, "PUT", path, NULL, done);
}

static int
run_remove(char **arguments)
{
  g_autofree char *path = member_path(arguments);
  g_autofree char *done = g_strdup_printf("removed %s from %s", arguments[1], arguments[0]);
  return account_send(format_option, "DELETE", path, NULL, done);
}

/* "oidc:corp" and "developers", for a body or a query. */
static int
run_add_group(char **arguments)
{
  g_autoptr(json_t) body = json_object();
  g_autofree char *team = account_path("/api/v1/teams", arguments[0]);
  g_autofree char *path = g_strconcat(team, "/groups", NULL);
  g_autofree char *done =
      g_strdup_printf("%s takes in %s of %s", arguments[0], arguments[2], arguments[1]);
  json_set_string(body, "source", arguments[1]);
  json_set_string(body, "name", arguments[2]);
  return account_send(format_option, "POST", path, body, done);
}

static int
run_remove_group(char **arguments)
{
  g_autofree char *team = account_path("/api/v1/teams", arguments[0]);
  g_autofree char *source = g_uri_escape_string(arguments[1], NULL, FALSE);
  g_autofree char *name = g_uri_escape_string(arguments[2], NULL, FALSE);
  g_autofree char *path = g_strdup_printf("%s/groups?source=%s&name=%s", team, source, name);
  g_autofree char *done =
      g_strdup_printf("%s takes in %s of %s no more", arguments[0], arguments[2], arguments[1]);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static int
run_delete(char **arguments)
{
  g_autofree char *path = account_path("/api/v1/teams", arguments[0]);
  g_autofree char *done = g_strconcat("deleted ", arguments[0], NULL);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static void
add_row(Columns *table, const json_t *team)
{
  g_autofree char *members =
      g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(team, "members", 0));
  columns_add(table, (const char *[]){json_get_string(team, "name"), members,
                                      json_get_string(team, "description")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "TEAM"},
      {.title = "MEMBERS", .flags = COLUMN_RIGHT},
      {.title = "DESCRIPTION", .least = 10, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row,
                                     "there is no team; `assay team create` adds one\n", "teams"};
  return account_list(format_option, "/api/v1/teams", &shown);
}

static int
run_members(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autofree char *team = account_path("/api/v1/teams", arguments[0]);
  g_autofree char *path = g_strconcat(team, "/members", NULL);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) all =
      client == NULL ? NULL : server_get_all(client, path, "members", NULL, &error);
  if (all == NULL)
    return command_fail(error);
  size_t index;
  json_t *one;
  if (json)
    command_print_json(all);
  else if (json_array_size(all) == 0)
    command_tell("nobody is a member yet; `assay team groups` lists whom it takes in");
  else
    json_array_foreach(all, index, one) {
      puts(json_get_string(one, "name"));
    }
  return command_end_output(EXIT_FINE);
}

static void
add_group_row(Columns *table, const json_t *group)
{
  columns_add(table,
              (const char *[]){json_get_string(group, "source"), json_get_string(group, "name")});
}

static int
run_groups(char **arguments)
{
  static const Column columns[] = {{.title = "FROM"}, {.title = "GROUP"}};
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_group_row,
                                     "it takes in no group; `assay team add-group` adds one\n",
                                     "groups"};
  g_autofree char *team = account_path("/api/v1/teams", arguments[0]);
  g_autofree char *path = g_strconcat(team, "/groups", NULL);
  return account_list(format_option, path, &shown);
}

static const GOptionEntry plain_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};
static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry create_options[] = {
    SERVER_OPTIONS(""),
    {"description", 0, 0, G_OPTION_ARG_STRING, &description_option, "What it is for", "TEXT"},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the teams",
    .arguments = "",
    .help = "Examples:\n"
            "  assay team list",
    .options = list_options,
    .run = run_list,
};

static const Command create_subcommand = {
    .name = "create",
    .summary = "Create a team",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay team create dev --description Developers",
    .options = create_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_create,
};

static const Command members_subcommand = {
    .name = "members",
    .summary = "List the members of a team",
    .arguments = "TEAM",
    .help = "Examples:\n"
            "  assay team members dev",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_members,
};

static const Command groups_subcommand = {
    .name = "groups",
    .summary = "List the groups of directories that a team takes in",
    .arguments = "TEAM",
    .help =
        "Their people are members from their next log-in on: `assay team members` lists those.\n"
        "\n"
        "Examples:\n"
        "  assay team groups dev",
    .options = list_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_groups,
};

static const Command add_subcommand = {
    .name = "add",
    .summary = "Make a person or a robot a member",
    .arguments = "TEAM NAME",
    .help = "Examples:\n"
            "  assay team add dev alice",
    .options = plain_options,
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run_add,
};

static const Command remove_subcommand = {
    .name = "remove",
    .summary = "End a membership",
    .arguments = "TEAM NAME",
    .help = "Examples:\n"
            "  assay team remove dev alice",
    .options = plain_options,
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run_remove,
};

static const Command add_group_subcommand = {
    .name = "add-group",
    .summary = "Take in a group of a directory",
    .arguments = "TEAM SOURCE GROUP",
    .help = "Who logs in by SOURCE (oidc:NAME or ldap:NAME) and is in GROUP there is a member from "
            "then on,\n"
            "until a later log-in says otherwise.\n"
            "\n"
            "Examples:\n"
            "  assay team add-group dev oidc:corp developers",
    .options = plain_options,
    .least_arguments = 3,
    .most_arguments = 3,
    .run = run_add_group,
};

static const Command remove_group_subcommand = {
    .name = "remove-group",
    .summary = "Take in a group of a directory no more",
    .arguments = "TEAM SOURCE GROUP",
    .help = "Examples:\n"
            "  assay team remove-group dev oidc:corp developers",
    .options = plain_options,
    .least_arguments = 3,
    .most_arguments = 3,
    .run = run_remove_group,
};

static const Command delete_subcommand = {
    .name = "delete",
    .summary = "Delete a team with its grants",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay team delete dev",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_delete,
};

static const Command *const subcommands[] = {&list_subcommand,      &create_subcommand,
                                             &members_subcommand,   &groups_subcommand,
                                             &add_subcommand,       &remove_subcommand,
                                             &add_group_subcommand, &remove_group_subcommand,
                                             &delete_subcommand,    NULL};

const Command team_command = {
    .name = "team",
    .summary = "Teams: people and robots that grants name together",
    .arguments = "",
    .help = "Examples:\n"
            "  assay team create dev\n"
            "  assay team add dev alice",
    .subcommands = subcommands,
};
