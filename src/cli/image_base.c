/* `assay image base`: on which image another was built, and whether that has moved on. */
#include "cli/image_base.h"

#include <stdio.h>

#include "base/json.h"
#include "report/report.h"

static char *format_option;

bool
image_base_ask(const ServerTarget *target, const char *digest, ReportBase **base, json_t **answer,
               GError **error)
{
  g_autofree char *path = g_strdup_printf("/api/v1/images/%s/base?repository=%s", digest,
                                          target->reference->repository);
  g_autoptr(json_t) body = server_get(target->client, path, error);
  const json_t *told = json_get_object(body, "base");
  *base = told == NULL ? NULL : report_base_from_json(told, error);
  if (body == NULL || (told != NULL && *base == NULL))
    return false;
  if (answer != NULL)
    *answer = g_steal_pointer(&body);
  return true;
}

static void
print_line(const char *title, const char *text)
{
  if (text == NULL)
    return;
  g_autofree char *clean = report_clean_text(text);
  printf("%-9s %s\n", title, clean);
}

static void
print_newer(const ReportBase *base)
{
  if (base->newer == NULL)
    return;
  g_autofree char *words = report_newer_base_in_words(base);
  print_line("NEWER", words);
  print_line("", base->newer->digest);
}

static void
print(const ReportBase *base)
{
  if (base == NULL) {
    fputs("no base is known of it: none of the stored images that you may see is its beginning\n",
          stdout);
    return;
  }
  g_autofree char *words = report_base_in_words(base);
  g_autofree char *layers = g_strdup_printf("%u, for %s", base->layers, base->platform);
  print_line("BASE", words);
  print_line("DIGEST", base->digest);
  print_line("LAYERS", base->layers > 0 ? layers : NULL);
  print_line("ANNOTATED", base->named);
  print_line(base->named == NULL ? "ANNOTATED" : "", base->named_digest);
  print_newer(base);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ReportBase) base = NULL;
  g_autoptr(json_t) answer = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_auto(ServerTarget) target = {0};
  g_autoptr(json_t) image = server_target_open(arguments[0], &target, &error)
                                ? server_target_scanned(&target, &error)
                                : NULL;
  if (image == NULL ||
      !image_base_ask(&target, json_get_string(image, "digest"), &base, &answer, &error))
    return command_fail(error);
  if (json)
    command_print_json(answer);
  else
    print(base);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry options[] = {
    SERVER_OPTIONS("the reference's host, "), FORMAT_OPTION("text"), {NULL}};

const Command image_base_subcommand = {
    .name = "base",
    .summary = "Say on which stored image an image was built, and whether that has moved on",
    .arguments = "[HOST/]REPOSITORY[:TAG|@DIGEST]",
    .help =
        "The base is the stored image whose layers are the first of the image's own. It is told\n"
        "how many findings come from it, and where its tag names another image by now, how many\n"
        "of them that one has no more. `assay findings --ignore-base` lists what does not come\n"
        "from it.\n\n"
        "Examples:\n"
        "  assay image base team/app:v1\n"
        "  assay image base --format json team/app@7e8770da82f0",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
