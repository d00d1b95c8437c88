/* `assay retention`: which images of a namespace go by themselves. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/setting_kinds.h"
#include "cli/command.h"
#include "cli/retention_rule.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

#define POLL_MICROSECONDS ((gulong)200000)

static char *format_option, *grace_option, *repository_option;
static char **keep_option, **delete_option;
static gboolean none_option, deletes_option;

/* (transfer full) */
static char *
path_of(const char *space, const char *rest)
{
  g_autofree char *escaped = g_uri_escape_string(space, NULL, FALSE);
  return g_strconcat("/api/v1/namespaces/", escaped, "/retention", rest, NULL);
}

/* --- show, set --- */

static void
print_rules(const json_t *rules, bool keeps)
{
  size_t index;
  json_t *rule;
  json_array_foreach(rules, index, rule) {
    g_autofree char *text = retention_rule_text(rule, keeps);
    g_autofree char *clean = report_clean_text(text);
    printf("%-7s %zu  %s\n", keeps ? "keep" : "delete", index + 1, clean);
  }
}

static void
print_retention(const json_t *retention)
{
  const json_t *keep = json_get_array(retention, "keep");
  const json_t *delete = json_get_array(retention, "delete");
  const char *ran = json_get_string(retention, "ran"), *error = json_get_string(retention, "error");
  g_autofree char *grace = command_time_in_words(json_get_integer(retention, "grace", 0));
  print_rules(keep, true);
  print_rules(delete, false);
  if (json_array_size(delete) == 0)
    puts("nothing is deleted: there is no rule that deletes");
  printf("grace      %s\n", grace);
  if (ran != NULL)
    printf("last run   %s: %" JSON_INTEGER_FORMAT " deleted\n", ran,
           json_get_integer(retention, "deleted", 0));
  g_autofree char *clean = error == NULL ? NULL : report_clean_text(error);
  if (clean != NULL)
    printf("it failed  %s\n", clean);
}

static int
show(const json_t *retention, bool json, const GError *error)
{
  if (retention == NULL)
    return command_fail(error);
  if (json)
    command_print_json(retention);
  else
    print_retention(retention);
  return command_end_output(EXIT_FINE);
}

static int
run_show(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = path_of(arguments[0], "");
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) retention = client == NULL ? NULL : server_get(client, path, &error);
  return show(retention, json, error);
}

static bool
add_rules(json_t *body, const char *key, char **texts, bool keeps)
{
  json_t *list = json_array();
  json_object_set_new(body, key, list);
  for (; texts != NULL && *texts != NULL; texts++) {
    json_t *rule = retention_rule_parse(*texts, keeps);
    if (rule == NULL)
      return false;
    json_array_append_new(list, rule);
  }
  return true;
}

/* NULL: an option is wrong, which was told. (transfer full) */
static json_t *
body_of_options(void)
{
  uint64_t grace = 0;
  g_autoptr(json_t) body = json_object();
  if (!add_rules(body, "keep", keep_option, true) ||
      !add_rules(body, "delete", delete_option, false))
    return NULL;
  if (grace_option != NULL && !duration_parse(grace_option, &grace)) {
    command_tell("--grace %s: must be " DURATION_IN_WORDS, grace_option);
    return NULL;
  }
  if (grace_option != NULL)
    json_set_number(body, "grace", grace);
  return g_steal_pointer(&body);
}

static int
run_set(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = path_of(arguments[0], "");
  bool json, rules = keep_option != NULL || delete_option != NULL;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  if (rules == none_option)
    return command_usage_error("say which rules there are, by --keep and --delete, or --none");
  g_autoptr(json_t) body = body_of_options();
  if (body == NULL)
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) retention =
      client == NULL ? NULL : server_send(client, "PUT", path, body, &error);
  return show(retention, json, error);
}

/* --- preview --- */

static void
add_row(Columns *table, const json_t *image)
{
  g_auto(GStrv) tags = json_get_strings(image, "tags");
  g_autofree char *words = tags == NULL ? NULL : g_strjoinv(", ", tags);
  const char *digest = json_get_string(image, "digest");
  const char *hex = digest == NULL ? NULL : strchr(digest, ':');
  g_autofree char *cut = hex == NULL ? NULL : g_strndup(hex + 1, 12);
  const char *pulled = json_get_string(image, "pulled");
  g_autofree char *day = pulled == NULL ? NULL : g_strndup(pulled, strlen("2026-11-25"));
  columns_add(table, (const char *[]){json_get_boolean(image, "deletes", false) ? "delete" : "keep",
                                      json_get_string(image, "repository"), words, cut, day,
                                      json_get_string(image, "reason")});
}

