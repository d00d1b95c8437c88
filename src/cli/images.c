/* `assay images`: what a registry holds, and the state of its scans. */
#include <stdio.h>
#include <string.h>

#include "base/calendar.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

#define TAGS_WIDTH 20 /* of the cell; one tag is shown whole at any rate */

static char *format_option, *gate_option, *severity_option, *vulnerability_option, *package_option;
static gboolean refused_option;

static const GOptionEntry options[] = {
    SERVER_OPTIONS(""),
    {"refused", 0, 0, G_OPTION_ARG_NONE, &refused_option,
     "Only images that a pull is refused, and why", NULL},
    {"gate", 0, 0, G_OPTION_ARG_STRING, &gate_option, "Only images of which a pull gets this",
     "allowed|warns|refused"},
    {"severity", 0, 0, G_OPTION_ARG_STRING, &severity_option,
     "Only images with one of: critical,high,medium,low,negligible,unknown", "LIST"},
    {"vulnerability", 0, 0, G_OPTION_ARG_STRING, &vulnerability_option, "Only images that have it",
     "ID"},
    {"package", 0, 0, G_OPTION_ARG_STRING, &package_option,
     "Only images with this package; with --vulnerability, that "
     "have it in this package",
     "NAME"},
    FORMAT_OPTION("table"),
    {NULL}};

/* Whether there are no advisories for its distribution any more. */
static bool
is_past_its_life(const json_t *scan)
{
  const char *end = json_get_string(scan, "end_of_life");
  g_autofree char *today = calendar_today();
  return end != NULL && strcmp(end, today) < 0;
}

/* "57: 3 critical, 12 high": how many, and the worst two kinds. None is no good news where
 * something of the image is not known, or its distribution is past its end of life: "not known". */
static char *
findings_in_words(const json_t *counts, bool incomplete, bool past_its_life)
{
  static const char *const names[] = {"critical", "high", "medium", "low", "negligible", "unknown"};
  g_autoptr(GString) worst = g_string_new(NULL);
  json_int_t total = 0, kinds = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    json_int_t count = json_get_integer(counts, names[i], 0);
    total += count;
    if (count > 0 && kinds++ < 2)
      g_string_append_printf(worst, "%s%lld %s", worst->len > 0 ? ", " : "", (long long)count,
                             names[i]);
  }
  if (total == 0)
    return g_strdup(incomplete || past_its_life ? "not known" : "none");
  if (kinds > 2) {
    g_autofree char *sum = g_strdup_printf("%lld: ", (long long)total);
    g_string_prepend(worst, sum);
  }
  return g_strconcat(worst->str, incomplete ? ", incomplete" : NULL, NULL);
}

/* Lists that are filtered come without how the scan stands: what is in them was judged. */
static char *
findings_of(const json_t *image)
{
  const json_t *scan = json_get_object(image, "scan"), *gate = json_get_object(image, "gate");
  if (scan == NULL)
    return findings_in_words(json_get_object(image, "findings"),
                             json_get_boolean(gate, "unscanned", false), false);
  if (g_strcmp0(json_get_string(scan, "state"), "done") != 0)
    return g_strdup("-");
  return findings_in_words(json_get_object(scan, "findings"),
                           json_array_size(json_get_array(scan, "incomplete")) > 0,
                           is_past_its_life(scan));
}

static char *
size_in_words(const json_t *image)
{
  json_int_t size = json_get_integer(image, "size", -1);
  return size < 0 ? g_strdup("-") : command_size_in_words((uint64_t)size);
}

/* What a pull gets; of what is not scanned, how it stands. An image is broken without all of its
 * blobs; an index may be sparse. One whose scan failed for other reasons than itself waits for
 * another try. What a former policy or former advisories said is not what a pull gets. */
static const char *
gate_in_words(const json_t *image)
{
  const json_t *scan = json_get_object(image, "scan"), *gate = json_get_object(image, "gate");
  const char *state = json_get_string(scan, "state");
  if (json_get_string(image, "quarantined") != NULL)
    return "quarantined";
  if (json_get_array(image, "missing") != NULL)
    return g_strcmp0(state, "not-applicable") == 0 ? "incomplete" : "broken";
  if (json_get_string(scan, "retry_at") != NULL && g_strcmp0(state, "deferred") != 0)
    return "waiting";
  if (gate == NULL || (state != NULL && strcmp(state, "done") != 0))
    return state;
  return json_get_boolean(gate, "current", true) ? json_get_string(gate, "answer") : "judging";
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
  g_autofree char *findings = findings_of(image);
  g_autofree char *size = size_in_words(image);
  const char *os = json_get_string(scan, "os");
  g_autofree char *system =
      is_past_its_life(scan)
          ? g_strdup_printf("end of life %s: %s", json_get_string(scan, "end_of_life"), os)
          : g_strdup(os);
  columns_add(table, (const char *[]){or_dash(json_get_string(image, "repository")), or_dash(words),
                                      or_dash(short_digest), or_dash(gate_in_words(image)),
                                      json_get_string(image, "signing"), or_dash(findings), size,
                                      or_dash(day), scan == NULL ? "" : or_dash(system)});
}

/* What a registry says may have anything in it. */
static void G_GNUC_PRINTF(1, 2) print_line(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *clean = report_clean_text(text);
  printf("%s\n", clean);
}

/* "..., and 80 more": the first of a refusal, which `assay findings` tells whole. (transfer full)
 */
