/* `assay gc`: frees what no image of a registry needs any more. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/setting_kinds.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

#define LOOK_EVERY (G_USEC_PER_SEC / 5)

static char *format_option, *grace_option;
static gboolean dry_run_option, no_wait_option, forget_option;

static const GOptionEntry options[] = {
    SERVER_OPTIONS(""),
    {"dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run_option, "Only say what would go", NULL},
    {"grace", 0, 0, G_OPTION_ARG_STRING, &grace_option,
     "Spare what was pushed or asked for within TIME (default: registry.gc.grace)", "TIME"},
    {"forget-deleted", 0, 0, G_OPTION_ARG_NONE, &forget_option,
     "Also forget deleted images that could still be brought back", NULL},
    {"no-wait", 0, 0, G_OPTION_ARG_NONE, &no_wait_option, "Ask for it, and do not wait for its end",
     NULL},
    FORMAT_OPTION("table"),
    {NULL}};

/* What is asked for, as JSON. NULL: --grace is wrong, which it has said. (transfer full) */
static char *
question(void)
{
  uint64_t grace = 0;
  g_autoptr(json_t) body = json_object();
  if (dry_run_option)
    json_object_set_new(body, "dry_run", json_true());
  if (forget_option)
    json_object_set_new(body, "forget_deleted", json_true());
  if (grace_option != NULL && !duration_parse(grace_option, &grace)) {
    command_usage_error("gc: --grace %s: must be " DURATION_IN_WORDS, grace_option);
    return NULL;
  }
  if (grace_option != NULL)
    json_set_number(body, "grace", grace);
  return json_to_text(body);
}

/* --- waiting for it --- */

static void
show_progress(const json_t *running)
{
  json_int_t of = json_get_integer(running, "of", 0);
  if (terminal_width() == 0 || of == 0)
    return;
  g_autofree char *bytes = command_size_in_words((uint64_t)json_get_integer(running, "bytes", 0));
  fprintf(stderr, "\r%3.0f %%, %s freed\033[K",
          100 * (double)json_get_integer(running, "done", 0) / (double)of, bytes);
}

static void
end_progress(void)
{
  if (terminal_width() != 0)
    fputs("\r\033[K", stderr);
}

/* The run of that number, or a later one that did its work, too. NULL: as server_get() has failed.
 * (transfer full) */
static json_t *
wait_for(ServerClient *client, json_int_t run, GError **error)
{
  for (;; g_usleep(LOOK_EVERY)) {
    g_autoptr(json_t) status = server_get(client, "/api/v1/gc", error);
    const json_t *last = json_get_object(status, "last");
    if (status == NULL)
      return NULL;
    if (last != NULL && json_get_integer(last, "run", 0) >= run)
      return json_deep_copy(last);
    show_progress(json_get_object(status, "running"));
  }
}

/* --- what it did --- */

static void
add_row(Columns *table, const char *what, const json_t *answer, const char *blobs,
        const char *bytes)
{
  json_int_t count = json_get_integer(answer, blobs, 0);
  g_autofree char *number = g_strdup_printf("%" JSON_INTEGER_FORMAT, count),
                  *size = command_size_in_words((uint64_t)json_get_integer(answer, bytes, 0));
  columns_add(table, (const char *[]){what, number, size});
}

static void
print_table(const json_t *answer)
{
  static const Column columns[] = {
      {.title = "WHAT"},
      {.title = "BLOBS", .flags = COLUMN_RIGHT},
      {.title = "SIZE", .flags = COLUMN_RIGHT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  add_row(table, dry_run_option ? "would be removed" : "removed", answer, "blobs", "bytes");
  add_row(table, "within the grace", answer, "waiting_blobs", "waiting_bytes");
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(text, stdout);
  if (json_get_integer(answer, "failed", 0) > 0)
    command_tell("%" JSON_INTEGER_FORMAT " files could not be removed; the log of the server says "
                 "why, and the next run tries again",
                 json_get_integer(answer, "failed", 0));
}

static int
print_answer(const json_t *answer, bool json)
{
  const char *failure = json_get_string(answer, "error");
  if (json)
    command_print_json(answer);
  else if (no_wait_option && !dry_run_option)
    puts("asked for; `assay jobs` shows how far it is");
  else
    print_table(answer);
  if (failure != NULL)
    command_tell("the run ended early, and the next one continues: %s", failure);
  return command_end_output(failure != NULL ? EXIT_ERROR : EXIT_FINE);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autofree char *body = question();
  if (body == NULL)
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) answer =
      client == NULL ? NULL : server_post(client, "/api/v1/gc", slice_from_string(body), &error);
  if (answer == NULL)
    return command_fail(error);
  if (dry_run_option || no_wait_option)
    return print_answer(answer, json);
  g_autoptr(json_t) done = wait_for(client, json_get_integer(answer, "run", 0), &error);
  end_progress();
  return done == NULL ? command_fail(error) : print_answer(done, json);
}

const Command gc_command = {
    .name = "gc",
    .summary = "Free what no image of a registry needs any more",
    .arguments = "",
    .help =
        "Layers and configs that no manifest refers to any more are removed from the registry's\n"
        "disk, while pushes and pulls go on. The registry does so by itself, once a day\n"
        "(registry.gc.interval). What a client pushed, or was told to be there, stays for the\n"
        "grace (registry.gc.grace, a day), and so do the layers of an image that was deleted.\n"
        "With a shorter --grace a push that goes on meanwhile may have to be begun again; what\n"
        "was pushed whole is never lost. A deleted image keeps its layers while it can be brought\n"
        "back (registry.undelete, a week): where room is needed at once, `--grace 0\n"
        "--forget-deleted` takes them, too.\n\n"
        "Exit codes: 0 done; 2 it failed or ended early, and standard error says why.\n\n"
        "Examples:\n"
        "  assay gc --dry-run\n"
        "  assay gc\n"
        "  assay gc --grace 10m\n"
        "  assay gc --grace 0 --forget-deleted\n"
        "  assay gc --format json",
    .options = options,
    .run = run,
};
