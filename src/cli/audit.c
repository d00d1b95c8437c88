/* `assay audit`: the record of who did what: listing, exporting, and checking its chain. */
#include <stdio.h>
#include <string.h>

#include "access/audit/audit_format.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/audit_verify.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"

#define PAGE 1000

static char *format_option, *who_option, *type_option, *object_option, *since_option, *until_option,
    *limit_option;
static gboolean newest_option;

#define FILTER_OPTIONS                                                                             \
  {"who", 0, 0, G_OPTION_ARG_STRING, &who_option, "Only what this one did", "NAME"},               \
      {"type",                                                                                     \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_STRING,                                                                        \
       &type_option,                                                                               \
       "Only records of this type; \"image.\": of all that begin so",                              \
       "TYPE"},                                                                                    \
      {"object", 0, 0, G_OPTION_ARG_STRING, &object_option, "Only what was done to it", "OBJECT"}, \
      {"since", 0, 0, G_OPTION_ARG_STRING, &since_option, "From this time on", "TIME"},            \
  {                                                                                                \
    "until", 0, 0, G_OPTION_ARG_STRING, &until_option, "Before this time", "TIME"                  \
  }

/* --- asking --- */

static void
add_query(GString *path, const char *key, const char *value)
{
  if (value == NULL)
    return;
  g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
  g_string_append_printf(path, "&%s=%s", key, escaped);
}

static char *
path_of_page(const char *last, unsigned limit)
{
  g_autoptr(GString) path = g_string_new("/api/v1/audit?");
  g_string_append_printf(path, "limit=%u", limit);
  add_query(path, "who", who_option);
  add_query(path, "type", type_option);
  add_query(path, "object", object_option);
  add_query(path, "since", since_option);
  add_query(path, "until", until_option);
  add_query(path, "last", last);
  return g_strdup(path->str);
}

/* False ends the walk. */
typedef bool (*Visit)(const json_t *record, void *data);

/* All records that the options ask for, above the number @after, a page at a time. *page: the last,
 * (transfer full). */
static bool
walk(ServerClient *client, uint64_t most, json_int_t after, Visit visit, void *data, json_t **page,
     GError **error)
{
  g_autofree char *last = g_strdup_printf("%" JSON_INTEGER_FORMAT, after);
  do {
    g_autofree char *path = path_of_page(last, (unsigned)MIN(most, PAGE));
    g_autoptr(json_t) answer = server_get(client, path, error);
    size_t index;
    json_t *record;
    if (answer == NULL)
      return false;
    json_array_foreach(json_get_array(answer, "records"), index, record) {
      most -= most != 0;
      if (!visit(record, data))
        most = 0;
      if (most == 0)
        break;
    }
    g_free(last);
    last = g_strdup(json_get_string(answer, "next"));
    if (*page != NULL)
      json_decref(*page);
    *page = json_incref(answer);
  } while (last != NULL && most > 0);
  return true;
}

/* --- list --- */

/* "team/app@sha256:0123456789ab": a digest says little without its repository, and is as good
 * short. A grant's is whom it is for, and then what and where. (transfer full) */
static char *
object_in_words(const json_t *record)
{
  const json_t *told = json_get_object(record, "data");
  const char *object = json_get_string(record, "object");
  const char *repository = json_get_string(told, "repository");
  const char *role = json_get_string(told, "role"), *pattern = json_get_string(told, "pattern");
  if (object != NULL && repository != NULL && g_str_has_prefix(object, "sha256:"))
    return g_strdup_printf("%s@%.19s", repository, object);
  if (object != NULL && role != NULL && pattern != NULL)
    return g_strdup_printf("%s%s: %s %s on %s",
                           g_strcmp0(json_get_string(told, "kind"), "team") == 0 ? "team:" : "",
                           object, json_get_string(told, "effect"), role, pattern);
  return g_strdup(object);
}

