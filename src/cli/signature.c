/* `assay signature`: by whom an image of the registry is signed, and what the registry signed. */
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/server_target.h"
#include "report/columns.h"
#include "report/report.h"

static char *format_option, *repository_option;
static gboolean failed_option;

/* --- of an image --- */

static void
add_signature(Columns *table, const json_t *one)
{
  g_autofree char *day = account_short_time(one, "signed_at", sizeof "2026-11-26" - 1);
  g_autofree char *key = account_short_time(one, "key", sizeof "sha256:012345678901" - 1);
  columns_add(table, (const char *[]){json_get_string(one, "attestor"),
                                      json_get_string(one, "format"), key, day != NULL ? day : "-",
                                      json_get_string(one, "predicate_type")});
}

static void
add_rule(Columns *table, const json_t *one)
{
  g_autofree char *time = account_short_time(one, "made", sizeof "2026-11-26T10:00:00Z" - 1);
  g_autofree char *next = account_short_time(one, "next", sizeof "2026-11-26T10:00:00Z" - 1);
  const char *version = json_get_string(one, "version"), *key = json_get_string(one, "key");
  g_autofree char *by =
      key == NULL || version == NULL ? g_strdup(key) : g_strconcat(key, " ", version, NULL);
  g_autofree char *again = next == NULL ? NULL : g_strconcat("again at ", next, NULL);
  const char *when = time != NULL ? time : again != NULL ? again : "-";
  columns_add(table, (const char *[]){json_get_string(one, "rule"), json_get_string(one, "state"),
                                      by != NULL ? by : "-", when, json_get_string(one, "why")});
}

