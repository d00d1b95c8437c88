/* `assay image referrers`: what lies beside an image of a registry. */
#include "cli/image_referrers.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "cli/server_client.h"
#include "cli/server_target.h"
#include "report/columns.h"

#define DIGEST_SHOWN 12 /* digits, as in other tables */

static char *format_option;

/* (transfer full) */
static json_t *
ask(const char *typed, GError **error)
{
  g_auto(ServerTarget) target = {NULL};
  if (!server_target_open(typed, &target, error))
    return NULL;
  g_autoptr(json_t) image = server_target_image(&target, error);
  if (image == NULL)
    return NULL;
  g_autofree char *path =
      g_strdup_printf("/api/v1/repositories/%s/referrers/%s", target.reference->repository,
                      json_get_string(image, "digest"));
  return server_get_all(target.client, path, "referrers", NULL, error);
}

static void
print(const json_t *referrers)
{
  static const Column columns[] = {
      {.title = "DIGEST"}, {.title = "WHAT", .least = 20, .flags = COLUMN_CUT}, {.title = "TRUST"}};
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *referrer;
  json_array_foreach(referrers, index, referrer) {
    const char *digest = json_get_string(referrer, "digest");
    const char *hex = digest == NULL ? NULL : strchr(digest, ':');
    const char *trust = json_get_string(referrer, "trust");
    g_autofree char *cut = hex == NULL ? NULL : g_strndup(hex + 1, DIGEST_SHOWN);
    columns_add(table, (const char *[]){cut, json_get_string(referrer, "what"),
                                        g_strcmp0(trust, "registry") == 0
                                            ? "made by the registry"
                                            : "not trusted yet: no effect on the verdict"});
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(json_array_size(referrers) > 0 ? text : "nothing refers to the image\n", stdout);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) referrers = ask(arguments[0], &error);
  if (referrers == NULL)
    return command_fail(error);
  if (json)
    command_print_json(referrers);
  else
    print(referrers);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};

const Command image_referrers_subcommand = {
    .name = "referrers",
    .summary = "List what lies beside an image: SBOMs, VEX documents, signatures",
    .arguments = "REPOSITORY:TAG|REPOSITORY@DIGEST",
    .help = "Whoever may push to a repository may put things beside its images. Until signatures\n"
            "are checked the registry lists them and goes by none of them: they neither hide a\n"
            "finding nor add one. What the registry made itself is marked.\n\n"
            "Examples:\n"
            "  assay image referrers team/app:v1\n"
            "  assay image referrers --format json team/app@7e8770da82f0",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
