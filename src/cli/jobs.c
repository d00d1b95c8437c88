/* `assay jobs`: what a registry does in the background, and cancelling of it. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

#define DIGEST_SHOWN 12 /* digits, as in other tables */

static char *format_option;
static gboolean all_option;

/* --- the list --- */

/* From now to @time of the API's form; negative: it is past; 0: there is none. */
static int64_t
seconds_until(const char *time)
{
  g_autoptr(GDateTime) then = time == NULL ? NULL : g_date_time_new_from_iso8601(time, NULL);
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  return then == NULL ? 0 : g_date_time_difference(then, now) / G_USEC_PER_SEC;
}

/* NULL: there is none. (transfer full) */
static char *
age_in_words(const char *time)
{
  return time == NULL ? NULL : command_time_in_words(MAX(-seconds_until(time), 0));
}

/* "scan:7e8770da82f0" of "scan:sha256:7e8770da82f0...". (transfer full) */
static char *
short_id(const char *id)
{
  const char *digest = strstr(id, ":sha256:");
  if (digest == NULL)
    return g_strdup(id);
  return g_strdup_printf("%.*s:%.*s", (int)(digest - id), id, DIGEST_SHOWN,
                         digest + strlen(":sha256:"));
}

static char *
progress_in_words(const json_t *job)
{
  json_int_t of = json_get_integer(job, "of", 0);
  double done = (double)json_get_integer(job, "done", 0);
  return of == 0 ? NULL : g_strdup_printf("%.0f %%", 100 * MIN(done / (double)of, 1));
}

static void
add_row(Columns *table, const json_t *job, const char *state, const char *since, json_int_t tries)
{
  const char *id = json_get_string(job, "id");
  g_autofree char *name = short_id(id != NULL ? id : "-"), *progress = progress_in_words(job);
  g_autofree char *age = age_in_words(since);
  g_autofree char *count = tries == 0 ? NULL : g_strdup_printf("%" JSON_INTEGER_FORMAT, tries);
  columns_add(table,
              (const char *[]){name, state, age, progress, count, json_get_string(job, "error")});
}

static void
add_running(Columns *table, const json_t *kind)
{
  size_t index;
  json_t *job;
  json_array_foreach(json_get_array(kind, "running"), index, job) {
    add_row(table, job, "running", json_get_string(job, "begun"),
            json_get_integer(job, "attempt", 0));
  }
}

/* A schedule that is not later than this has its turn in a moment. */
#define LATE_SECONDS 5

/* A schedule that waits for its time, and nothing is wrong. */
static bool
is_planned(const json_t *job)
{
  return json_get_string(job, "key") == NULL && json_get_string(job, "error") == NULL &&
         seconds_until(json_get_string(job, "due")) > -LATE_SECONDS;
}

static void
add_waiting(Columns *table, const json_t *kind)
{
  size_t index;
  json_t *job;
  json_array_foreach(json_get_array(kind, "listed"), index, job) {
    if (is_planned(job) && !all_option)
      continue;
    int64_t wait = MAX(seconds_until(json_get_string(job, "due")), 0);
    g_autofree char *words = command_time_in_words(wait);
    g_autofree char *later = g_strdup_printf("due in %s", words);
    const char *state = json_get_boolean(job, "given_up", false) ? "given up"
                        : wait > 0                               ? later
                                                                 : "waiting";
    add_row(table, job, state, json_get_string(job, "asked"), json_get_integer(job, "attempts", 0));
  }
}

/* Nothing of it waits or runs. */
static void
add_idle(Columns *table, const json_t *kind)
{
  const char *ended = json_get_string(kind, "last_ended");
  if (!all_option || json_array_size(json_get_array(kind, "running")) > 0 ||
      json_array_size(json_get_array(kind, "listed")) > 0)
    return;
  g_autofree char *age = age_in_words(ended);
  columns_add(table, (const char *[]){json_get_string(kind, "kind"), "idle", age, NULL, NULL,
                                      json_get_string(kind, "last_error")});
}

/* The list of a kind is cut where many wait. */
static void
tell_more(const json_t *kind)
{
  json_int_t all = json_get_integer(kind, "waiting", 0) + json_get_integer(kind, "given_up", 0);
  json_int_t listed = (json_int_t)json_array_size(json_get_array(kind, "listed"));
  if (all > listed)
    command_tell("%s: %" JSON_INTEGER_FORMAT " more wait", json_get_string(kind, "kind"),
                 all - listed);
}