static void
print_rules(const json_t *answer)
{
  static const Column columns[] = {
      {.title = "RULE"},
      {.title = "STATE"},
      {.title = "BY"},
      {.title = "WHEN"},
      {.title = "BECAUSE", .least = 30, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  const json_t *list = json_get_array(answer, "rules");
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *one;
  if (json_array_size(list) == 0)
    return;
  json_array_foreach(list, index, one) {
    add_rule(table, one);
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  printf("\n%s", text);
}

static void
print_signatures(const json_t *answer)
{
  static const Column columns[] = {
      {.title = "ATTESTOR"},
      {.title = "FORMAT"},
      {.title = "KEY"},
      {.title = "SIGNED"},
      {.title = "ATTESTS", .flags = COLUMN_EMPTY},
  };
  const json_t *list = json_get_array(answer, "signatures");
  const json_t *problems = json_get_array(answer, "problems");
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *one;
  json_array_foreach(list, index, one) {
    add_signature(table, one);
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(text, stdout);
  if (json_array_size(list) == 0)
    printf("no attestor has signed it; %" JSON_INTEGER_FORMAT " signatures are there\n",
           json_get_integer(answer, "seen", 0));
  json_array_foreach(problems, index, one) {
    g_autofree char *clean = report_clean_text(json_string_value(one));
    printf("does not count: %s\n", clean);
  }
  if (json_get_boolean(answer, "incomplete", false))
    puts("not all was read: there may be more signatures");
  print_rules(answer);
}

static json_t *
ask(const ServerTarget *target, GError **error)
{
  g_autoptr(json_t) image = server_target_image(target, error);
  if (image == NULL)
    return NULL;
  g_autofree char *path =
      g_strdup_printf("/api/v1/repositories/%s/images/%s/signatures", target->reference->repository,
                      json_get_string(image, "digest"));
  return server_get(target->client, path, error);
}

static void
add_failed(Columns *table, const json_t *one)
{
  g_autofree char *image = account_short_time(one, "image", sizeof "sha256:012345678901" - 1);
  g_autofree char *next = account_short_time(one, "next", sizeof "2026-11-26T10:00:00Z" - 1);
  g_autofree char *tries =
      g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(one, "attempts", 0));
  columns_add(table, (const char *[]){
                         json_get_string(one, "rule"), json_get_string(one, "repository"), image,
                         tries, next != NULL ? next : "never", json_get_string(one, "error")});
}

static int
list_failed(void)
{
  static const Column columns[] = {
      {.title = "RULE"},  {.title = "REPOSITORY", .least = 12, .flags = COLUMN_CUT},
      {.title = "IMAGE"}, {.title = "TRIES", .flags = COLUMN_RIGHT},
      {.title = "AGAIN"}, {.title = "ERROR", .least = 30, .flags = COLUMN_CUT},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_failed,
                                     "no signing fails\n", "failed"};
  return account_list(format_option, "/api/v1/signatures/failed", &shown);
}

static int
run_list(char **arguments)
{
  if (failed_option != (arguments[0] == NULL))
    return command_usage_error("name an image, or use --failed");
  if (failed_option)
    return list_failed();
  g_autoptr(GError) error = NULL;
  g_auto(ServerTarget) target = {NULL};
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) answer =
      server_target_open(arguments[0], &target, &error) ? ask(&target, &error) : NULL;
  if (answer == NULL)
    return command_fail(error);
  if (json)
    command_print_json(answer);
  else
    print_signatures(answer);
  return command_end_output(EXIT_FINE);
}

/* --- of all --- */

static void
add_made(Columns *table, const json_t *one)
{
  g_autofree char *number =
      g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(one, "number", 0));
  g_autofree char *time = account_short_time(one, "made", sizeof "2026-11-26T10:00:00Z" - 1);
  g_autofree char *image = account_short_time(one, "image", sizeof "sha256:012345678901" - 1);
  columns_add(table, (const char *[]){number, time, json_get_string(one, "repository"), image,
                                      json_get_string(one, "format"), json_get_string(one, "rule"),
                                      json_get_string(one, "key")});
}

static int
run_journal(char **arguments)
{
  static const Column columns[] = {
      {.title = "NUMBER", .flags = COLUMN_RIGHT},
      {.title = "MADE"},
      {.title = "REPOSITORY"},
      {.title = "IMAGE"},
      {.title = "FORMAT"},
      {.title = "RULE"},
      {.title = "KEY"},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_made,
                                     "the registry has signed nothing yet\n", "signatures"};
  g_autofree char *repository =
      repository_option == NULL ? NULL : g_uri_escape_string(repository_option, NULL, FALSE);
  g_autofree char *path =
      g_strconcat("/api/v1/signatures", repository == NULL ? "" : "?repository=", repository, NULL);
  return account_list(format_option, path, &shown);
}

static const GOptionEntry list_options[] = {SERVER_OPTIONS("HOST of TARGET, "),
                                            {"failed", 0, 0, G_OPTION_ARG_NONE, &failed_option,
                                             "Instead, all images where signing fails, and why",
                                             NULL},
                                            FORMAT_OPTION("table"),
                                            {NULL}};
static const GOptionEntry journal_options[] = {SERVER_OPTIONS(""),
                                               {"repository", 'r', 0, G_OPTION_ARG_STRING,
                                                &repository_option, "Only of this repository",
                                                "NAME"},
                                               FORMAT_OPTION("table"),
                                               {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the signatures of an image that an attestor vouches by",
    .arguments = "[TARGET]",
    .help = "And why others do not count. Attestors are those of the registry and of its policy.\n"
            "Then how each signing rule stands with the image: signed, waiting (and when it is\n"
            "tried again), failed, refused, or unwanted, and why.\n\n"
            "Examples:\n"
            "  assay signature list team/app:v1\n"
            "  assay signature list --failed\n"
            "  assay signature list team/app@7e8770da82f0 --format json",
    .options = list_options,
    .most_arguments = 1,
    .run = run_list,
};
static const Command journal_subcommand = {
    .name = "journal",
    .summary = "List the signatures that the registry has made",
    .arguments = "",
    .help = "Each is in the audit as well (assay audit verify), as signature.created.\n\n"
            "Examples:\n"
            "  assay signature journal\n"
            "  assay signature journal --repository team/app --format json",
    .options = journal_options,
    .run = run_journal,
};

static const Command *const subcommands[] = {&list_subcommand, &journal_subcommand, NULL};

const Command signature_command = {
    .name = "signature",
    .summary = "By whom images are signed",
    .arguments = "",
    .help = "Examples:\n"
            "  assay signature list team/app:v1\n"
            "  assay signature journal",
    .subcommands = subcommands,
};
