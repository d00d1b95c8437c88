/* `assay robot trust`: workloads that are known by the token of their own platform. */
#include "cli/robot_trust.h"
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"

static char *format_option, *issuer_option, *audience_option;
static char **claim_option;

/* (transfer full) */
static char *
trusts_path(const char *robot)
{
  g_autofree char *path = account_path("/api/v1/robots", robot);
  return g_strconcat(path, "/trusts", NULL);
}

/* "sub=repo:org/app:*" */
static bool
add_claim(json_t *claims, const char *text, GError **error)
{
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text || equals[1] == '\0')
    return error_set(error, ASSAY_ERROR_INVALID,
                     "--claim %s: write NAME=PATTERN, such as sub=repo:org/app:*", text);
  g_autofree char *name = g_strndup(text, (gsize)(equals - text));
  json_set_string(claims, name, equals + 1);
  return true;
}

static int
run_add(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  json_t *claims = json_object();
  json_object_set_new(body, "claims", claims);
  if (issuer_option == NULL || audience_option == NULL || claim_option == NULL)
    return command_usage_error("robot trust add: --issuer, --audience and --claim are needed");
  for (char **claim = claim_option; *claim != NULL; claim++)
    if (!add_claim(claims, *claim, &error))
      return command_fail(error);
  json_set_string(body, "issuer", issuer_option);
  json_set_string(body, "audience", audience_option);
  g_autofree char *path = trusts_path(arguments[0]);
  g_autofree char *done = g_strdup_printf("%s trusts %s", arguments[0], issuer_option);
  return account_send(format_option, "POST", path, body, done);
}

static int
run_remove(char **arguments)
{
  g_autofree char *folder = trusts_path(arguments[0]);
  g_autofree char *path = account_path(folder, arguments[1]);
  g_autofree char *done = g_strdup_printf("removed %s of %s", arguments[1], arguments[0]);
  return account_send(format_option, "DELETE", path, NULL, done);
}

/* "sub=repo:org/app:*, ref=refs/heads/main" (transfer full) */
static char *
claims_text(const json_t *claims)
{
  GString *text = g_string_new(NULL);
  const char *name;
  json_t *pattern;
  json_object_foreach((json_t *)(uintptr_t)claims, name, pattern) {
    g_string_append_printf(text, "%s%s=%s", text->len > 0 ? ", " : "", name,
                           json_string_value(pattern));
  }
  return g_string_free(text, FALSE);
}

static void
add_row(Columns *table, const json_t *trust)
{
  g_autofree char *id = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(trust, "id", 0));
  g_autofree char *claims = claims_text(json_object_get(trust, "claims"));
  g_autofree char *used = account_short_time(trust, "last_used", 16);
  columns_add(table, (const char *[]){id, json_get_string(trust, "issuer"),
                                      json_get_string(trust, "audience"), claims, used});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "ID"},
      {.title = "ISSUER"},
      {.title = "AUDIENCE"},
      {.title = "CLAIMS", .least = 20, .flags = COLUMN_CUT},
      {.title = "LAST SEEN", .flags = COLUMN_EMPTY},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row,
                                     "it trusts nobody; `assay robot trust add` adds a rule\n",
                                     "trusts"};
  g_autofree char *path = trusts_path(arguments[0]);
  return account_list(format_option, path, &shown);
}

static const GOptionEntry add_options[] = {
    SERVER_OPTIONS(""),
    {"issuer", 0, 0, G_OPTION_ARG_STRING, &issuer_option,
     "Who signs the tokens, as `iss` and access.workloads have it", "ADDRESS"},
    {"audience", 0, 0, G_OPTION_ARG_STRING, &audience_option, "Whom the tokens are for (`aud`)",
     "TEXT"},
    {"claim", 0, 0, G_OPTION_ARG_STRING_ARRAY, &claim_option,
     "What a claim must be; may be given several times, and all must hold", "NAME=PATTERN"},
    FORMAT_OPTION("text"),
    {NULL}};
static const Command add_subcommand = {
    .name = "add",
    .summary = "Have the tokens of an issuer count as the robot",
    .arguments = "NAME",
    .help =
        "\"*\" in a pattern stands for any characters. The tokens are shown as Bearer, or as the\n"
        "password beside the robot's name.\n\n"
        "Examples:\n"
        "  assay robot trust add ci --issuer https://token.actions.githubusercontent.com \\\n"
        "    --audience assay --claim repository=org/app --claim 'ref=refs/heads/*'\n"
        "  assay robot trust add web --issuer https://kubernetes.default.svc.cluster.local \\\n"
        "    --audience assay --claim sub=system:serviceaccount:web:builder",
    .options = add_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_add,
};

static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const Command list_subcommand = {
    .name = "list",
    .summary = "List the rules of a robot",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay robot trust list ci",
    .options = list_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_list,
};

static const GOptionEntry remove_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};
static const Command remove_subcommand = {
    .name = "remove",
    .summary = "Remove a rule, and end what was made by it",
    .arguments = "NAME ID",
    .help = "Examples:\n"
            "  assay robot trust remove ci 2263101",
    .options = remove_options,
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run_remove,
};

static const Command *const subcommands[] = {&add_subcommand, &list_subcommand, &remove_subcommand,
                                             NULL};

const Command robot_trust_command = {
    .name = "trust",
    .summary = "Workloads that are a robot by the token of their own platform, without a secret",
    .arguments = "",
    .help = "Examples:\n"
            "  assay robot trust add ci --issuer https://token.actions.githubusercontent.com \\\n"
            "    --audience assay --claim repository=org/app\n"
            "  assay robot trust list ci",
    .subcommands = subcommands,
};
