/* `assay quarantine`: what nobody pulls for now. */
#include <string.h>

#include "base/calendar.h"
#include "base/json.h"
#include "base/setting_kinds.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

#define QUARANTINE "/api/v1/quarantine"

static char *format_option, *reason_option, *for_option;

/* --- list --- */

static void
add_row(Columns *table, const json_t *row)
{
  g_autofree char *day = account_short_time(row, "since", strlen("2026-11-25"));
  g_autofree char *end = account_short_time(row, "until", strlen("2026-11-25"));
  columns_add(table,
              (const char *[]){json_get_string(row, "target"), day, end,
                               json_get_string(row, "author"), json_get_string(row, "reason")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "TARGET", .least = 24, .flags = COLUMN_CUT},
      {.title = "SINCE"},
      {.title = "UNTIL", .flags = COLUMN_EMPTY},
      {.title = "BY"},
      {.title = "REASON", .least = 20, .flags = COLUMN_CUT},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row,
                                     "nothing is in quarantine\n", "quarantine"};
  return account_list(format_option, QUARANTINE, &shown);
}

/* --- add --- */

/* (transfer full); NULL: --for is no time, which was told. */
static json_t *
body_of(const char *target)
{
  uint64_t seconds = 0;
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "target", target);
  json_set_string(body, "reason", reason_option);
  if (for_option != NULL) {
    if (!duration_parse(for_option, &seconds) || seconds == 0 || seconds > G_MAXUINT32) {
      command_tell("--for %s: must be " DURATION_IN_WORDS, for_option);
      return NULL;
    }
    g_autofree char *text = calendar_moment(g_get_real_time() / G_USEC_PER_SEC + (int64_t)seconds);
    json_set_string(body, "until", text);
  }
  return g_steal_pointer(&body);
}

static int
run_add(char **arguments)
{
  if (reason_option == NULL)
    return command_usage_error("--reason is needed: whoever is refused reads it");
  g_autoptr(json_t) body = body_of(arguments[0]);
  if (body == NULL)
    return EXIT_ERROR;
  g_autofree char *clean = report_clean_text(arguments[0]);
  g_autofree char *done = g_strconcat("in quarantine: ", clean, NULL);
  return account_send(format_option, "POST", QUARANTINE, body, done);
}

/* --- remove --- */

static int
run_remove(char **arguments)
{
  g_autofree char *escaped = g_uri_escape_string(arguments[0], ":/@", FALSE);
  g_autofree char *path = g_strconcat(QUARANTINE "/", escaped, NULL);
  g_autofree char *clean = report_clean_text(arguments[0]);
  g_autofree char *done = g_strconcat("out of quarantine: ", clean, NULL);
  return account_send(NULL, "DELETE", path, NULL, done);
}

static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry remove_options[] = {SERVER_OPTIONS(""), {NULL}};
static const GOptionEntry add_options[] = {
    SERVER_OPTIONS(""),
    {"reason", 'r', 0, G_OPTION_ARG_STRING, &reason_option, "Why: whoever is refused reads it",
     "TEXT"},
    {"for", 0, 0, G_OPTION_ARG_STRING, &for_option,
     "It ends by itself after this time: 12h, 7d (default: never)", "TIME"},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List what is in quarantine",
    .arguments = "",
    .help = "Examples:\n"
            "  assay quarantine list\n"
            "  assay quarantine list --format json",
    .options = list_options,
    .run = run_list,
};

static const Command add_subcommand = {
    .name = "add",
    .summary = "Refuse all pulls of a repository or image",
    .arguments = "REPOSITORY|REPOSITORY@DIGEST|DIGEST",
    .help =
        "A DIGEST alone is refused in all repositories. An index takes its members along. What\n"
        "is in quarantine already gets the new reason and end.\n\n"
        "Examples:\n"
        "  assay quarantine add --reason 'leaked a key, INC-7' team/app\n"
        "  assay quarantine add --reason 'miner in a layer' --for 7d \\\n"
        "    sha256:7e8770da82f00cd1f7f5cd3cc5d10b9dd6d8bbbb2b0c8ffd2d66d0eb1f1bb8bf",
    .options = add_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_add,
};

static const Command remove_subcommand = {
    .name = "remove",
    .summary = "Let it be pulled again",
    .arguments = "TARGET",
    .help = "TARGET is as `assay quarantine list` shows it.\n\n"
            "Examples:\n"
            "  assay quarantine remove team/app",
    .options = remove_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_remove,
};

static const Command *const subcommands[] = {&list_subcommand, &add_subcommand, &remove_subcommand,
                                             NULL};

const Command quarantine_command = {
    .name = "quarantine",
    .summary = "Keep everybody from pulling a repository or an image",
    .help = "Examples:\n"
            "  assay quarantine add --reason 'holds a key' team/app\n"
            "  assay quarantine list",
    .subcommands = subcommands,
};
