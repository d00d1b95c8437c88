/* `assay images`: what a registry holds, and the state of its scans. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

#define TAGS_WIDTH 20 /* of the cell; one tag is shown whole at any rate */

static char *format_option;

static const GOptionEntry options[] = {SERVER_OPTIONS(""),
                                       {"format", 'f', 0, G_OPTION_ARG_STRING, &format_option,
                                        "How to write it (default: table)", "table|json"},
                                       {NULL}};

/* Whether there are no advisories for its distribution any more. */
static bool
is_past_its_life(const json_t *scan)
{
  const char *end = json_get_string(scan, "end_of_life");
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *today = g_date_time_format(now, "%Y-%m-%d");
  return end != NULL && strcmp(end, today) < 0;
}

/* "57: 3 critical, 12 high": how many, and the worst two kinds. None is no good news where
 * something of the image is not known, or its distribution is past its end of life: "not known". */
static char *
findings_in_words(const json_t *scan)
{
  static const char *const names[] = {"critical", "high", "medium", "low", "negligible", "unknown"};
  const json_t *counts = json_get_object(scan, "findings");
  g_autoptr(GString) worst = g_string_new(NULL);
  json_int_t total = 0, kinds = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    json_int_t count = json_get_integer(counts, names[i], 0);
    total += count;
    if (count > 0 && kinds++ < 2)
      g_string_append_printf(worst, "%s%lld %s", worst->len > 0 ? ", " : "", (long long)count,
                             names[i]);
  }
  if (g_strcmp0(json_get_string(scan, "state"), "done") != 0)
    return g_strdup("-");
  bool incomplete = json_array_size(json_get_array(scan, "incomplete")) > 0;
  if (total == 0)
    return g_strdup(incomplete || is_past_its_life(scan) ? "not known" : "none");
  if (kinds > 2) {
    g_autofree char *sum = g_strdup_printf("%lld: ", (long long)total);
    g_string_prepend(worst, sum);
  }
  return g_strconcat(worst->str, incomplete ? ", incomplete" : NULL, NULL);
}

/* An image is broken without all of its blobs; an index may be sparse. One whose scan failed for
 * other reasons waits for another try. */
static const char *
state_in_words(const json_t *image, const json_t *scan)
{
  const char *state = json_get_string(scan, "state");
  if (json_get_array(image, "missing") == NULL)
    return json_get_string(scan, "retry_at") != NULL ? "waiting" : state;
  return g_strcmp0(state, "not-applicable") == 0 ? "incomplete" : "broken";
}

/* "11, latest +6": an image with a tag for each build would fill the screen. JSON has them all. */
static char *
tags_in_words(char **tags)
{
  guint count = tags == NULL ? 0 : g_strv_length(tags), shown = 1;
  if (count == 0)
    return NULL;
  g_autoptr(GString) words = g_string_new(tags[0]);
  for (; shown < count && words->len + 2 + strlen(tags[shown]) <= TAGS_WIDTH; shown++)
    g_string_append_printf(words, ", %s", tags[shown]);
  if (shown < count)
    g_string_append_printf(words, " +%u", count - shown);
  return g_strdup(words->str);
}

static const char *
or_dash(const char *text)
{
  return text != NULL ? text : "-";
}

static void
add_row(Columns *table, const json_t *image)
{
  const json_t *scan = json_get_object(image, "scan");
  g_auto(GStrv) tags = json_get_strings(image, "tags");
  g_autofree char *words = tags_in_words(tags);
  const char *digest = json_get_string(image, "digest");
  const char *hex = digest == NULL ? NULL : strchr(digest, ':');
  g_autofree char *short_digest = hex == NULL ? NULL : g_strndup(hex + 1, 12);
  const char *pushed = json_get_string(image, "pushed");
  g_autofree char *day = pushed == NULL ? NULL : g_strndup(pushed, strlen("2026-11-25"));
  g_autofree char *findings = findings_in_words(scan);
  const char *os = json_get_string(scan, "os");
  g_autofree char *system =
      is_past_its_life(scan)
          ? g_strdup_printf("%s, end of life %s", os, json_get_string(scan, "end_of_life"))
          : g_strdup(os);
  columns_add(table, (const char *[]){or_dash(json_get_string(image, "repository")), or_dash(words),
                                      or_dash(short_digest), or_dash(state_in_words(image, scan)),
                                      or_dash(findings), or_dash(day), or_dash(system)});
}

/* A line below the table for each image that waits for another try. */
static void
print_reasons(const json_t *images)
{
  size_t index;
  json_t *image;
  json_array_foreach(images, index, image) {
    const json_t *scan = json_get_object(image, "scan");
    const char *error = json_get_string(scan, "error"), *at = json_get_string(scan, "retry_at");
    g_autofree char *reason = error == NULL ? NULL : report_clean_text(error);
    if (at != NULL && reason != NULL)
      printf("%s@%.19s: waiting, will be tried again at %s: %s\n",
             json_get_string(image, "repository"), json_get_string(image, "digest"), at, reason);
  }
}

static void
print_table(const json_t *images)
{
  static const Column columns[] = {
      {.title = "REPOSITORY", .least = 12, .flags = COLUMN_CUT},
      {.title = "TAGS"},
      {.title = "DIGEST"},
      {.title = "SCAN"},
      {.title = "FINDINGS"},
      {.title = "PUSHED"},
      {.title = "SYSTEM", .flags = COLUMN_CUT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *image;
  json_array_foreach(images, index, image) {
    add_row(table, image);
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(json_array_size(images) > 0 ? text : "no images\n", stdout);
  print_reasons(images);
}

static bool
append_repository(ServerClient *client, const char *repository, json_t *all, GError **error)
{
  g_autofree char *path = g_strdup_printf("/api/v1/repositories/%s/images", repository);
  g_autoptr(json_t) images = server_get_all(client, path, "images", NULL, error);
  size_t index;
  json_t *image;
  json_array_foreach(images, index, image) {
    json_set_string(image, "repository", repository);
  }
  return images != NULL && json_array_extend(all, images) == 0;
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  if (client == NULL)
    return command_fail(error);
  g_autoptr(json_t) all = json_array();
  bool as_json = g_strcmp0(format_option, "json") == 0;
  if (format_option != NULL && !as_json && strcmp(format_option, "table") != 0)
    return command_usage_error("--format: \"%s\" is neither table nor json", format_option);
  g_autoptr(json_t) repositories =
      arguments[0] != NULL
          ? json_pack("[{s:s}]", "name", arguments[0])
          : server_get_all(client, "/api/v1/repositories", "repositories", NULL, &error);
  size_t index;
  json_t *repository;
  json_array_foreach(repositories, index, repository) {
    if (error == NULL)
      append_repository(client, json_get_string(repository, "name"), all, &error);
  }
  if (error != NULL)
    return command_fail(error);
  if (as_json) {
    g_autofree char *text = json_to_pretty_text(all);
    fputs(text, stdout);
  } else {
    print_table(all);
  }
  return command_end_output(EXIT_FINE);
}

const Command images_command = {
    .name = "images",
    .summary = "List the images of a registry and the states of their scans",
    .arguments = "[REPOSITORY]",
    .help = "Examples:\n"
            "  assay images\n"
            "  assay images --server https://registry.example.com team/app\n"
            "  assay images --format json",
    .options = options,
    .most_arguments = 1,
    .run = run,
};
