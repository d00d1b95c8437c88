/* `assay findings`: the findings of an image that a registry holds. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/image_base.h"
#include "cli/report_options.h"
#include "cli/server_target.h"

static gboolean only_base_option, ignore_base_option;

static const GOptionEntry entries[] = {
    SERVER_OPTIONS("the reference's host, "),
    {"only-base", 0, 0, G_OPTION_ARG_NONE, &only_base_option,
     "Only what comes from the image that it was built on", NULL},
    {"ignore-base", 0, 0, G_OPTION_ARG_NONE, &ignore_base_option,
     "Nothing that comes from the image that it was built on", NULL},
    REPORT_OPTIONS("table,json,sarif,junit,markdown,template"),
    {NULL}};

/* An index has no findings of its own: says what to ask for. */
static int
tell_no_image(const ServerTarget *target, const json_t *image)
{
  const char *repository = target->reference->repository;
  const char *digest = json_get_string(image, "digest");
  g_autofree char *path = g_strdup_printf("/v2/%s/manifests/%s", repository, digest);
  g_autoptr(json_t) manifest = server_get(target->client, path, NULL);
  g_autoptr(GString) members = g_string_new(NULL);
  size_t i;
  json_t *member;
  json_array_foreach(json_get_array(manifest, "manifests"), i, member) {
    const json_t *platform = json_get_object(member, "platform");
    const char *os = json_get_string(platform, "os");
    const char *architecture = json_get_string(platform, "architecture");
    g_string_append_printf(members, "\n  %s@%s  %s/%s", repository,
                           json_get_string(member, "digest"), os != NULL ? os : "-",
                           architecture != NULL ? architecture : "-");
  }
  if (members->len == 0)
    return command_usage_error("%s@%s is an artifact and no container image: it has no packages",
                               repository, digest);
  return command_usage_error("%s@%s is an index; ask for an image in it:%s", repository, digest,
                             members->str);
}

/* (transfer full) */
static GPtrArray *
texts_of(const json_t *about, const char *key)
{
  GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) texts = json_get_strings(about, key);
  for (char **text = texts; text != NULL && *text != NULL; text++)
    g_ptr_array_add(list, g_strdup(*text));
  return list;
}

/* What its tag names now is told by another answer whole. */
static bool
read_base(const ServerTarget *target, const char *digest, const json_t *about, ReportBase **base,
          GError **error)
{
  const json_t *told = json_get_object(about, "base");
  if (told == NULL)
    return true;
  *base = report_base_from_json(told, error);
  g_autoptr(ReportBase) whole = NULL;
  if (*base == NULL || (*base)->newer == NULL ||
      !image_base_ask(target, digest, &whole, NULL, error) || whole == NULL)
    return *base != NULL && (error == NULL || *error == NULL);
  report_base_free(*base);
  *base = g_steal_pointer(&whole);
  return true;
}

