/* A run of a rule over all images; see the header. */
#include "cli/rule_run.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/terminal_progress.h"
#include "report/columns.h"
#include "report/report.h"

#define POLL_MICROSECONDS ((gulong)200000)

static char *format_option, *repository_option;
static gboolean dry_run_option, wait_option, status_option, cancel_option;

/* (transfer full) */
static char *
path_of(const char *rule, const char *rest)
{
  g_autofree char *path = account_path("/api/v1/signing-rules", rule);
  return g_strconcat(path, "/run", rest, NULL);
}

/* --- what it would do --- */

static void
add_row(Columns *table, const json_t *image)
{
  g_auto(GStrv) tags = json_get_strings(image, "tags");
  g_autofree char *words = tags == NULL ? NULL : g_strjoinv(", ", tags);
  g_autofree char *digest = account_short_time(image, "image", sizeof "sha256:012345678901" - 1);
  columns_add(table, (const char *[]){json_get_string(image, "would"),
                                      json_get_string(image, "repository"), words, digest,
                                      json_get_string(image, "why")});
}

static void
print_preview(const json_t *images)
{
  static const Column columns[] = {
      {.title = "WOULD"},
      {.title = "REPOSITORY", .least = 12, .flags = COLUMN_CUT},
      {.title = "TAGS", .least = 8, .flags = COLUMN_CUT},
      {.title = "IMAGE"},
      {.title = "BECAUSE", .least = 30, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index, signs = 0;
  json_t *image;
  json_array_foreach(images, index, image) {
    add_row(table, image);
    signs += strcmp(json_get_string(image, "would"), "sign") == 0;
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(json_array_size(images) > 0 ? text : "no images\n", stdout);
  if (json_array_size(images) > 0)
    printf("%zu of the %zu listed would be signed now\n", signs, json_array_size(images));
}

static int
preview(ServerClient *client, const char *rule, bool json)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *escaped =
      repository_option == NULL ? NULL : g_uri_escape_string(repository_option, NULL, FALSE);
  g_autofree char *rest =
      g_strconcat("/preview", escaped == NULL ? "" : "?repository=", escaped, NULL);
  g_autofree char *path = path_of(rule, rest);
  g_autoptr(json_t) images = server_get_all(client, path, "images", NULL, &error);
  if (images == NULL)
    return command_fail(error);
  if (json)
    command_print_json(images);
  else
    print_preview(images);
  return command_end_output(EXIT_FINE);
}

/* --- doing it --- */

static bool
runs(const json_t *run)
{
  return g_strcmp0(json_get_string(run, "state"), "running") == 0;
}

static void
print_run(const json_t *run)
{
  const char *error = json_get_string(run, "error");
  printf("%s: %" JSON_INTEGER_FORMAT " signed, %" JSON_INTEGER_FORMAT
         " were already, %" JSON_INTEGER_FORMAT " refused, %" JSON_INTEGER_FORMAT " failed",
         json_get_string(run, "state"), json_get_integer(run, "made", 0),
         json_get_integer(run, "present", 0), json_get_integer(run, "refused", 0),
         json_get_integer(run, "failed", 0));
  if (json_get_integer(run, "to_do", 0) > 0)
    printf("; %" JSON_INTEGER_FORMAT " manifests to look at", json_get_integer(run, "to_do", 0));
  putchar('\n');
  g_autofree char *clean = error == NULL ? NULL : report_clean_text(error);
  if (clean != NULL)
    printf("the last error: %s\n", clean);
}

static void
tell_progress(const json_t *run)
{
  json_int_t to_do = json_get_integer(run, "to_do", 0);
  uint64_t done = 0;
  for (const char *const *key = (const char *const[]){"made", "present", "refused", "failed", NULL};
       *key != NULL; key++)
    done += (uint64_t)json_get_integer(run, *key, 0);
  progress_tell(terminal_progress(), "images signed or looked at", done, done + (uint64_t)to_do);
}

/* (transfer full both) */
static json_t *
wait_for_end(ServerClient *client, const char *path, json_t *run, GError **error)
{
  while (run != NULL && runs(run)) {
    tell_progress(run);
    g_usleep(POLL_MICROSECONDS);
    json_decref(run);
    run = server_get(client, path, error);
  }
  terminal_progress_end();
  return run;
}

static int
end_of(const json_t *run)
{
  bool failed = json_get_integer(run, "failed", 0) > 0 ||
                g_strcmp0(json_get_string(run, "state"), "failed") == 0;
  return command_end_output(failed ? EXIT_ERROR : EXIT_FINE);
}

static int
run_it(ServerClient *client, const char *rule, bool json)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = path_of(rule, "");
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "repository", repository_option);
  g_autoptr(json_t) run = status_option ? server_get(client, path, &error)
                                        : server_send(client, "POST", path, body, &error);
  if (run != NULL && wait_option)
    run = wait_for_end(client, path, g_steal_pointer(&run), &error);
  if (run == NULL)
    return command_fail(error);
  if (json)
    command_print_json(run);
  else if (status_option || wait_option)
    print_run(run);
  else
    puts("asked for it; `assay rule run --status` says how far it is");
  return end_of(run);
}

static int
run_run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  if (dry_run_option + status_option + cancel_option > 1)
    return command_usage_error("--dry-run, --status and --cancel do not go together");
  if (cancel_option) {
    g_autofree char *path = path_of(arguments[0], "");
    return account_send(format_option, "DELETE", path, NULL, "cancelled; what was signed stays");
  }
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  if (client == NULL)
    return command_fail(error);
  return dry_run_option ? preview(client, arguments[0], json) : run_it(client, arguments[0], json);
}

static const GOptionEntry options[] = {
    SERVER_OPTIONS(""),
    {"repository", 'r', 0, G_OPTION_ARG_STRING, &repository_option,
     "Only repositories of this pattern, of those of the rule", "PATTERN"},
    {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run_option, "Only say what would be signed", NULL},
    {"wait", 'w', 0, G_OPTION_ARG_NONE, &wait_option, "Wait for its end", NULL},
    {"status", 0, 0, G_OPTION_ARG_NONE, &status_option, "Say how far the last run is", NULL},
    {"cancel", 0, 0, G_OPTION_ARG_NONE, &cancel_option, "Cancel the one that runs", NULL},
    FORMAT_OPTION("text"),
    {NULL}};

const Command rule_run_subcommand = {
    .name = "run",
    .summary = "Sign by a rule all images that are stored and lack its signature",
    .arguments = "NAME",
    .help = "Whatever its trigger is: after a rule was made or changed, or its key turned over.\n"
            "What the rule may not sign stays unsigned (--dry-run says why). It runs in the\n"
            "registry, through stops as well, one run of a rule at a time.\n\n"
            "Examples:\n"
            "  assay rule run release --dry-run\n"
            "  assay rule run release --wait\n"
            "  assay rule run release --repository 'prod/**' --wait --format json\n"
            "  assay rule run release --status",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_run,
};
