/* `assay rule`: signing rules: what the registry signs, for which attestor, and when. */
#include "base/error.h"
#include "base/json.h"
#include "base/setting_kinds.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/rule_run.h"
#include "report/columns.h"

#define RULES "/api/v1/signing-rules"

static char *format_option, *description_option, *attestor_option, *on_option, *renew_option;
static char **repository_options, **tag_options, **write_options, **attest_options;
static gboolean members_option, no_members_option;

/* --- list and show --- */

/* "a, b"; NULL: there is none. (transfer full) */
static char *
words_of(const json_t *rule, const char *key)
{
  g_auto(GStrv) words = json_get_strings(rule, key);
  return words == NULL ? NULL : g_strjoinv(", ", words);
}

static void
add_row(Columns *table, const json_t *rule)
{
  g_autofree char *repositories = words_of(rule, "repositories"), *tags = words_of(rule, "tags"),
                  *formats = words_of(rule, "formats"), *attests = words_of(rule, "attest");
  columns_add(table,
              (const char *[]){json_get_string(rule, "name"), json_get_string(rule, "attestor"),
                               json_get_string(rule, "trigger"), repositories,
                               tags != NULL ? tags : "all", attests != NULL ? attests : "images",
                               formats != NULL ? formats : "cosign, bundle"});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "RULE"}, {.title = "ATTESTOR"}, {.title = "ON"},     {.title = "REPOSITORIES"},
      {.title = "TAGS"}, {.title = "SIGNS"},    {.title = "WRITES"},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row,
                                     "nothing is signed by itself; `assay rule add` adds a rule\n",
                                     "signing_rules"};
  return account_list(format_option, RULES, &shown);
}

static int
run_show(char **arguments)
{
  g_autofree char *path = account_path(RULES, arguments[0]);
  return account_send("json", "GET", path, NULL, NULL);
}

/* --- add, set, remove --- */

static bool
add_renewal(json_t *body, GError **error)
{
  uint64_t seconds = 0;
  if (renew_option == NULL)
    return true;
  if (!duration_parse(renew_option, &seconds))
    return error_set(error, ASSAY_ERROR_INVALID, "--renew %s: is no duration, as 12h or 7d",
                     renew_option);
  json_set_number(body, "renew", seconds);
  return true;
}

static bool
add_options(json_t *body, GError **error)
{
  json_set_string(body, "description", description_option);
  json_set_string(body, "attestor", attestor_option);
  json_set_string(body, "trigger", on_option);
  if (repository_options != NULL)
    json_set_strings(body, "repositories", (const char *const *)repository_options);
  if (tag_options != NULL)
    json_set_strings(body, "tags", (const char *const *)tag_options);
  if (attest_options != NULL)
    json_set_strings(body, "attest", (const char *const *)attest_options);
  if (write_options != NULL)
    json_set_strings(body, "formats", (const char *const *)write_options);
  if (members_option || no_members_option)
    json_object_set_new(body, "members", json_boolean(members_option));
  return add_renewal(body, error);
}

static int
run_add(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *done = g_strconcat("added ", arguments[0], NULL);
  json_set_string(body, "name", arguments[0]);
  if (!add_options(body, &error))
    return command_fail(error);
  return account_send(format_option, "POST", RULES, body, done);
}

/* What no option speaks of stays. */
static int
run_set(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = account_path(RULES, arguments[0]);
  g_autofree char *done = g_strconcat("changed ", arguments[0], NULL);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) body = client == NULL ? NULL : server_get(client, path, &error);
  if (body == NULL || !add_options(body, &error))
    return command_fail(error);
  return account_send(format_option, "PUT", path, body, done);
}