static void
print_preview(const json_t *images)
{
  static const Column columns[] = {
      {.title = "DOES"},
      {.title = "REPOSITORY", .least = 12, .flags = COLUMN_CUT},
      {.title = "TAGS", .least = 8, .flags = COLUMN_CUT},
      {.title = "DIGEST"},
      {.title = "PULLED", .flags = COLUMN_EMPTY},
      {.title = "BECAUSE", .least = 30, .flags = COLUMN_CUT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index, deletes = 0;
  json_t *image;
  json_array_foreach(images, index, image) {
    add_row(table, image);
    deletes += json_get_boolean(image, "deletes", false);
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(json_array_size(images) > 0 ? text : "no images\n", stdout);
  if (json_array_size(images) > 0)
    printf("%zu of the %zu listed would be deleted now\n", deletes, json_array_size(images));
}

static int
run_preview(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autofree char *escaped =
      repository_option == NULL ? NULL : g_uri_escape_string(repository_option, NULL, FALSE);
  g_autofree char *rest = g_strconcat("/preview?deletes=", deletes_option ? "true" : "false",
                                      escaped != NULL ? "&repository=" : NULL, escaped, NULL);
  g_autofree char *path = path_of(arguments[0], rest);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) images =
      client == NULL ? NULL : server_get_all(client, path, "images", NULL, &error);
  if (images == NULL)
    return command_fail(error);
  if (json)
    command_print_json(images);
  else
    print_preview(images);
  return command_end_output(EXIT_FINE);
}

/* --- run --- */

/* Until more than @before have ended. (transfer full) */
static json_t *
wait_for_end(ServerClient *client, const char *path, json_int_t before, GError **error)
{
  for (;;) {
    g_autoptr(json_t) now = server_get(client, path, error);
    if (now == NULL || json_get_integer(now, "runs", 0) > before)
      return g_steal_pointer(&now);
    g_usleep(POLL_MICROSECONDS);
  }
}

static json_t *
ask_for_run(const char *space, GError **error)
{
  g_autofree char *path = path_of(space, ""), *runs = path_of(space, "/runs");
  g_autoptr(ServerClient) client = server_client_new(NULL, error);
  g_autoptr(json_t) asked = client == NULL ? NULL : server_post(client, runs, SLICE_EMPTY, error);
  return asked == NULL ? NULL
                       : wait_for_end(client, path, json_get_integer(asked, "runs", 0), error);
}

static int
run_run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) retention = ask_for_run(arguments[0], &error);
  if (retention == NULL)
    return command_fail(error);
  const char *failed = json_get_string(retention, "error");
  json_int_t deleted = json_get_integer(retention, "deleted", 0);
  if (json)
    command_print_json(retention);
  else
    printf("%" JSON_INTEGER_FORMAT " image%s deleted%s\n", deleted, deleted == 1 ? "" : "s",
           deleted == 0 ? "" : "; `assay image restore` brings back what was");
  if (failed != NULL)
    command_tell("the run ended early: %s", failed);
  return command_end_output(failed != NULL ? EXIT_ERROR : EXIT_FINE);
}

static const GOptionEntry show_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};
static const GOptionEntry set_options[] = {
    SERVER_OPTIONS(""),
    {"keep", 0, 0, G_OPTION_ARG_STRING_ARRAY, &keep_option,
     "Images that it matches stay; may be given several times", "RULE"},
    {"delete", 0, 0, G_OPTION_ARG_STRING_ARRAY, &delete_option,
     "Images that it matches go; may be given several times", "RULE"},
    {"grace", 0, 0, G_OPTION_ARG_STRING, &grace_option,
     "So long after its push stays whatever it is (default: 24h)", "TIME"},
    {"none", 0, 0, G_OPTION_ARG_NONE, &none_option, "No rules: nothing goes by itself", NULL},
    FORMAT_OPTION("text"),
    {NULL}};
static const GOptionEntry preview_options[] = {
    SERVER_OPTIONS(""),
    {"repository", 0, 0, G_OPTION_ARG_STRING, &repository_option, "Only images of this one",
     "REPOSITORY"},
    {"deletes", 0, 0, G_OPTION_ARG_NONE, &deletes_option, "Only what would be deleted", NULL},
    FORMAT_OPTION("table"),
    {NULL}};

static const Command show_subcommand = {
    .name = "show",
    .summary = "Show the rules of a namespace, and what the last run did",
    .arguments = "NAMESPACE",
    .help = "Examples:\n"
            "  assay retention show team",
    .options = show_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};

static const Command set_subcommand = {
    .name = "set",
    .summary = "Set the rules of a namespace, in place of those before",
    .arguments = "NAMESPACE",
    .help = "A rule is a list of conditions with commas between them, which must all hold:\n"
            "  repository=PATTERN  of these repositories; tag=PATTERN: with such tags\n"
            "  untagged            without a tag; all: whatever it is (--delete only)\n"
            "  newest=N            among the N pushed last (--delete: not among them)\n"
            "  pushed=TIME         pushed within so long (--delete: longer ago)\n"
            "  pulled=TIME         pulled within so long (--delete: not for so long)\n"
            "What --keep and --delete both match stays. So does what is immutable, signed, in\n"
            "quarantine or needed. `assay retention preview` says what would go, and why.\n\n"
            "Examples:\n"
            "  assay retention set --keep tag=v* --keep newest=10 --delete all team\n"
            "  assay retention set --delete untagged,pushed=7d --delete tag=dev-*,pulled=30d team\n"
            "  assay retention set --none team",
    .options = set_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_set,
};

static const Command preview_subcommand = {
    .name = "preview",
    .summary = "List what a run would do now with each image, and which rule decides",
    .arguments = "NAMESPACE",
    .help = "Examples:\n"
            "  assay retention preview team\n"
            "  assay retention preview --deletes --repository team/app team",
    .options = preview_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_preview,
};

static const Command run_subcommand = {
    .name = "run",
    .summary = "Delete now what goes by the rules of a namespace",
    .arguments = "NAMESPACE",
    .help = "By itself it runs once a day (registry.retention). What it deletes can be brought\n"
            "back by `assay image restore` as long as `registry.undelete` says.\n\n"
            "Examples:\n"
            "  assay retention run team",
    .options = show_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_run,
};

static const Command *const subcommands[] = {&show_subcommand, &set_subcommand, &preview_subcommand,
                                             &run_subcommand, NULL};

const Command retention_command = {
    .name = "retention",
    .summary = "Which images of a namespace go by themselves: rules, a preview, a run",
    .help = "Examples:\n"
            "  assay retention set --keep newest=10 --delete all team\n"
            "  assay retention preview team",
    .subcommands = subcommands,
};
