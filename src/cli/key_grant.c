/* `assay key-grant`: which signing rule may use which key. */
#include <stdio.h>

#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"

static char *format_option, *rule_option, *key_option, *verb_option, *until_option;

/* --- list --- */

static void
add_row(Columns *table, const json_t *grant)
{
  g_autofree char *id = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(grant, "id", 0));
  columns_add(table, (const char *[]){
                         id, json_get_string(grant, "rule"), json_get_string(grant, "key"),
                         json_get_string(grant, "verb"), json_get_string(grant, "pattern"),
                         json_get_string(grant, "until"), json_get_string(grant, "created_by")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "ID", .flags = COLUMN_RIGHT},
      {.title = "RULE"},
      {.title = "KEY"},
      {.title = "VERB"},
      {.title = "ON"},
      {.title = "UNTIL", .flags = COLUMN_EMPTY},
      {.title = "BY"},
  };
  static const AccountTable shown = {
      columns, G_N_ELEMENTS(columns), add_row,
      "no signing rule may use a key; `assay key-grant create` lets one\n", "key_grants"};
  g_autoptr(GString) path = g_string_new("/api/v1/key-grants?");
  const char *const filters[][2] = {{"rule", rule_option}, {"key", key_option}};
  for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
    g_autofree char *value =
        filters[i][1] == NULL ? NULL : g_uri_escape_string(filters[i][1], NULL, FALSE);
    if (value != NULL)
      g_string_append_printf(path, "%s=%s&", filters[i][0], value);
  }
  g_string_truncate(path, path->len - 1);
  return account_list(format_option, path->str, &shown);
}

static const GOptionEntry list_options[] = {
    SERVER_OPTIONS(""),
    {"rule", 0, 0, G_OPTION_ARG_STRING, &rule_option, "Only those of this rule", "RULE"},
    {"key", 0, 0, G_OPTION_ARG_STRING, &key_option, "Only those of this key", "KEY"},
    FORMAT_OPTION("table"),
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the key grants that you manage",
    .arguments = "",
    .help = "Examples:\n"
            "  assay key-grant list\n"
            "  assay key-grant list --key release-2026 --format json",
    .options = list_options,
    .run = run_list,
};

/* --- create and end --- */

static int
run_create(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *until = until_option == NULL ? NULL : account_end_time(until_option, &error);
  if (until_option != NULL && until == NULL)
    return command_fail(error);
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "rule", arguments[0]);
  json_set_string(body, "key", arguments[1]);
  json_set_string(body, "pattern", arguments[2]);
  json_set_string(body, "verb", verb_option);
  json_set_string(body, "until", until);
  g_autofree char *done =
      g_strdup_printf("rule %s may %s by key %s on %s", arguments[0],
                      verb_option != NULL ? verb_option : "sign", arguments[1], arguments[2]);
  return account_send(format_option, "POST", "/api/v1/key-grants", body, done);
}

static const GOptionEntry create_options[] = {
    SERVER_OPTIONS(""),
    {"verb", 0, 0, G_OPTION_ARG_STRING, &verb_option, "What the key is used for (default: sign)",
     "sign|verify"},
    {"until", 0, 0, G_OPTION_ARG_STRING, &until_option, "It ends then", "90d|12h|DAY|TIME"},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command create_subcommand = {
    .name = "create",
    .summary = "Let a signing rule use a key",
    .arguments = "RULE KEY PATTERN",
    .help = "PATTERN is a repository, or has \"*\" for any characters: \"prod/*\". You need\n"
            "manage-access and the verb on all of it, for as long.\n\n"
            "Examples:\n"
            "  assay key-grant create release release-2026 'prod/*' --until 90d\n"
            "  assay key-grant create check release-2026 '*' --verb verify",
    .options = create_options,
    .least_arguments = 3,
    .most_arguments = 3,
    .run = run_create,
};

static int
run_end(char **arguments)
{
  g_autofree char *path = account_path("/api/v1/key-grants", arguments[0]);
  g_autofree char *done = g_strdup_printf("ended key grant %s", arguments[0]);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static const GOptionEntry end_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};

static const Command end_subcommand = {
    .name = "end",
    .summary = "End a key grant, at once",
    .arguments = "ID",
    .help = "ID is as `assay key-grant list` shows it.\n\n"
            "Examples:\n"
            "  assay key-grant end 17",
    .options = end_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_end,
};

static const Command *const subcommands[] = {&list_subcommand, &create_subcommand, &end_subcommand,
                                             NULL};

const Command key_grant_command = {
    .name = "key-grant",
    .summary = "Which signing rule may use which key",
    .arguments = "",
    .help = "Examples:\n"
            "  assay key-grant create release release-2026 'prod/*'\n"
            "  assay key-grant list",
    .subcommands = subcommands,
};