static void
add_row(const json_t *record, Columns *table)
{
  const json_t *actor = json_get_object(record, "actor");
  g_autofree char *object = object_in_words(record);
  g_autofree char *number =
      g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(record, "number", 0));
  g_autofree char *time = g_strdup(json_get_string(record, "time"));
  char *point = time == NULL ? NULL : strchr(time, '.');
  if (point != NULL)
    g_strlcpy(point, "Z", 2);
  columns_add(table, (const char *[]){
                         number, time, json_get_string(actor, "name"),
                         json_get_string(actor, "how"), json_get_string(actor, "address"),
                         json_get_string(record, "type"), object, json_get_string(record, "rule")});
}

static bool
keep(const json_t *record, void *data)
{
  json_array_append(data, (json_t *)(uintptr_t)record);
  return true;
}

static bool
read_limit(uint64_t *limit)
{
  *limit = 1000;
  if (limit_option == NULL)
    return true;
  if (slice_to_uint64(slice_from_string(limit_option), limit) && *limit > 0)
    return true;
  command_usage_error("--limit must be a number above 0, is \"%s\"", limit_option);
  return false;
}

typedef struct {
  json_t *records;
  uint64_t most;
} Newest;

static bool
keep_newest(const json_t *record, void *data)
{
  const Newest *newest = data;
  keep(record, newest->records);
  if (json_array_size(newest->records) > newest->most)
    json_array_remove(newest->records, 0);
  return true;
}

/* The last @limit records into @records, oldest first. Where no filter leaves any out, those before
 * them are not asked for. */
static bool
get_newest(ServerClient *client, uint64_t limit, json_t *records, GError **error)
{
  Newest newest = {records, limit};
  g_autoptr(json_t) page = NULL;
  g_autoptr(json_t) first = server_get(client, "/api/v1/audit?limit=1", error);
  if (first == NULL)
    return false;
  json_int_t head = json_get_integer(json_get_object(first, "head"), "number", 0);
  bool all = who_option == NULL && type_option == NULL && object_option == NULL &&
             since_option == NULL && until_option == NULL;
  json_int_t after = all && (uint64_t)head > limit ? head - (json_int_t)limit : 0;
  return walk(client, G_MAXUINT64, after, keep_newest, &newest, &page, error);
}

/* The first @limit records; says so where there are more. */
static bool
get_oldest(ServerClient *client, uint64_t limit, json_t *records, GError **error)
{
  g_autoptr(json_t) page = NULL;
  if (!walk(client, limit, 0, keep, records, &page, error))
    return false;
  if (json_array_size(records) == limit && json_get_string(page, "next") != NULL)
    command_tell("there are more: these are the oldest; --newest shows the last ones, and --limit "
                 "or --since others");
  return true;
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "NUMBER", .flags = COLUMN_RIGHT},
      {.title = "TIME"},
      {.title = "WHO"},
      {.title = "HOW", .flags = COLUMN_EMPTY},
      {.title = "FROM", .flags = COLUMN_EMPTY},
      {.title = "TYPE"},
      {.title = "OBJECT", .least = 20, .flags = COLUMN_CUT},
      {.title = "RULE", .least = 12, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  g_autoptr(GError) error = NULL;
  bool json;
  uint64_t limit;
  if (!command_wants_json(format_option, "table", &json) || !read_limit(&limit))
    return EXIT_ERROR;
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  g_autoptr(json_t) records = json_array();
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  if (client == NULL || !(newest_option ? get_newest : get_oldest)(client, limit, records, &error))
    return command_fail(error);
  if (json) {
    command_print_json(records);
    return command_end_output(EXIT_FINE);
  }
  size_t index;
  json_t *record;
  json_array_foreach(records, index, record) {
    add_row(record, table);
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(*text != '\0' ? text : "no records\n", stdout);
  return command_end_output(EXIT_FINE);
}

/* --- export --- */

static bool
print_line(const json_t *record, void *data)
{
  const bool *cef = data;
  g_autofree char *line = *cef ? audit_cef(record) : json_to_text(record);
  return puts(line) >= 0;
}

static int
run_export(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) page = NULL;
  bool cef = g_strcmp0(format_option, "cef") == 0;
  if (!cef && format_option != NULL && strcmp(format_option, "json") != 0)
    return command_usage_error("--format must be json or cef, is \"%s\"", format_option);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  if (client == NULL || !walk(client, G_MAXUINT64, 0, print_line, &cef, &page, &error))
    return command_fail(error);
  return command_end_output(EXIT_FINE);
}

