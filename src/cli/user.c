/* `assay user`: the people of a registry. */
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/password_input.h"
#include "cli/server_client.h"
#include "cli/user_totp.h"
#include "report/columns.h"

static char *format_option, *display_option, *mail_option;
static gboolean admin_option, stdin_option, none_option;

#define STDIN_OPTION                                                                               \
  {                                                                                                \
    "password-stdin", 0, 0, G_OPTION_ARG_NONE, &stdin_option,                                      \
        "Take the password from the first line of standard input", NULL                            \
  }

/* Sends @body, and tells what was done: "created alice". */
static int
send_and_tell(const char *method, const char *path, const json_t *body, const char *done,
              const char *name)
{
  g_autofree char *told = g_strdup_printf("%s %s", done, name);
  return account_send(format_option, method, path, body, told);
}

/* --- create --- */

/* *password stays NULL where none is wanted. */
static bool
get_password(const char *prompt, char **password, GError **error)
{
  if (none_option)
    return true;
  *password = stdin_option ? password_from_stdin(error) : password_ask(prompt, true, error);
  return *password != NULL;
}

static int
run_create(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *password = NULL;
  g_autoptr(json_t) body = json_object();
  if (!get_password("password", &password, &error))
    return command_fail(error);
  json_set_string(body, "name", arguments[0]);
  json_set_string(body, "password", password);
  json_set_string(body, "display", display_option);
  json_set_string(body, "mail", mail_option);
  json_object_set_new(body, "administrator", json_boolean(admin_option));
  return send_and_tell("POST", "/api/v1/users", body, "created", arguments[0]);
}

static const GOptionEntry create_options[] = {
    SERVER_OPTIONS(""),
    {"admin", 0, 0, G_OPTION_ARG_NONE, &admin_option, "Give all rights", NULL},
    STDIN_OPTION,
    {"no-password", 0, 0, G_OPTION_ARG_NONE, &none_option, "No log-in until one is set", NULL},
    {"display", 0, 0, G_OPTION_ARG_STRING, &display_option, "The name that people see", "TEXT"},
    {"mail", 0, 0, G_OPTION_ARG_STRING, &mail_option, "The mail address", "ADDRESS"},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command create_subcommand = {
    .name = "create",
    .summary = "Create a person who may log in",
    .arguments = "NAME",
    .help = "NAME has a-z, 0-9, \".\", \"_\", \"@\" and \"-\". The password is asked for on a\n"
            "terminal, and has at least 8 bytes. Who is created may do nothing until a grant says\n"
            "so, except with --admin.\n\n"
            "Examples:\n"
            "  assay user create --admin alice\n"
            "  assay user create --password-stdin bob < password.txt",
    .options = create_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_create,
};

/* --- password --- */

static int
run_password(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *password = NULL, *path = account_path("/api/v1/users", arguments[0]);
  g_autoptr(json_t) body = json_object();
  if (!get_password("new password", &password, &error))
    return command_fail(error);
  json_set_string(body, "password", password);
  return send_and_tell("PATCH", path, body, "changed the password of", arguments[0]);
}

static const GOptionEntry password_options[] = {
    SERVER_OPTIONS(""), STDIN_OPTION, FORMAT_OPTION("text"), {NULL}};
static const Command password_subcommand = {
    .name = "password",
    .summary = "Set a person's password",
    .arguments = "NAME",
    .help = "Their sessions end. Tokens stay: `assay token revoke` ends one.\n\n"
            "Examples:\n"
            "  assay user password alice\n"
            "  assay user password --password-stdin alice < password.txt",
    .options = password_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_password,
};

/* --- disable, enable, delete --- */

static int
set_disabled(const char *name, bool disabled)
{
  g_autofree char *path = account_path("/api/v1/users", name);
  g_autoptr(json_t) body = json_object();
  json_object_set_new(body, "disabled", json_boolean(disabled));
  return send_and_tell("PATCH", path, body, disabled ? "disabled" : "enabled", name);
}

static int
run_disable(char **arguments)
{
  return set_disabled(arguments[0], true);
}

static int
run_enable(char **arguments)
{
  return set_disabled(arguments[0], false);
}

static int
run_delete(char **arguments)
{
  g_autofree char *path = account_path("/api/v1/users", arguments[0]);
  return send_and_tell("DELETE", path, NULL, "deleted", arguments[0]);
}

static const GOptionEntry plain_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};

static const Command disable_subcommand = {
    .name = "disable",
    .summary = "Refuse a person's password, tokens and sessions, until they are enabled",
    .arguments = "NAME",
    .help = "Grants, tokens and memberships stay, and count again once the person is enabled.\n\n"
            "Examples:\n"
            "  assay user disable alice",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_disable,
};
static const Command enable_subcommand = {
    .name = "enable",
    .summary = "Let a disabled person in again",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay user enable alice",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_enable,
};
static const Command delete_subcommand = {
    .name = "delete",
    .summary = "Delete a person with their grants, tokens, sessions and memberships",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay user delete alice",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_delete,
};

/* --- list, show --- */

static void
add_row(Columns *table, const json_t *user)
{
  const char *created = json_get_string(user, "created");
  const char *used = json_get_string(user, "last_used");
  g_autofree char *day = g_strndup(created != NULL ? created : "", 10);
  g_autofree char *last = used == NULL ? NULL : g_strndup(used, 16);
  columns_add(table,
              (const char *[]){json_get_string(user, "name"),
                               json_get_boolean(user, "disabled", false) ? "disabled" : "active",
                               json_get_string(user, "source"), day, last,
                               json_get_string(user, "display")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "USER"},
      {.title = "STATE"},
      {.title = "FROM"},
      {.title = "CREATED"},
      {.title = "LAST SEEN", .flags = COLUMN_EMPTY},
      {.title = "NAME", .least = 10, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row,
                                     "there is nobody; `assay user create` adds one\n", "users"};
  return account_list(format_option, "/api/v1/users", &shown);
}

static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the people",
    .arguments = "",
    .help = "Examples:\n"
            "  assay user list\n"
            "  assay user list --format json",
    .options = list_options,
    .run = run_list,
};

static int
run_show(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = account_path("/api/v1/users", arguments[0]);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) user = client == NULL ? NULL : server_get(client, path, &error);
  if (user == NULL)
    return command_fail(error);
  command_print_json(user);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry show_options[] = {SERVER_OPTIONS(""), {NULL}};
static const Command show_subcommand = {
    .name = "show",
    .summary = "Show what is known of a person, as JSON",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay user show alice",
    .options = show_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};

static const Command *const subcommands[] = {
    &list_subcommand,     &show_subcommand,   &create_subcommand,
    &password_subcommand, &enable_subcommand, &disable_subcommand,
    &delete_subcommand,   &user_totp_command, NULL};

const Command user_command = {
    .name = "user",
    .summary = "People who may log in to a registry",
    .arguments = "",
    .help = "Examples:\n"
            "  assay user create --admin alice\n"
            "  assay user list",
    .subcommands = subcommands,
};
