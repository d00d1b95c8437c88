/* `assay namespace`: what is set for namespaces, and setting it. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/setting_kinds.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/moving.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

static char *format_option;
static char **immutable_option, **without_option;
static gboolean no_immutable_option, no_quota_option, public_option, private_option;
static char *quota_bytes_option, *sbom_option, *scan_option;
static gint64 quota_images_option, quota_tags_option;

/* --- tables --- */

/* "v*, !v0*"; NULL: there is none. (transfer full) */
static char *
words_of(const json_t *space, const char *key)
{
  g_auto(GStrv) words = json_get_strings(space, key);
  return words == NULL ? NULL : g_strjoinv(", ", words);
}

/* "1.2 MB of 10.0 MB", "3", "-" while it is not counted. (transfer full) */
static char *
usage_of(const json_t *space, const char *what)
{
  g_autofree char *key = g_strconcat("quota_", what, NULL);
  bool bytes = strcmp(what, "bytes") == 0;
  json_int_t used = json_get_integer(json_get_object(space, "used"), what, -1);
  json_int_t quota = json_get_integer(space, key, 0);
  g_autofree char *count = used < 0 ? g_strdup("-")
                           : bytes  ? command_size_in_words((uint64_t)used)
                                    : g_strdup_printf("%" JSON_INTEGER_FORMAT, used);
  g_autofree char *most = bytes ? command_size_in_words((uint64_t)quota)
                                : g_strdup_printf("%" JSON_INTEGER_FORMAT, quota);
  return quota == 0 ? g_steal_pointer(&count) : g_strdup_printf("%s of %s", count, most);
}

static void
add_space(Columns *table, const json_t *space)
{
  g_autofree char *immutable = words_of(space, "immutable");
  g_autofree char *bytes = usage_of(space, "bytes"), *images = usage_of(space, "images"),
                  *tags = usage_of(space, "tags");
  columns_add(table, (const char *[]){json_get_string(space, "name"), bytes, images, tags,
                                      json_get_boolean(space, "public", false) ? "yes" : "no",
                                      immutable != NULL ? immutable : "-"});
}

/* That the value is what the server's configuration says, where it is none of this namespace. */
static const char *
inherited(const json_t *space, const char *key)
{
  g_auto(GStrv) keys = json_get_strings(space, "inherited");
  return keys != NULL && g_strv_contains((const char *const *)keys, key) ? " (default)" : "";
}

static void
print_space(const json_t *space)
{
  g_autofree char *immutable = words_of(space, "immutable");
  g_autofree char *name = report_clean_text(json_get_string(space, "name"));
  g_autofree char *clean = immutable == NULL ? NULL : report_clean_text(immutable);
  printf("namespace       %s\n", name);
  g_autofree char *bytes = usage_of(space, "bytes"), *images = usage_of(space, "images"),
                  *tags = usage_of(space, "tags");
  printf("size            %s\nimages          %s\ntags            %s\n", bytes, images, tags);
  printf("immutable tags  %s\n", clean != NULL ? clean : "none");
  printf("SBOM of images  %s\n", json_get_string(space, "sbom"));
  g_autofree char *without = words_of(space, "without");
  printf("looked for      %s%s%s\n", without == NULL ? "everything" : "not for ",
         without == NULL ? "" : without, inherited(space, "without"));
  const char *scan = json_get_string(space, "scan");
  printf("scanned         %s%s\n",
         g_strcmp0(scan, "push") == 0     ? "when they are pushed"
         : g_strcmp0(scan, "manual") == 0 ? "by hand"
                                          : scan,
         inherited(space, "scan"));
  printf("pulled by       %s\n", json_get_boolean(space, "public", false)
                                     ? "anybody, without a log-in"
                                     : "who was given the right");
}

/* --- list, show --- */

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "NAMESPACE"}, {.title = "SIZE"},
      {.title = "IMAGES"},    {.title = "TAGS"},
      {.title = "PUBLIC"},    {.title = "IMMUTABLE TAGS", .least = 20, .flags = COLUMN_CUT},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_space, "no namespaces\n",
                                     "namespaces"};
  return account_list(format_option, "/api/v1/namespaces", &shown);
}