/* --- pulls --- */

static void
add_pulls(Columns *table, const json_t *pulls)
{
  size_t index;
  json_t *one;
  json_array_foreach(pulls, index, one) {
    const char *digest = json_get_string(one, "digest");
    const char *hex = digest == NULL ? NULL : strchr(digest, ':');
    g_autofree char *cut = hex == NULL ? NULL : g_strndup(hex + 1, 12);
    g_autofree char *count =
        g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(one, "pulls", 0));
    columns_add(table, (const char *[]){json_get_string(one, "hour"), json_get_string(one, "who"),
                                        cut, count});
  }
}

static int
run_pulls(char **arguments)
{
  static const Column columns[] = {
      {.title = "HOUR"},
      {.title = "WHO"},
      {.title = "DIGEST"},
      {.title = "PULLS", .flags = COLUMN_RIGHT},
  };
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autofree char *path = g_strdup_printf("/api/v1/repositories/%s/pulls", arguments[0]);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) pulls =
      client == NULL ? NULL : server_get_all(client, path, "pulls", NULL, &error);
  if (pulls == NULL)
    return command_fail(error);
  if (json) {
    command_print_json(pulls);
    return command_end_output(EXIT_FINE);
  }
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  add_pulls(table, pulls);
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(json_array_size(pulls) > 0 ? text : "no pulls\n", stdout);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry pulls_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry list_options[] = {
    SERVER_OPTIONS(""),
    FILTER_OPTIONS,
    {"limit", 0, 0, G_OPTION_ARG_STRING, &limit_option, "At most so many (default: 1000)", "N"},
    {"newest", 'n', 0, G_OPTION_ARG_NONE, &newest_option, "The last of them instead of the first",
     NULL},
    FORMAT_OPTION("table"),
    {NULL}};
static const GOptionEntry export_options[] = {
    SERVER_OPTIONS(""),
    FILTER_OPTIONS,
    {"format", 'f', 0, G_OPTION_ARG_STRING, &format_option,
     "JSON lines, or the Common Event Format (default: json)", "json|cef"},
    {NULL}};
static const Command list_subcommand = {
    .name = "list",
    .summary = "List who did what, when, from where and by which right",
    .arguments = "",
    .help = "Times are as in 2026-11-26T08:00:00Z.\n\n"
            "Examples:\n"
            "  assay audit list\n"
            "  assay audit list --who alice --since 2026-11-26T00:00:00Z\n"
            "  assay audit list --newest --limit 20\n"
            "  assay audit list --type login. --format json",
    .options = list_options,
    .run = run_list,
};

static const Command export_subcommand = {
    .name = "export",
    .summary = "Write the records, a line each",
    .arguments = "",
    .help = "JSON lines hold the whole record with its hash; `assay audit verify FILE` checks\n"
            "them where no registry is at hand.\n\n"
            "Examples:\n"
            "  assay audit export > audit.jsonl\n"
            "  assay audit export --format cef --since 2026-11-26T00:00:00Z",
    .options = export_options,
    .run = run_export,
};

static const Command pulls_subcommand = {
    .name = "pulls",
    .summary = "List who pulled which image of a repository how often, by the hour",
    .arguments = "REPOSITORY",
    .help = "Pulls are counted, and are no records of the chain one by one. `assay images` shows\n"
            "when each image was last pulled, in its JSON.\n\n"
            "Examples:\n"
            "  assay audit pulls team/app\n"
            "  assay audit pulls --format json team/app",
    .options = pulls_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_pulls,
};

static const Command *const subcommands[] = {&list_subcommand, &export_subcommand,
                                             &pulls_subcommand, &audit_verify_subcommand, NULL};

const Command audit_command = {
    .name = "audit",
    .summary = "The record of who did what: list, export, pulls by the hour, and check its chain",
    .help = "Examples:\n"
            "  assay audit list --who alice --type image.\n"
            "  assay audit verify",
    .subcommands = subcommands,
};
