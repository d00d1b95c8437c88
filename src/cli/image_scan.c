/* `assay image scan`: has a stored image scanned now, whatever its namespace says. */
#include "cli/image_scan.h"

#include <stdio.h>

#include "base/json.h"
#include "cli/server_target.h"

static char *format_option;

static json_t *
ask(const ServerTarget *target, GError **error)
{
  g_autoptr(json_t) image = server_target_image(target, error);
  if (image == NULL)
    return NULL;
  g_autofree char *path =
      g_strdup_printf("/api/v1/images/%s/scan", json_get_string(image, "digest"));
  return server_post(target->client, path, SLICE_EMPTY, error);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_auto(ServerTarget) target = {0};
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) answer =
      server_target_open(arguments[0], &target, &error) ? ask(&target, &error) : NULL;
  if (answer == NULL)
    return command_fail(error);
  bool done = g_strcmp0(json_get_string(answer, "state"), "done") == 0;
  if (json)
    command_print_json(answer);
  else
    printf("%s %s\n", arguments[0], done ? "is scanned already" : "is being scanned");
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry options[] = {
    SERVER_OPTIONS("the reference's host, "), FORMAT_OPTION("text"), {NULL}};

const Command image_scan_subcommand = {
    .name = "scan",
    .summary = "Have a stored image scanned now",
    .arguments = "[HOST/]REPOSITORY[:TAG|@DIGEST]",
    .help =
        "It is for images whose namespace has them scanned by hand or once a day, and for what\n"
        "could not be scanned. `assay findings` waits for the end and shows what was found.\n\n"
        "Examples:\n"
        "  assay image scan team/app:v1\n"
        "  assay image scan team/app@7e8770da82f0",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
