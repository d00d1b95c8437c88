/* `assay whoami`: as whom the commands ask, and what that may. */
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"

static char *format_option;

/* "pull, push" (transfer full) */
static char *
words_of(const json_t *object, const char *key)
{
  GString *words = g_string_new(NULL);
  size_t index;
  json_t *word;
  json_array_foreach(json_get_array(object, key), index, word) {
    g_string_append_printf(words, "%s%s", words->len > 0 ? ", " : "", json_string_value(word));
  }
  return g_string_free(words, FALSE);
}

static void
print_rights(const json_t *rights)
{
  static const Column columns[] = {
      {.title = "ON"},
      {.title = "TAGS", .flags = COLUMN_EMPTY},
      {.title = "ROLES", .flags = COLUMN_EMPTY},
      {.title = "MAY", .least = 20, .flags = COLUMN_CUT},
      {.title = "DENIED", .least = 20, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *right;
  json_array_foreach(rights, index, right) {
    g_autofree char *roles = words_of(right, "roles"), *verbs = words_of(right, "verbs"),
                    *denied = words_of(right, "denied");
    columns_add(table,
                (const char *[]){json_get_string(right, "pattern"), json_get_string(right, "tags"),
                                 *roles != '\0' ? roles : NULL, *verbs != '\0' ? verbs : "nothing",
                                 *denied != '\0' ? denied : NULL});
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  printf("\n%s", *text != '\0' ? text : "no grant gives any right\n");
}

static void
print_line(const char *title, const char *value)
{
  if (value != NULL && *value != '\0')
    printf("%-8s%s\n", title, value);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) who = client == NULL ? NULL : server_get(client, "/api/v1/whoami", &error);
  if (who == NULL)
    return command_fail(error);
  if (json) {
    command_print_json(who);
    return command_end_output(EXIT_FINE);
  }
  g_autofree char *teams = words_of(who, "teams");
  print_line("name", json_get_string(who, "name"));
  print_line("kind", json_get_string(who, "kind"));
  print_line("by", json_get_string(who, "how"));
  print_line("until", json_get_string(who, "expires"));
  print_line("teams", teams);
  print_rights(json_get_array(who, "rights"));
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};

const Command whoami_command = {
    .name = "whoami",
    .summary = "Show as whom you ask a registry, and what that may",
    .arguments = "",
    .help = "A row is for all that fits ON. What is denied for a part of it has a row of its own.\n"
            "`assay access explain` says which grant decides.\n\n"
            "Examples:\n"
            "  assay whoami\n"
            "  assay whoami --server registry.example.com --format json",
    .options = options,
    .run = run,
};