static int
run_remove(char **arguments)
{
  g_autofree char *path = account_path(RULES, arguments[0]);
  g_autofree char *done = g_strconcat("removed ", arguments[0], NULL);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry show_options[] = {SERVER_OPTIONS(""), {NULL}};
static const GOptionEntry plain_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};
static const GOptionEntry set_options[] = {
    SERVER_OPTIONS(""),
    {"attestor", 'a', 0, G_OPTION_ARG_STRING, &attestor_option,
     "For whom; it has a signing key (assay attestor list)", "NAME"},
    {"repository", 'r', 0, G_OPTION_ARG_STRING_ARRAY, &repository_options,
     "In repositories of this pattern; may be repeated", "PATTERN"},
    {"tag", 't', 0, G_OPTION_ARG_STRING_ARRAY, &tag_options,
     "Only with a tag of this pattern; may be repeated", "PATTERN"},
    {"on", 0, 0, G_OPTION_ARG_STRING, &on_option, "When (default: manual)",
     "manual|push|passed|repaired"},
    {"write", 0, 0, G_OPTION_ARG_STRING_ARRAY, &write_options,
     "A format; may be repeated (default: cosign and bundle)", "cosign|bundle|notation"},
    {"attest", 0, 0, G_OPTION_ARG_STRING_ARRAY, &attest_options,
     "Attest that, instead of signing; may be repeated", "vulnerabilities|sbom"},
    {"renew", 0, 0, G_OPTION_ARG_STRING, &renew_option,
     "Attest vulnerabilities anew after that long (default: 1d)", "DURATION"},
    {"members", 0, 0, G_OPTION_ARG_NONE, &members_option,
     "Of a multi-platform image, its images as well", NULL},
    {"no-members", 0, 0, G_OPTION_ARG_NONE, &no_members_option, "... the index alone (default)",
     NULL},
    {"description", 0, 0, G_OPTION_ARG_STRING, &description_option, "What it is for", "TEXT"},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the signing rules",
    .arguments = "",
    .help = "Examples:\n"
            "  assay rule list",
    .options = list_options,
    .run = run_list,
};
static const Command show_subcommand = {
    .name = "show",
    .summary = "Show one, as JSON",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay rule show release",
    .options = show_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};
static const Command add_subcommand = {
    .name = "add",
    .summary = "Add a signing rule",
    .arguments = "NAME",
    .help =
        "`passed`: when an image is scanned and the policy lets it out. `push`: when it is\n"
        "stored. `repaired`: as `passed`, of an image that says which image of the registry it\n"
        "repairs. `manual`: when somebody asks. A rule needs a key grant as well\n"
        "(assay key-grant create).\n\n"
        "Examples:\n"
        "  assay rule add release --attestor release --repository 'prod/*' --on passed\n"
        "  assay rule add tagged -a release -r '*' -t 'v*' --on push --members\n"
        "  assay rule add scans -a scanner -r 'prod/*' --on passed \\\n"
        "    --attest vulnerabilities --attest sbom",
    .options = set_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_add,
};
static const Command set_subcommand = {
    .name = "set",
    .summary = "Change a signing rule",
    .arguments = "NAME",
    .help = "Patterns and formats are named all anew; what no option speaks of stays. What was\n"
            "signed stays signed.\n\n"
            "Examples:\n"
            "  assay rule set release --repository 'prod/*' --repository 'stage/*'",
    .options = set_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_set,
};
static const Command remove_subcommand = {
    .name = "remove",
    .summary = "Remove a signing rule; what was signed stays signed",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay rule remove release",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_remove,
};

static const Command *const subcommands[] = {&list_subcommand,
                                             &show_subcommand,
                                             &add_subcommand,
                                             &set_subcommand,
                                             &remove_subcommand,
                                             &rule_run_subcommand,
                                             NULL};

const Command rule_command = {
    .name = "rule",
    .summary = "Signing rules: what is signed, for whom and when",
    .arguments = "",
    .help = "Examples:\n"
            "  assay rule add release --attestor release --repository 'prod/*' --on passed\n"
            "  assay rule list\n"
            "  assay rule run release --dry-run",
    .subcommands = subcommands,
};