static int
report(const char *target, const json_t *image, const json_t *verdict, json_t *list,
       const json_t *about, const ReportBase *base, const ReportOptions *options)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  g_autoptr(GError) error = NULL;
  size_t index;
  json_t *item;
  json_array_foreach(list, index, item) {
    Finding *finding = finding_from_json(item, &error);
    if (finding == NULL)
      return command_usage_error("the answer of the server: findings[%zu]: %s", index,
                                 error->message);
    g_ptr_array_add(all, finding);
  }
  const json_t *scan = json_get_object(image, "scan");
  g_autoptr(Verdict) judged = verdict == NULL ? NULL : verdict_from_json(verdict, &error);
  if (error != NULL)
    return command_usage_error("the answer of the server: verdict: %s", error->message);
  g_autoptr(GPtrArray) gaps = texts_of(about, "incomplete");
  /* None are told then, which is not to be read as that there are none. */
  if (only_base_option && (base == NULL || base->layers == 0))
    g_ptr_array_insert(
        gaps, 0,
        g_strdup("no base image is known by its layers, so --only-base shows none of "
                 "the findings"));
  g_autoptr(GPtrArray) third_party = texts_of(about, "third_party");
  /* Servers before told them in notes alone. */
  g_autoptr(GPtrArray) ended =
      report_ended_from_json(json_object_get(about, "ended_programs"), &error);
  if (ended == NULL)
    return command_usage_error("the answer of the server: ended_programs: %s", error->message);
  g_autoptr(GPtrArray) notes = texts_of(about, "notes");
  if (base != NULL && base->findings != NULL && (only_base_option || ignore_base_option))
    g_ptr_array_add(
        notes, g_strdup_printf("findings that are not shown (%s): %u",
                               only_base_option ? "--only-base" : "--ignore-base",
                               only_base_option ? base->findings->own : base->findings->of_base));
  ReportOptions how = *options;
  const char *unknown_as = json_get_string(about, "unknown_as");
  if (unknown_as == NULL || !severity_parse(unknown_as, &how.unknown_as))
    how.unknown_as = options->unknown_as; /* servers before told nothing of it */
  g_autoptr(GPtrArray) findings = report_options_filter(&how, all, notes);
  Report document = {.target = target,
                     .base = base,
                     .digest = json_get_string(image, "digest"),
                     .findings = findings,
                     .gaps = gaps,
                     .third_party = third_party,
                     .ended = ended,
                     .notes = notes,
                     .os = json_get_string(scan, "os"),
                     .packages = (unsigned)json_get_integer(scan, "packages", 0),
                     .verdict = judged,
                     .database = json_get_string(scan, "advisories")};
  return report_options_write(options, &document, NULL);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  ReportOptions options;
  if (!report_options_read(&options))
    return EXIT_ERROR;
  if (only_base_option && ignore_base_option)
    return command_usage_error("--only-base and --ignore-base leave nothing");
  if (options.writer->of_inventory)
    return command_usage_error("--format: %s lists what is in an image: `assay sbom` writes it",
                               options.writer->name);
  g_auto(ServerTarget) target = {0};
  if (!server_target_open(arguments[0], &target, &error))
    return command_fail(error);
  g_autoptr(json_t) image = server_target_scanned(&target, &error);
  if (image == NULL)
    return command_fail(error);
  const char *digest = json_get_string(image, "digest");
  const json_t *scan = json_get_object(image, "scan");
  if (g_strcmp0(json_get_string(scan, "state"), "failed") == 0)
    return command_usage_error("the scan of %s failed: %s", arguments[0],
                               json_get_string(scan, "error"));
  if (g_strcmp0(json_get_string(scan, "state"), "deferred") == 0)
    return command_usage_error("%s is not scanned: %s", arguments[0],
                               json_get_string(scan, "error"));
  if (g_strcmp0(json_get_string(scan, "state"), "not-applicable") == 0)
    return tell_no_image(&target, image);
  g_autofree char *path = g_strdup_printf("/api/v1/images/%s/findings?repository=%s%s", digest,
                                          target.reference->repository,
                                          only_base_option     ? "&origin=base"
                                          : ignore_base_option ? "&origin=own"
                                                               : "");
  g_autofree char *verdict_path = g_strdup_printf("/api/v1/images/%s/verdict?repository=%s", digest,
                                                  target.reference->repository);
  g_autoptr(json_t) about = json_object();
  g_autoptr(json_t) findings = server_get_all(target.client, path, "findings", about, &error);
  g_autoptr(json_t) verdict =
      findings == NULL ? NULL : server_get(target.client, verdict_path, &error);
  if (verdict == NULL)
    return command_fail(error);
  g_autoptr(ReportBase) base = NULL;
  if (!read_base(&target, digest, about, &base, &error))
    return command_fail(error);
  return report(arguments[0], image, verdict, findings, about, base, &options);
}

const Command findings_command = {
    .name = "findings",
    .summary = "Show the findings of an image that a registry holds",
    .arguments = "[HOST/]REPOSITORY[:TAG|@DIGEST]",
    .help =
        "A digest may be cut to its first digits, as `assay images` shows it.\n\n"
        "Examples:\n"
        "  assay findings team/app:v1\n"
        "  assay findings 127.0.0.1:5000/team/app:v1 --severity critical,high --ignore-unfixed\n"
        "  assay findings team/app:v1 --ignore-base\n"
        "  assay findings team/app@7e8770da82f0\n"
        "  assay findings team/app:v1 --format sarif > app.sarif",
    .options = entries,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
