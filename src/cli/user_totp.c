/* `assay user totp`: the second factor of oneself, and its end for others. */
#include "cli/user_totp.h"
#include "cli/command.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/password_input.h"
#include "cli/server_client.h"

#define OWN_PATH "/api/v1/user/totp"

static char *format_option, *code_option;
static gboolean stdin_option;

#define STDIN_OPTION                                                                               \
  {                                                                                                \
    "password-stdin", 0, 0, G_OPTION_ARG_NONE, &stdin_option,                                      \
        "Take the password from the first line of standard input", NULL                            \
  }

/* (transfer full) */
static char *
get_password(GError **error)
{
  return stdin_option ? password_from_stdin(error) : password_ask("password", false, error);
}

/* --- confirm --- */

static int
confirm(ServerClient *client, const char *code, bool json)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "code", code);
  g_autoptr(json_t) answer = server_send(client, "PUT", OWN_PATH, body, &error);
  if (answer == NULL)
    return command_fail(error);
  size_t index;
  json_t *one;
  if (json)
    command_print_json(answer);
  else
    json_array_foreach(json_get_array(answer, "recovery_codes"), index, one) {
      puts(json_string_value(one));
    }
  command_tell(
      "the second factor is on; these recovery codes are shown this once, and each works "
      "once\n  docker and other commands need a token from now on: one that was made before "
      "(assay token create), or that an administrator makes (--user)");
  return command_end_output(EXIT_FINE);
}

static int
run_confirm(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  return client == NULL ? command_fail(error) : confirm(client, arguments[0], json);
}

static const GOptionEntry confirm_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};
static const Command confirm_subcommand = {
    .name = "confirm",
    .summary = "Switch your second factor on by a first code, and show the recovery codes",
    .arguments = "CODE",
    .help = "Sessions end.\n\n"
            "Examples:\n"
            "  assay user totp confirm 123456",
    .options = confirm_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_confirm,
};

/* --- enable --- */

/* Who is at a terminal goes on at once. */
static int
go_on(ServerClient *client, const json_t *begun, bool json)
{
  g_autoptr(GError) error = NULL;
  if (json) {
    command_print_json(begun);
    return command_end_output(EXIT_FINE);
  }
  printf("secret  %s\nuri     %s\n", json_get_string(begun, "secret"),
         json_get_string(begun, "uri"));
  fflush(stdout);
  if (stdin_option || !isatty(STDIN_FILENO)) {
    command_tell("it is shown this once; `assay user totp confirm CODE` switches it on");
    return command_end_output(EXIT_FINE);
  }
  g_autofree char *code = password_ask("code of the app", false, &error);
  return code == NULL ? command_fail(error) : confirm(client, code, false);
}

static int
run_enable(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autofree char *password = get_password(&error);
  g_autoptr(ServerClient) client = password == NULL ? NULL : server_client_new(NULL, &error);
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "present", password);
  g_autoptr(json_t) begun =
      client == NULL ? NULL : server_send(client, "POST", OWN_PATH, body, &error);
  return begun == NULL ? command_fail(error) : go_on(client, begun, json);
}

static const GOptionEntry enable_options[] = {
    SERVER_OPTIONS(""), STDIN_OPTION, FORMAT_OPTION("text"), {NULL}};
static const Command enable_subcommand = {
    .name = "enable",
    .summary = "Begin a second factor of your own: codes by time of an app (TOTP)",
    .arguments = "",
    .help =
        "The secret goes into an authenticator app; `qrencode -t utf8 URI` draws it. It counts\n"
        "once a code has confirmed it. From then on a log-in of a browser asks for a code, and\n"
        "the password alone is refused: programs use a token, which is made before, by\n"
        "`assay token create`, or in a browser.\n\n"
        "Examples:\n"
        "  assay user totp enable\n"
        "  assay user totp enable --password-stdin < password.txt",
    .options = enable_options,
    .run = run_enable,
};

/* --- disable --- */

static int
disable_own(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *password = get_password(&error);
  g_autofree char *code = password == NULL      ? NULL
                          : code_option != NULL ? g_strdup(code_option)
                                                : password_ask("code", false, &error);
  g_autoptr(json_t) body = json_object();
  if (code == NULL)
    return command_fail(error);
  json_set_string(body, "present", password);
  json_set_string(body, "code", code);
  return account_send(format_option, "DELETE", OWN_PATH, body, "the second factor is off");
}

static int
run_disable(char **arguments)
{
  if (arguments[0] == NULL)
    return disable_own();
  g_autofree char *person = account_path("/api/v1/users", arguments[0]);
  g_autofree char *path = g_strconcat(person, "/totp", NULL);
  g_autofree char *done = g_strconcat("the second factor is off for ", arguments[0], NULL);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static const GOptionEntry disable_options[] = {
    SERVER_OPTIONS(""),
    {"code", 0, 0, G_OPTION_ARG_STRING, &code_option, "Of the app, or a recovery code", "CODE"},
    STDIN_OPTION,
    FORMAT_OPTION("text"),
    {NULL}};
static const Command disable_subcommand = {
    .name = "disable",
    .summary = "Remove your second factor, or as an administrator that of NAME",
    .arguments = "[NAME]",
    .help =
        "One's own takes the password and a code, and a token to ask by. Who has lost both the\n"
        "app and the recovery codes asks an administrator.\n\n"
        "Examples:\n"
        "  assay user totp disable\n"
        "  assay user totp disable alice",
    .options = disable_options,
    .most_arguments = 1,
    .run = run_disable,
};

static const Command *const subcommands[] = {&enable_subcommand, &confirm_subcommand,
                                             &disable_subcommand, NULL};

const Command user_totp_command = {
    .name = "totp",
    .summary = "The second factor of a log-in: codes by time of an app",
    .arguments = "",
    .help = "Examples:\n"
            "  assay user totp enable\n"
            "  assay user totp disable alice",
    .subcommands = subcommands,
};