static int
show(json_t *space, bool json, const GError *error)
{
  if (space == NULL)
    return command_fail(error);
  if (json)
    command_print_json(space);
  else
    print_space(space);
  return command_end_output(EXIT_FINE);
}

static int
run_show(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = account_path("/api/v1/namespaces", arguments[0]);
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) space = client == NULL ? NULL : server_get(client, path, &error);
  return show(space, json, error);
}

/* --- set --- */

static void
add_quotas(json_t *change, uint64_t bytes)
{
  if (no_quota_option) {
    json_object_set_new(change, "quota_bytes", json_null());
    json_object_set_new(change, "quota_images", json_null());
    json_object_set_new(change, "quota_tags", json_null());
  }
  if (quota_bytes_option != NULL)
    json_set_number(change, "quota_bytes", bytes);
  if (quota_images_option > 0)
    json_object_set_new(change, "quota_images", json_integer(quota_images_option));
  if (quota_tags_option > 0)
    json_object_set_new(change, "quota_tags", json_integer(quota_tags_option));
}

/* "none" is an empty list, and "default" null. What is no kind, the server refuses. */
static void
add_without(json_t *change)
{
  g_autoptr(json_t) list = json_array();
  bool one = without_option != NULL && g_strv_length(without_option) == 1;
  bool none = one && strcmp(without_option[0], "none") == 0;
  if (one && strcmp(without_option[0], "default") == 0) {
    json_object_set_new(change, "without", json_null());
    return;
  }
  for (char **each = without_option; each != NULL && *each != NULL && !none; each++) {
    g_auto(GStrv) words = g_strsplit(*each, ",", -1);
    for (char **word = words; *word != NULL; word++)
      json_array_append_new(list, json_string(g_strstrip(*word)));
  }
  if (without_option != NULL)
    json_object_set(change, "without", list);
}

/* What the options ask for; NULL: nothing, or what cannot be. (transfer full) */
static json_t *
change_of_options(uint64_t quota_bytes)
{
  g_autoptr(json_t) change = json_object();
  if ((no_immutable_option && immutable_option != NULL) || (public_option && private_option))
    return NULL;
  if (no_immutable_option)
    json_object_set_new(change, "immutable", json_null());
  if (immutable_option != NULL)
    json_set_strings(change, "immutable", (const char *const *)immutable_option);
  if (public_option || private_option)
    json_object_set_new(change, "public", json_boolean(public_option));
  json_set_string(change, "sbom", sbom_option);
  if (g_strcmp0(scan_option, "default") == 0)
    json_object_set_new(change, "scan", json_null());
  else
    json_set_string(change, "scan", scan_option);
  add_without(change);
  add_quotas(change, quota_bytes);
  return json_object_size(change) > 0 ? g_steal_pointer(&change) : NULL;
}

static int
run_set(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = account_path("/api/v1/namespaces", arguments[0]);
  uint64_t bytes = 0;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  if (quota_bytes_option != NULL && !size_parse(quota_bytes_option, &bytes))
    return command_usage_error("--quota-bytes %s: must be " SIZE_IN_WORDS, quota_bytes_option);
  g_autoptr(json_t) change = change_of_options(bytes);
  if (change == NULL)
    return command_usage_error("say what to set, each option once; `assay namespace set --help` "
                               "lists the options");
  g_autofree char *text = json_to_text(change);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) space =
      client == NULL ? NULL : server_patch(client, path, slice_from_string(text), &error);
  return show(space, json, error);
}

