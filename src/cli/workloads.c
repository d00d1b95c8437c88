/* `assay workloads`: which images run in clusters of Kubernetes. */
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "report/columns.h"

#define WORKLOADS    "/api/v1/workloads"
#define DIGEST_SHOWN 19 /* "sha256:" and twelve digits, as in other tables */

static char *format_option, *cluster_option, *namespace_option, *repository_option, *digest_option,
    *vulnerability_option;
static gboolean ended_option;

/* --- what runs --- */

static void
add_row(Columns *table, const json_t *one)
{
  g_autofree char *object =
      g_strdup_printf("%s/%s", json_get_string(one, "kind"), json_get_string(one, "name"));
  g_autofree char *digest = account_short_time(one, "digest", DIGEST_SHOWN);
  g_autofree char *since = account_short_time(one, "since", 10);
  const char *state = json_get_string(one, "ended") != NULL ? "ended" : "runs";
  columns_add(table,
              (const char *[]){json_get_string(one, "cluster"), json_get_string(one, "namespace"),
                               object, json_get_string(one, "image"), digest, state, since});
}

/* (transfer full) */
static char *
path_of_options(void)
{
  const struct {
    const char *name, *value;
  } given[] = {{"cluster", cluster_option},
               {"namespace", namespace_option},
               {"repository", repository_option},
               {"digest", digest_option},
               {"vulnerability", vulnerability_option}};
  GString *path = g_string_new(WORKLOADS "?ended=");
  g_string_append(path, ended_option ? "true" : "false");
  for (size_t i = 0; i < G_N_ELEMENTS(given); i++) {
    if (given[i].value == NULL)
      continue;
    g_autofree char *escaped = g_uri_escape_string(given[i].value, NULL, FALSE);
    g_string_append_printf(path, "&%s=%s", given[i].name, escaped);
  }
  return g_string_free(path, FALSE);
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "CLUSTER"}, {.title = "NAMESPACE"},
      {.title = "OBJECT"},  {.title = "IMAGE", .least = 20, .flags = COLUMN_CUT},
      {.title = "DIGEST"},  {.title = "STATE"},
      {.title = "SINCE"},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row,
                                     "nothing that a cluster told of runs that\n", "workloads"};
  g_autofree char *path = path_of_options();
  return account_list(format_option, path, &shown);
}

static const GOptionEntry list_options[] = {
    SERVER_OPTIONS(""),
    {"cluster", 0, 0, G_OPTION_ARG_STRING, &cluster_option, "Only in this cluster", "NAME"},
    {"namespace", 'n', 0, G_OPTION_ARG_STRING, &namespace_option, "Only in this namespace of it",
     "NAME"},
    {"repository", 'r', 0, G_OPTION_ARG_STRING, &repository_option,
     "Only images of this repository", "NAME"},
    {"digest", 0, 0, G_OPTION_ARG_STRING, &digest_option, "Only this image", "DIGEST"},
    {"vulnerability", 0, 0, G_OPTION_ARG_STRING, &vulnerability_option,
     "Only images that have this vulnerability", "CVE"},
    {"ended", 0, 0, G_OPTION_ARG_NONE, &ended_option, "Also what ran in the last thirty days",
     NULL},
    FORMAT_OPTION("table"),
    {NULL}};
static const Command list_subcommand = {
    .name = "list",
    .summary = "List which images run where",
    .arguments = "",
    .help = "What clusters were told to admit. An index counts as each of its images.\n"
            "\n"
            "Examples:\n"
            "  assay workloads list --vulnerability CVE-2019-14697\n"
            "  assay workloads list --cluster production --namespace shop",
    .options = list_options,
    .run = run_list,
};

/* --- a cluster that is gone --- */

static int
run_forget(char **arguments)
{
  g_autofree char *path = account_path("/api/v1/clusters", arguments[0]);
  g_autofree char *done = g_strconcat("nothing runs in ", arguments[0], " any more", NULL);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static const GOptionEntry forget_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};
static const Command forget_subcommand = {
    .name = "forget",
    .summary = "Forget what runs in a cluster that is gone",
    .arguments = "CLUSTER",
    .help = "Examples:\n"
            "  assay workloads forget staging",
    .options = forget_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_forget,
};

static const Command *const subcommands[] = {&list_subcommand, &forget_subcommand, NULL};
const Command workloads_command = {
    .name = "workloads",
    .summary = "Say which images run in which cluster",
    .arguments = "",
    .help = "Examples:\n"
            "  assay workloads list --vulnerability CVE-2019-14697\n"
            "  assay workloads forget staging",
    .subcommands = subcommands,
};