static char *
first_reason(const json_t *gate, const char *reason)
{
  json_int_t blocking = json_get_integer(gate, "blocking", 0);
  const char *listed = strstr(reason, "), "), *next = strstr(reason, "; ");
  if (blocking > 1 && listed != NULL && (next == NULL || listed < next))
    return g_strdup_printf("%.*s, and %lld more", (int)(listed + 1 - reason), reason,
                           (long long)(blocking - 1));
  return next == NULL ? g_strdup(reason)
                      : g_strdup_printf("%.*s; ...", (int)(next - reason), reason);
}

/* A line below the table for each image that is refused, where these are asked for. */
static void
print_refusals(const json_t *images)
{
  size_t index;
  json_t *image;
  json_array_foreach(images, index, image) {
    const json_t *gate = json_get_object(image, "gate");
    const char *why = json_get_string(gate, "reason");
    g_autofree char *first = why == NULL ? NULL : first_reason(gate, why);
    if (refused_option && first != NULL)
      print_line("%s@%.19s: %s", or_dash(json_get_string(image, "repository")),
                 or_dash(json_get_string(image, "digest")), first);
  }
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
    if (at != NULL && error != NULL)
      print_line("%s@%.19s: waiting, will be tried again at %s: %s",
                 or_dash(json_get_string(image, "repository")),
                 or_dash(json_get_string(image, "digest")), at, error);
  }
}

static void
print_table(const json_t *images)
{
  static const Column columns[] = {
      {.title = "REPOSITORY", .least = 12, .flags = COLUMN_CUT},
      {.title = "TAGS"},
      {.title = "DIGEST"},
      {.title = "GATE"},
      {.title = "SIGNING", .flags = COLUMN_EMPTY},
      {.title = "FINDINGS"},
      {.title = "SIZE", .flags = COLUMN_RIGHT},
      {.title = "PUSHED"},
      {.title = "SYSTEM", .flags = COLUMN_CUT | COLUMN_EMPTY},
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
  print_refusals(images);
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

/* --- filtered lists --- */

static bool
is_filtered(void)
{
  return refused_option || gate_option != NULL || severity_option != NULL ||
         vulnerability_option != NULL || package_option != NULL;
}

static void
add_parameter(GString *path, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_autofree char *escaped = g_uri_escape_string(value, NULL, false);
  g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') == NULL ? '?' : '&', name,
                         escaped);
}

/* What is not known yet may be missing in the list, and is told. */
static void
tell_not_known(const json_t *about)
{
  const json_t *unknown = json_get_object(about, "not_known");
  json_int_t scans = json_get_integer(unknown, "pending_scans", 0);
  json_int_t failed = json_get_integer(unknown, "failed_scans", 0);
  json_int_t judged = json_get_integer(unknown, "unjudged_images", 0);
  json_int_t packages = json_get_integer(unknown, "unmatched_packages", 0);
  if (scans + failed + judged + packages > 0)
    command_tell("more images may belong here: %lld are not scanned yet, of %lld the scan failed, "
                 "%lld are being judged, %lld packages are not matched with the present advisories "
                 "yet",
                 (long long)scans, (long long)failed, (long long)judged, (long long)packages);
}

static bool
append_filtered(ServerClient *client, const char *repository, json_t *all, GError **error)
{
  g_autoptr(GString) path = g_string_new("/api/v1/images");
  g_autoptr(json_t) about = json_object();
  add_parameter(path, "repository", repository);
  add_parameter(path, "gate", gate_option);
  add_parameter(path, "refused", refused_option ? "true" : NULL);
  add_parameter(path, "severity", severity_option);
  add_parameter(path, "vulnerability", vulnerability_option);
  add_parameter(path, "package", package_option);
  g_autoptr(json_t) images = server_get_all(client, path->str, "images", about, error);
  if (images == NULL)
    return false;
  tell_not_known(about);
  return json_array_extend(all, images) == 0;
}

static void
append_all(ServerClient *client, const char *repository, json_t *all, GError **error)
{
  g_autoptr(json_t) repositories =
      repository != NULL
          ? json_pack("[{s:s}]", "name", repository)
          : server_get_all(client, "/api/v1/repositories", "repositories", NULL, error);
  size_t index;
  json_t *one;
  json_array_foreach(repositories, index, one) {
    if (!append_repository(client, json_get_string(one, "name"), all, error))
      return;
  }
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  if (client == NULL)
    return command_fail(error);
  g_autoptr(json_t) all = json_array();
  bool as_json;
  if (!command_wants_json(format_option, "table", &as_json))
    return EXIT_ERROR;
  if (is_filtered())
    append_filtered(client, arguments[0], all, &error);
  else
    append_all(client, arguments[0], all, &error);
  if (error != NULL)
    return command_fail(error);
  if (as_json)
    command_print_json(all);
  else
    print_table(all);
  return command_end_output(EXIT_FINE);
}

const Command images_command = {
    .name = "images",
    .summary = "List the images of a registry, the state of their scans, and what a pull gets",
    .arguments = "[REPOSITORY]",
    .help = "Examples:\n"
            "  assay images\n"
            "  assay images --server https://registry.example.com team/app\n"
            "  assay images --refused\n"
            "  assay images --vulnerability CVE-2023-0464 --package openssl\n"
            "  assay images --severity critical,high --format json",
    .options = options,
    .most_arguments = 1,
    .run = run,
};