static const GOptionEntry read_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry set_options[] = {
    SERVER_OPTIONS(""),
    {"immutable", 0, 0, G_OPTION_ARG_STRING_ARRAY, &immutable_option,
     "Tags that match neither move nor go; may be given several times", "[!][REPOSITORY:]PATTERN"},
    {"quota-bytes", 0, 0, G_OPTION_ARG_STRING, &quota_bytes_option,
     "So much it may hold: a number with KiB, MiB or GiB", "SIZE"},
    {"quota-images", 0, 0, G_OPTION_ARG_INT64, &quota_images_option, "So many images", "N"},
    {"quota-tags", 0, 0, G_OPTION_ARG_INT64, &quota_tags_option, "So many tags", "N"},
    {"no-quota", 0, 0, G_OPTION_ARG_NONE, &no_quota_option, "It may hold what there is room for",
     NULL},
    {"no-immutable", 0, 0, G_OPTION_ARG_NONE, &no_immutable_option, "All tags may move", NULL},
    {"sbom", 0, 0, G_OPTION_ARG_STRING, &sbom_option,
     "Keep the SBOM of each image beside it, as a referrer", "none|cyclonedx|spdx"},
    {"scan", 0, 0, G_OPTION_ARG_STRING, &scan_option,
     "When images are scanned first: a time of the day is in UTC", "push|HH:MM|manual|default"},
    {"without", 0, 0, G_OPTION_ARG_STRING_ARRAY, &without_option,
     "Kinds of findings neither shown nor blocking there; may be repeated",
     "none|KIND,...|default"},
    {"public", 0, 0, G_OPTION_ARG_NONE, &public_option,
     "Whoever reaches the registry pulls from it, without a log-in; is set alone", NULL},
    {"private", 0, 0, G_OPTION_ARG_NONE, &private_option, "Only who was given the right pulls",
     NULL},
    FORMAT_OPTION("table"),
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the namespaces of a registry, and what is set for them",
    .arguments = "",
    .help = "Examples:\n"
            "  assay namespace list\n"
            "  assay namespace list --format json",
    .options = read_options,
    .run = run_list,
};

static const Command show_subcommand = {
    .name = "show",
    .summary = "Show what is set for a namespace",
    .arguments = "NAMESPACE",
    .help = "Examples:\n"
            "  assay namespace show team\n"
            "  assay namespace show --format json team",
    .options = read_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};

static const Command set_subcommand = {
    .name = "set",
    .summary = "Set what applies to a namespace",
    .arguments = "NAMESPACE",
    .help =
        "What no option names stays as it is. The patterns that are given replace those before.\n"
        "\"*\" stands for any characters of a tag; a pattern that begins with \"!\" takes out\n"
        "what it matches. The tags sha256-* of signatures are never immutable.\n"
        "--scan default and --without default: what the server's configuration says\n"
        "(registry.namespaces), as where neither was ever set.\n\n"
        "Examples:\n"
        "  assay namespace set --immutable 'v*' team\n"
        "  assay namespace set --immutable '*' --immutable '!latest' prod\n"
        "  assay namespace set --immutable 'team/app:release-*' team\n"
        "  assay namespace set --quota-bytes 50GiB --quota-images 1000 team\n"
        "  assay namespace set --no-immutable --no-quota team\n"
        "  assay namespace set --sbom cyclonedx team\n"
        "  assay namespace set --scan 02:30 nightly\n"
        "  assay namespace set --without baseline,configuration team\n"
        "  assay namespace set --without default --scan default team\n"
        "  assay namespace set --public base",
    .options = set_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_set,
};

static int
run_rename(char **arguments)
{
  g_autofree char *path = account_path("/api/v1/namespaces", arguments[0]);
  g_autofree char *rename = g_strconcat(path, "/rename", NULL);
  return moving_run(rename, arguments[1]);
}

static const GOptionEntry rename_options[] = {SERVER_OPTIONS(""), MOVING_OPTIONS, {NULL}};

static const Command rename_subcommand = {
    .name = "rename",
    .summary = "Give a namespace another name, with all of its repositories",
    .arguments = "NAMESPACE NEW",
    .help = MOVING_HELP "\nWhat is set for the namespace goes along, and the new name must be "
                        "free.\n\n"
                        "Examples:\n"
                        "  assay namespace rename team crew\n"
                        "  assay namespace rename --redirect-for 90d team crew",
    .options = rename_options,
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run_rename,
};

static const Command *const subcommands[] = {&list_subcommand, &show_subcommand, &set_subcommand,
                                             &rename_subcommand, NULL};

const Command namespace_command = {
    .name = "namespace",
    .summary = "What applies to the repositories of a namespace: immutable tags, quotas, SBOMs; "
               "renaming it",
    .help = "Examples:\n"
            "  assay namespace set --quota-bytes 50GiB team\n"
            "  assay namespace set --public base",
    .subcommands = subcommands,
};
