/* `assay role`: names for sets of rights. */
#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"

static char *format_option, *description_option;

/* --- list --- */

static void
add_row(Columns *table, const json_t *role)
{
  g_auto(GStrv) verbs = json_get_strings(role, "verbs");
  g_autofree char *joined = verbs == NULL ? NULL : g_strjoinv(" ", verbs);
  columns_add(table,
              (const char *[]){json_get_string(role, "name"),
                               json_get_boolean(role, "built_in", false) ? "built in" : "own",
                               json_get_string(role, "description"), joined});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "ROLE"},
      {.title = "KIND"},
      {.title = "WHAT IT IS", .least = 20, .flags = COLUMN_CUT | COLUMN_EMPTY},
      {.title = "VERBS", .least = 20, .flags = COLUMN_CUT},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row, "no roles\n",
                                     "roles"};
  return account_list(format_option, "/api/v1/roles", &shown);
}

static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const Command list_subcommand = {
    .name = "list",
    .summary = "List the roles, and what they may",
    .arguments = "",
    .help = "Examples:\n"
            "  assay role list\n"
            "  assay role list --format json",
    .options = list_options,
    .run = run_list,
};

/* --- create, set, delete --- */

static int
send_and_tell(const char *method, const char *path, const json_t *body, const char *done,
              const char *name)
{
  g_autofree char *told = g_strdup_printf("%s the role %s", done, name);
  return account_send(format_option, method, path, body, told);
}

static json_t *
role_body(char **arguments)
{
  json_t *body = json_object();
  if (arguments[1] != NULL)
    json_set_strings(body, "verbs", (const char *const *)arguments + 1);
  json_set_string(body, "description", description_option);
  return body;
}

static int
run_create(char **arguments)
{
  g_autoptr(json_t) body = role_body(arguments);
  json_set_string(body, "name", arguments[0]);
  return send_and_tell("POST", "/api/v1/roles", body, "created", arguments[0]);
}

static int
run_set(char **arguments)
{
  g_autoptr(json_t) body = role_body(arguments);
  g_autofree char *path = account_path("/api/v1/roles", arguments[0]);
  return send_and_tell("PATCH", path, body, "changed", arguments[0]);
}

static int
run_delete(char **arguments)
{
  g_autofree char *path = account_path("/api/v1/roles", arguments[0]);
  return send_and_tell("DELETE", path, NULL, "deleted", arguments[0]);
}

static const GOptionEntry set_options[] = {
    SERVER_OPTIONS(""),
    {"description", 0, 0, G_OPTION_ARG_STRING, &description_option, "What it is for", "TEXT"},
    FORMAT_OPTION("text"),
    {NULL}};
static const GOptionEntry delete_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};

#define VERB_HELP                                                                                  \
  "Verbs: pull push delete list read-findings read-metrics operate scan waive fix sign\n"          \
  "verify manage-policy manage-access manage-endpoints manage-namespaces read-audit.\n\n"

static const Command create_subcommand = {
    .name = "create",
    .summary = "Create a role of your own",
    .arguments = "NAME VERB...",
    .help = VERB_HELP "Examples:\n"
                      "  assay role create pusher pull push list\n"
                      "  assay role create --description 'signs releases' signer pull sign verify",
    .options = set_options,
    .least_arguments = 2,
    .most_arguments = 40,
    .run = run_create,
};
static const Command set_subcommand = {
    .name = "set",
    .summary = "Change what a role of your own may, at once for all who have it",
    .arguments = "NAME [VERB]...",
    .help = VERB_HELP "Examples:\n"
                      "  assay role set pusher pull push list delete",
    .options = set_options,
    .least_arguments = 1,
    .most_arguments = 40,
    .run = run_set,
};
static const Command delete_subcommand = {
    .name = "delete",
    .summary = "Delete a role that no grant has",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay role delete pusher",
    .options = delete_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_delete,
};

static const Command *const subcommands[] = {&list_subcommand, &create_subcommand, &set_subcommand,
                                             &delete_subcommand, NULL};

const Command role_command = {
    .name = "role",
    .summary = "Roles: what a grant gives",
    .arguments = "",
    .help = "Examples:\n"
            "  assay role list\n"
            "  assay role create pusher pull push list",
    .subcommands = subcommands,
};
