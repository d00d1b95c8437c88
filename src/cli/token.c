/* `assay token`: personal access tokens. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "report/columns.h"

static char *format_option, *expires_option, *user_option;
static char **scope_option;

/* "team/app:pull,push" */
static bool
add_scope(json_t *scopes, const char *text, GError **error)
{
  const char *colon = strrchr(text, ':');
  if (colon == NULL || colon == text || colon[1] == '\0')
    return error_set(error, ASSAY_ERROR_INVALID,
                     "--scope %s: write PATTERN:VERB,VERB, such as team/app:pull,push", text);
  g_autofree char *pattern = g_strndup(text, (gsize)(colon - text));
  g_auto(GStrv) verbs = g_strsplit(colon + 1, ",", -1);
  json_t *scope = json_object();
  json_set_string(scope, "pattern", pattern);
  json_set_strings(scope, "verbs", (const char *const *)verbs);
  json_array_append_new(scopes, scope);
  return true;
}

/* Of all people's, or with --user's absence one's own. */
static const char *
folder(void)
{
  return user_option != NULL ? "/api/v1/tokens" : "/api/v1/user/tokens";
}

static int
run_create(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  json_t *scopes = json_array();
  g_autofree char *end = expires_option == NULL ? NULL : account_end_time(expires_option, &error);
  json_object_set_new(body, "scopes", scopes);
  for (char **scope = scope_option; error == NULL && scope != NULL && *scope != NULL; scope++)
    add_scope(scopes, *scope, &error);
  if (error != NULL)
    return command_fail(error);
  if (json_array_size(scopes) == 0)
    json_object_del(body, "scopes");
  json_set_string(body, "name", arguments[0]);
  json_set_string(body, "user", user_option);
  json_set_string(body, "expires", end);
  return account_send_for_secret(format_option, folder(), body, "token", "this is the token");
}

static int
run_revoke(char **arguments)
{
  g_autofree char *path = account_path(folder(), arguments[0]);
  g_autofree char *done = g_strconcat("revoked ", arguments[0], NULL);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static void
add_row(Columns *table, const json_t *token)
{
  g_autofree char *expires = account_short_time(token, "expires", 10);
  g_autofree char *used = account_short_time(token, "last_used", 16);
  bool scoped = json_get_array(token, "scopes") != NULL;
  columns_add(table, (const char *[]){json_get_string(token, "id"), json_get_string(token, "owner"),
                                      json_get_string(token, "name"), scoped ? "scoped" : "all",
                                      expires, used, json_get_string(token, "last_address")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "ID"},
      {.title = "OWNER"},
      {.title = "NAME", .least = 10, .flags = COLUMN_CUT},
      {.title = "MAY"},
      {.title = "EXPIRES", .flags = COLUMN_EMPTY},
      {.title = "LAST SEEN", .flags = COLUMN_EMPTY},
      {.title = "FROM", .flags = COLUMN_EMPTY},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row, "there is no token\n",
                                     "tokens"};
  g_autofree char *user = user_option == NULL ? NULL : g_uri_escape_string(user_option, "@", FALSE);
  g_autofree char *path = user == NULL ? g_strdup("/api/v1/user/tokens")
                          : g_strcmp0(user, "%2A") == 0
                              ? g_strdup("/api/v1/tokens")
                              : g_strconcat("/api/v1/tokens?user=", user, NULL);
  return account_list(format_option, path, &shown);
}

#define USER_OPTION                                                                                \
  {                                                                                                \
    "user", 'u', 0, G_OPTION_ARG_STRING, &user_option, "Of this person (default: one's own)",      \
        "NAME"                                                                                     \
  }
static const GOptionEntry revoke_options[] = {
    SERVER_OPTIONS(""), USER_OPTION, FORMAT_OPTION("text"), {NULL}};
static const GOptionEntry list_options[] = {
    SERVER_OPTIONS(""), USER_OPTION, FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry create_options[] = {
    SERVER_OPTIONS(""),
    USER_OPTION,
    {"scope", 0, 0, G_OPTION_ARG_STRING_ARRAY, &scope_option,
     "May these verbs on these repositories alone; may be given several times", "PATTERN:VERBS"},
    {"expires", 0, 0, G_OPTION_ARG_STRING, &expires_option,
     "When it ends: 90d, 12h, a day, or a time", "END"},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the tokens of a person",
    .arguments = "",
    .help = "--user '*' lists those of all people.\n"
            "\n"
            "Examples:\n"
            "  assay token list\n"
            "  assay token list --user alice",
    .options = list_options,
    .run = run_list,
};

static const Command create_subcommand = {
    .name = "create",
    .summary = "Create a personal access token, and print it",
    .arguments = "NAME",
    .help = "It acts as its owner, cut down to its scopes. It is printed on standard output, and "
            "never again.\n"
            "\n"
            "Examples:\n"
            "  assay token create laptop --expires 90d\n"
            "  assay token create ci --scope 'team/*:pull,push'",
    .options = create_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_create,
};

static const Command revoke_subcommand = {
    .name = "revoke",
    .summary = "Revoke a token at once",
    .arguments = "ID",
    .help = "ID is as `assay token list` shows it.\n"
            "\n"
            "Examples:\n"
            "  assay token revoke LA9KHJvu8nes",
    .options = revoke_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_revoke,
};

static const Command *const subcommands[] = {&list_subcommand, &create_subcommand,
                                             &revoke_subcommand, NULL};

const Command token_command = {
    .name = "token",
    .summary = "Personal access tokens: what people give to programs",
    .arguments = "",
    .help = "Examples:\n"
            "  assay token create laptop --expires 90d\n"
            "  assay token list",
    .subcommands = subcommands,
};
