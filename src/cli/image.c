/* `assay image`: what one was built on, what lies beside it, images that were deleted, and bringing
 * them back. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/image_base.h"
#include "cli/image_referrers.h"
#include "cli/image_scan.h"
#include "cli/server_client.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "report/columns.h"
#include "report/report.h"

#define DIGEST_SHOWN 12 /* digits, as in other tables */

static char *format_option;

/* (transfer full) */
static json_t *
ask_for_deleted(ServerClient *client, const char *repository, GError **error)
{
  g_autofree char *escaped =
      repository == NULL ? NULL : g_uri_escape_string(repository, NULL, FALSE);
  g_autofree char *path = escaped == NULL
                              ? g_strdup("/api/v1/deleted")
                              : g_strconcat("/api/v1/deleted?repository=", escaped, NULL);
  return server_get_all(client, path, "deleted", NULL, error);
}

/* --- deleted --- */

/* "2026-11-26"; NULL: none. (transfer full) */
static char *
day_of(const json_t *image, const char *key)
{
  const char *time = json_get_string(image, key);
  return time == NULL ? NULL : g_strndup(time, strlen("2026-11-25"));
}

static void
print_deleted(const json_t *images)
{
  static const Column columns[] = {
      {.title = "REPOSITORY", .least = 12, .flags = COLUMN_CUT},
      {.title = "DIGEST"},
      {.title = "TAGS", .least = 12, .flags = COLUMN_CUT | COLUMN_EMPTY},
      {.title = "PUSHED"},
      {.title = "DELETED"},
      {.title = "KEPT UNTIL"},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *image;
  json_array_foreach(images, index, image) {
    g_auto(GStrv) tags = json_get_strings(image, "tags");
    g_autofree char *words = tags == NULL ? NULL : g_strjoinv(", ", tags);
    const char *digest = json_get_string(image, "digest");
    const char *hex = digest == NULL ? NULL : strchr(digest, ':');
    g_autofree char *cut = hex == NULL ? NULL : g_strndup(hex + 1, DIGEST_SHOWN);
    g_autofree char *pushed = day_of(image, "pushed"), *deleted = day_of(image, "deleted"),
                    *until = day_of(image, "until");
    columns_add(table, (const char *[]){json_get_string(image, "repository"), cut, words, pushed,
                                        deleted, until});
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(json_array_size(images) > 0 ? text : "nothing that was deleted is kept\n", stdout);
}

static int
run_deleted(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) images = client == NULL ? NULL : ask_for_deleted(client, arguments[0], &error);
  if (images == NULL)
    return command_fail(error);
  if (json)
    command_print_json(images);
  else
    print_deleted(images);
  return command_end_output(EXIT_FINE);
}

/* --- restore --- */

/* Whether @typed, a tag or the first digits of a digest, names @image. */
static bool
is_meant(const json_t *image, const char *typed, bool digest)
{
  const char *whole = json_get_string(image, "digest");
  const char *hex = whole == NULL ? NULL : strchr(whole, ':');
  g_auto(GStrv) tags = json_get_strings(image, "tags");
  if (digest)
    return hex != NULL && (g_str_has_prefix(hex + 1, typed) || g_str_has_prefix(whole, typed));
  return tags != NULL && g_strv_contains((const char *const *)tags, typed);
}

/* The digest of the one that is meant; of those that had a tag, the one that was deleted last.
 * (transfer full) */
static char *
find_digest(ServerClient *client, const char *repository, const char *typed, bool digest,
            GError **error)
{
  g_autoptr(json_t) images = ask_for_deleted(client, repository, error);
  const json_t *found = NULL;
  size_t index;
  json_t *image;
  if (images == NULL)
    return NULL;
  json_array_foreach(images, index, image) {
    if (!is_meant(image, typed, digest))
      continue;
    if (found != NULL && digest) {
      error_set(error, ASSAY_ERROR_INVALID, "\"%s\" names several images: write more digits",
                typed);
      return NULL;
    }
    if (found == NULL ||
        strcmp(json_get_string(image, "deleted"), json_get_string(found, "deleted")) > 0)
      found = image;
  }
  if (found == NULL)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "%s%c%s: it is not among what was deleted and is kept; `assay image deleted` lists "
              "that",
              repository, digest ? '@' : ':', typed);
  return found == NULL ? NULL : g_strdup(json_get_string(found, "digest"));
}

static json_t *
restore(const char *repository, const char *typed, bool digest, GError **error)
{
  g_autoptr(ServerClient) client = server_client_new(NULL, error);
  g_autofree char *whole =
      client == NULL ? NULL : find_digest(client, repository, typed, digest, error);
  if (whole == NULL)
    return NULL;
  g_autofree char *path = g_strdup_printf("/api/v1/deleted/%s/manifests/%s", repository, whole);
  return server_post(client, path, SLICE_EMPTY, error);
}

static void
print_restored(const json_t *answer)
{
  size_t index;
  json_t *image;
  json_array_foreach(json_get_array(answer, "restored"), index, image) {
    g_auto(GStrv) tags = json_get_strings(image, "tags");
    g_autofree char *words = tags == NULL ? NULL : g_strjoinv(", ", tags);
    g_autofree char *line =
        g_strdup_printf("restored %s@%s%s%s", json_get_string(image, "repository"),
                        json_get_string(image, "digest"), words != NULL ? " with " : "",
                        words != NULL ? words : "");
    g_autofree char *clean = report_clean_text(line);
    printf("%s\n", clean);
  }
}

static int
run_restore(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  const char *typed = arguments[0];
  size_t length = strcspn(typed, "@:");
  g_autofree char *repository = g_strndup(typed, length);
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  if (typed[length] == '\0' || typed[length + 1] == '\0' || !repository_name_is_valid(repository))
    return command_usage_error("\"%s\" is no REPOSITORY:TAG or REPOSITORY@DIGEST", typed);
  g_autoptr(json_t) answer = restore(repository, typed + length + 1, typed[length] == '@', &error);
  if (answer == NULL)
    return command_fail(error);
  if (json)
    command_print_json(answer);
  else
    print_restored(answer);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry deleted_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry restore_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};

static const Command deleted_subcommand = {
    .name = "deleted",
    .summary = "List the deleted images that can be brought back",
    .arguments = "[REPOSITORY]",
    .help = "Examples:\n"
            "  assay image deleted\n"
            "  assay image deleted --format json team/app",
    .options = deleted_options,
    .most_arguments = 1,
    .run = run_deleted,
};

static const Command restore_subcommand = {
    .name = "restore",
    .summary = "Bring a deleted image back",
    .arguments = "REPOSITORY:TAG|REPOSITORY@DIGEST",
    .help = "It has its tags again, except those that name another image by now. The deleted\n"
            "members of an index come back with it. A digest may be cut to its first digits.\n\n"
            "Examples:\n"
            "  assay image restore team/app:v1\n"
            "  assay image restore team/app@7e8770da82f0",
    .options = restore_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_restore,
};

static const Command *const subcommands[] = {&deleted_subcommand,    &restore_subcommand,
                                             &image_base_subcommand, &image_referrers_subcommand,
                                             &image_scan_subcommand, NULL};

const Command image_command = {
    .name = "image",
    .summary =
        "Have an image scanned, say what it was built on and what lies beside it; deleted images",
    .help = "Examples:\n"
            "  assay image base team/app:v1\n"
            "  assay image referrers team/app:v1\n"
            "  assay image scan team/app:v1\n"
            "  assay image deleted\n"
            "  assay image restore team/app:v1",
    .subcommands = subcommands,
};
