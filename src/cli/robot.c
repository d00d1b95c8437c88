/* `assay robot`: what programs log in as. */
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/robot_trust.h"
#include "report/columns.h"

static char *format_option, *description_option, *expires_option, *other_ends_option;
static gboolean remove_option;

/* Sets @key of @body to the end that @text says, where it is given. */
static bool
set_end(json_t *body, const char *key, const char *text, GError **error)
{
  g_autofree char *time = text == NULL ? NULL : account_end_time(text, error);
  json_set_string(body, key, time);
  return text == NULL || time != NULL;
}

static int
run_create(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *told = g_strdup_printf("this is the secret of the robot %s", arguments[0]);
  if (!set_end(body, "expires", expires_option, &error))
    return command_fail(error);
  json_set_string(body, "name", arguments[0]);
  json_set_string(body, "description", description_option);
  json_object_set_new(body, "remove_expired", json_boolean(remove_option));
  return account_send_for_secret(format_option, "/api/v1/robots", body, "secret", told);
}

static int
run_rotate(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *robot = account_path("/api/v1/robots", arguments[0]);
  g_autofree char *path = g_strconcat(robot, "/secrets", NULL);
  g_autofree char *told = g_strdup_printf("this is the new secret of the robot %s", arguments[0]);
  if (!set_end(body, "other_ends", other_ends_option, &error))
    return command_fail(error);
  return account_send_for_secret(format_option, path, body, "secret", told);
}

static int
run_end_secret(char **arguments)
{
  g_autofree char *robot = account_path("/api/v1/robots", arguments[0]);
  g_autofree char *folder = g_strconcat(robot, "/secrets", NULL);
  g_autofree char *path = account_path(folder, arguments[1]);
  g_autofree char *done = g_strdup_printf("ended secret %s of %s", arguments[1], arguments[0]);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static int
run_disable(char **arguments)
{
  g_autofree char *path = account_path("/api/v1/robots", arguments[0]);
  g_autofree char *done = g_strconcat("disabled ", arguments[0], NULL);
  g_autoptr(json_t) body = json_object();
  json_object_set_new(body, "disabled", json_true());
  return account_send(format_option, "PATCH", path, body, done);
}

static int
run_enable(char **arguments)
{
  g_autofree char *path = account_path("/api/v1/robots", arguments[0]);
  g_autofree char *done = g_strconcat("enabled ", arguments[0], NULL);
  g_autoptr(json_t) body = json_object();
  json_object_set_new(body, "disabled", json_false());
  return account_send(format_option, "PATCH", path, body, done);
}

static int
run_delete(char **arguments)
{
  g_autofree char *path = account_path("/api/v1/robots", arguments[0]);
  g_autofree char *done = g_strconcat("deleted ", arguments[0], NULL);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static void
add_row(Columns *table, const json_t *robot)
{
  g_autofree char *expires = account_short_time(robot, "expires", 10);
  g_autofree char *used = account_short_time(robot, "last_used", 16);
  columns_add(table,
              (const char *[]){json_get_string(robot, "name"),
                               json_get_boolean(robot, "disabled", false) ? "disabled" : "active",
                               expires, used, json_get_string(robot, "description")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "ROBOT"},
      {.title = "STATE"},
      {.title = "EXPIRES", .flags = COLUMN_EMPTY},
      {.title = "LAST SEEN", .flags = COLUMN_EMPTY},
      {.title = "DESCRIPTION", .least = 10, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row,
                                     "there is no robot; `assay robot create` adds one\n",
                                     "robots"};
  return account_list(format_option, "/api/v1/robots", &shown);
}

static int
run_show(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = account_path("/api/v1/robots", arguments[0]);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) one = client == NULL ? NULL : server_get(client, path, &error);
  if (one == NULL)
    return command_fail(error);
  command_print_json(one);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry plain_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};
static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry show_options[] = {SERVER_OPTIONS(""), {NULL}};
static const GOptionEntry create_options[] = {
    SERVER_OPTIONS(""),
    {"description", 0, 0, G_OPTION_ARG_STRING, &description_option, "What it is for", "TEXT"},
    {"expires", 0, 0, G_OPTION_ARG_STRING, &expires_option,
     "When it ends: 90d, 12h, a day, or a time", "END"},
    {"remove-expired", 0, 0, G_OPTION_ARG_NONE, &remove_option, "Delete it once it has expired",
     NULL},
    FORMAT_OPTION("text"),
    {NULL}};
static const GOptionEntry rotate_options[] = {
    SERVER_OPTIONS(""),
    {"other-ends", 0, 0, G_OPTION_ARG_STRING, &other_ends_option,
     "When the other secret ends: 7d, 12h, or a time (default: not at all)", "END"},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the robots",
    .arguments = "",
    .help = "Examples:\n"
            "  assay robot list",
    .options = list_options,
    .run = run_list,
};

static const Command show_subcommand = {
    .name = "show",
    .summary = "Show what is known of a robot, as JSON",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay robot show ci",
    .options = show_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};

static const Command create_subcommand = {
    .name = "create",
    .summary = "Create a robot, and print its secret",
    .arguments = "NAME",
    .help = "The secret alone is printed on standard output, and never again. A robot may do "
            "nothing until\n"
            "a grant says so.\n"
            "\n"
            "Examples:\n"
            "  assay robot create ci --description builds --expires 365d\n"
            "  assay robot create ci > secret.txt",
    .options = create_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_create,
};

static const Command rotate_subcommand = {
    .name = "rotate",
    .summary = "Print a new secret of a robot, beside which the other one still works",
    .arguments = "NAME",
    .help = "A robot has two secrets at most: the new one replaces the older of two.\n"
            "\n"
            "Examples:\n"
            "  assay robot rotate ci --other-ends 7d",
    .options = rotate_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_rotate,
};

static const Command end_secret_subcommand = {
    .name = "end-secret",
    .summary = "End one of the secrets of a robot at once",
    .arguments = "NAME SLOT",
    .help = "SLOT is 1 or 2, as `assay robot show` has it.\n"
            "\n"
            "Examples:\n"
            "  assay robot end-secret ci 1",
    .options = plain_options,
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run_end_secret,
};

static const Command disable_subcommand = {
    .name = "disable",
    .summary = "Refuse a robot's secrets, until it is enabled",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay robot disable ci",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_disable,
};

static const Command enable_subcommand = {
    .name = "enable",
    .summary = "Let a disabled robot in again",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay robot enable ci",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_enable,
};

static const Command delete_subcommand = {
    .name = "delete",
    .summary = "Delete a robot with its grants and secrets",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay robot delete ci",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_delete,
};

static const Command *const subcommands[] = {&list_subcommand,       &show_subcommand,
                                             &create_subcommand,     &rotate_subcommand,
                                             &end_secret_subcommand, &enable_subcommand,
                                             &disable_subcommand,    &delete_subcommand,
                                             &robot_trust_command,   NULL};

const Command robot_command = {
    .name = "robot",
    .summary = "Robots: what programs log in to a registry as",
    .arguments = "",
    .help = "Examples:\n"
            "  assay robot create ci --expires 365d\n"
            "  assay robot rotate ci --other-ends 7d",
    .subcommands = subcommands,
};
