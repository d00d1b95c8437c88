/* `assay namespace`: what is set for namespaces, and setting it. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

static char *format_option;
static char **immutable_option;
static gboolean no_immutable_option;

#define FORMAT_OPTION                                                                              \
  {                                                                                                \
    "format", 'f', 0, G_OPTION_ARG_STRING, &format_option, "How to write it (default: table)",     \
        "table|json"                                                                               \
  }

/* --- tables --- */

/* "v*, !v0*"; NULL: there is none. (transfer full) */
static char *
words_of(const json_t *space, const char *key)
{
  g_auto(GStrv) words = json_get_strings(space, key);
  return words == NULL ? NULL : g_strjoinv(", ", words);
}

static void
print_spaces(const json_t *spaces)
{
  static const Column columns[] = {
      {.title = "NAMESPACE"},
      {.title = "IMMUTABLE TAGS", .least = 20, .flags = COLUMN_CUT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *space;
  json_array_foreach(spaces, index, space) {
    g_autofree char *immutable = words_of(space, "immutable");
    columns_add(table, (const char *[]){json_get_string(space, "name"),
                                        immutable != NULL ? immutable : "-"});
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(json_array_size(spaces) > 0 ? text : "no namespaces\n", stdout);
}

static void
print_space(const json_t *space)
{
  g_autofree char *immutable = words_of(space, "immutable");
  g_autofree char *name = report_clean_text(json_get_string(space, "name"));
  g_autofree char *clean = immutable == NULL ? NULL : report_clean_text(immutable);
  printf("namespace       %s\n", name);
  printf("immutable tags  %s\n", clean != NULL ? clean : "none");
}

/* --- list, show --- */

static int
run_list(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) spaces =
      client == NULL ? NULL
                     : server_get_all(client, "/api/v1/namespaces", "namespaces", NULL, &error);
  if (spaces == NULL)
    return command_fail(error);
  if (json)
    command_print_json(spaces);
  else
    print_spaces(spaces);
  return command_end_output(EXIT_FINE);
}

static char *
path_of(const char *name)
{
  g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
  return g_strconcat("/api/v1/namespaces/", escaped, NULL);
}

static int
show(json_t *space, bool json, const GError *error)
{
  if (space == NULL)
    return command_fail(error);
  if (json)
    command_print_json(space);
  else
    print_space(space);
  return command_end_output(EXIT_FINE);
}

static int
run_show(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = path_of(arguments[0]);
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) space = client == NULL ? NULL : server_get(client, path, &error);
  return show(space, json, error);
}

/* --- set --- */

/* What the options ask for; NULL: nothing, or what cannot be. (transfer full) */
static json_t *
change_of_options(void)
{
  g_autoptr(json_t) change = json_object();
  if (no_immutable_option && immutable_option != NULL)
    return NULL;
  if (no_immutable_option)
    json_object_set_new(change, "immutable", json_null());
  if (immutable_option != NULL)
    json_set_strings(change, "immutable", (const char *const *)immutable_option);
  return json_object_size(change) > 0 ? g_steal_pointer(&change) : NULL;
}

static int
run_set(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = path_of(arguments[0]);
  g_autoptr(json_t) change = change_of_options();
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  if (change == NULL)
    return command_usage_error("say what to set, each option once; `assay namespace set --help` "
                               "lists the options");
  g_autofree char *text = json_to_text(change);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) space =
      client == NULL ? NULL : server_patch(client, path, slice_from_string(text), &error);
  return show(space, json, error);
}

static const GOptionEntry read_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION, {NULL}};
static const GOptionEntry set_options[] = {
    SERVER_OPTIONS(""),
    {"immutable", 0, 0, G_OPTION_ARG_STRING_ARRAY, &immutable_option,
     "Tags that match neither move nor go; may be given several times", "[!][REPOSITORY:]PATTERN"},
    {"no-immutable", 0, 0, G_OPTION_ARG_NONE, &no_immutable_option, "All tags may move", NULL},
    FORMAT_OPTION,
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the namespaces of a registry, and what is set for them",
    .arguments = "",
    .help = "Examples:\n"
            "  assay namespace list\n"
            "  assay namespace list --format json",
    .options = read_options,
    .run = run_list,
};

static const Command show_subcommand = {
    .name = "show",
    .summary = "Show what is set for a namespace",
    .arguments = "NAMESPACE",
    .help = "Examples:\n"
            "  assay namespace show team\n"
            "  assay namespace show --format json team",
    .options = read_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};

static const Command set_subcommand = {
    .name = "set",
    .summary = "Set what applies to a namespace",
    .arguments = "NAMESPACE",
    .help =
        "What no option names stays as it is. The patterns that are given replace those before.\n"
        "\"*\" stands for any characters of a tag; a pattern that begins with \"!\" takes out\n"
        "what it matches. The tags sha256-* of signatures are never immutable.\n\n"
        "Examples:\n"
        "  assay namespace set --immutable 'v*' team\n"
        "  assay namespace set --immutable '*' --immutable '!latest' prod\n"
        "  assay namespace set --immutable 'team/app:release-*' team\n"
        "  assay namespace set --no-immutable team",
    .options = set_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_set,
};

static const Command *const subcommands[] = {&list_subcommand, &show_subcommand, &set_subcommand,
                                             NULL};

const Command namespace_command = {
    .name = "namespace",
    .summary = "What applies to the repositories of a namespace: immutable tags",
    .subcommands = subcommands,
};