static void
print_table(const json_t *kinds)
{
  static const Column columns[] = {
      {.title = "JOB"},
      {.title = "STATE"},
      {.title = "SINCE"},
      {.title = "PROGRESS", .flags = COLUMN_EMPTY | COLUMN_RIGHT},
      {.title = "TRIES", .flags = COLUMN_EMPTY | COLUMN_RIGHT},
      {.title = "LAST ERROR", .least = 20, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *kind;
  json_array_foreach(kinds, index, kind) {
    add_running(table, kind);
  }
  json_array_foreach(kinds, index, kind) {
    add_waiting(table, kind);
  }
  json_array_foreach(kinds, index, kind) {
    add_idle(table, kind);
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(*text != '\0' ? text : "no job waits or runs; --all lists those that are planned, too\n",
        stdout);
  json_array_foreach(kinds, index, kind) {
    tell_more(kind);
  }
}

static json_t *
ask_for_jobs(ServerClient *client, GError **error)
{
  return server_get(client, "/api/v1/jobs?limit=1000", error);
}

static int
run_list(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) answer = client == NULL ? NULL : ask_for_jobs(client, &error);
  if (answer == NULL)
    return command_fail(error);
  if (json)
    command_print_json(answer);
  else
    print_table(json_get_array(answer, "jobs"));
  return command_end_output(EXIT_FINE);
}

/* --- cancel --- */

/* Whether @typed is @id, or as much of it as the table shows. */
static bool
is_meant(const char *id, const char *typed)
{
  const char *colon = strchr(typed, ':');
  if (colon == NULL || strcmp(id, typed) == 0)
    return strcmp(id, typed) == 0;
  g_autofree char *whole = g_strdup_printf("%.*s:sha256%s", (int)(colon - typed), typed, colon);
  return g_str_has_prefix(id, typed) || g_str_has_prefix(id, whole);
}

static void
collect_meant(const json_t *list, const char *typed, GPtrArray *found)
{
  size_t index;
  json_t *job;
  json_array_foreach(list, index, job) {
    const char *id = json_get_string(job, "id");
    if (id != NULL && is_meant(id, typed))
      g_ptr_array_add(found, g_strdup(id));
  }
}

/* What is not found is asked for as it was typed: the registry says what is wrong with it.
 * (transfer full) */
static char *
find_id(ServerClient *client, const char *typed, GError **error)
{
  g_autoptr(json_t) answer = ask_for_jobs(client, error);
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(g_free);
  size_t index;
  json_t *kind;
  if (answer == NULL)
    return NULL;
  json_array_foreach(json_get_array(answer, "jobs"), index, kind) {
    collect_meant(json_get_array(kind, "running"), typed, found);
    collect_meant(json_get_array(kind, "listed"), typed, found);
  }
  for (guint i = 1; i < found->len; i++)
    if (strcmp(g_ptr_array_index(found, 0), g_ptr_array_index(found, i)) != 0) {
      error_set(error, ASSAY_ERROR_INVALID,
                "\"%s\" may be %s or %s: write more digits of the one that is meant", typed,
                (const char *)g_ptr_array_index(found, 0),
                (const char *)g_ptr_array_index(found, i));
      return NULL;
    }
  return g_strdup(found->len > 0 ? g_ptr_array_index(found, 0) : typed);
}

static int
run_cancel(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) answer = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autofree char *id = client == NULL ? NULL : find_id(client, arguments[0], &error);
  if (id == NULL)
    return command_fail(error);
  g_autofree char *escaped = g_uri_escape_string(id, ":/", FALSE);
  g_autofree char *path = g_strconcat("/api/v1/jobs/", escaped, NULL);
  if (!server_delete(client, path, &answer, &error))
    return command_fail(error);
  bool removed = g_strcmp0(json_get_string(answer, "state"), "removed") == 0;
  g_autofree char *clean = report_clean_text(id);
  if (json)
    command_print_json(answer);
  else
    printf(removed ? "removed %s\n" : "%s is asked to stop\n", clean);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry cancel_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};

static const Command cancel_subcommand = {
    .name = "cancel",
    .summary = "Cancel a job of a registry that waits or runs",
    .arguments = "JOB",
    .help =
        "JOB is as `assay jobs` shows it. One that waits is removed; one that runs is asked to\n"
        "stop. An image whose scan is cancelled stays unscanned until it is pushed again. A job\n"
        "that runs by itself (update, scrub) begins again when it is due, or at the next start.\n\n"
        "Examples:\n"
        "  assay jobs cancel update\n"
        "  assay jobs cancel inspect:7e8770da82f0",
    .options = cancel_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_cancel,
};

static const Command *const subcommands[] = {&cancel_subcommand, NULL};

static const GOptionEntry options[] = {
    SERVER_OPTIONS(""),
    {"all", 'a', 0, G_OPTION_ARG_NONE, &all_option,
     "Also what is planned, and kinds of job of which nothing waits", NULL},
    FORMAT_OPTION("table"),
    {NULL}};

const Command jobs_command = {
    .name = "jobs",
    .summary = "List what a registry does in the background, and cancel it",
    .arguments = "",
    .help =
        "Jobs that run come first, then those that wait. SINCE is when one began, or was asked\n"
        "for. After tries in vain a job is given up; asked for again, it begins anew.\n\n"
        "Examples:\n"
        "  assay jobs\n"
        "  assay jobs --all\n"
        "  assay jobs --format json",
    .options = options,
    .run = run_list,
    .subcommands = subcommands,
};
