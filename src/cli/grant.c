/* `assay grant`: who was given which role on what. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/grants_table.h"
#include "cli/server_client.h"

static char *format_option, *subject_option, *role_option, *pattern_option;
static char *tags_option, *until_option;
static gboolean deny_option, public_option;

/* --- list --- */

static void
add_query(GString *path, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
  g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') != NULL ? '&' : '?', name,
                         escaped);
}

static int
run_list(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GString) path = g_string_new("/api/v1/grants");
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  add_query(path, "subject", subject_option);
  add_query(path, "role", role_option);
  add_query(path, "pattern", pattern_option);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) grants =
      client == NULL ? NULL : server_get_all(client, path->str, "grants", NULL, &error);
  if (grants == NULL)
    return command_fail(error);
  if (json)
    command_print_json(grants);
  else if (json_array_size(grants) == 0)
    puts("no grant is like that; `assay grant create` adds one");
  else
    grants_print(grants);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry list_options[] = {
    SERVER_OPTIONS(""),
    {"subject", 0, 0, G_OPTION_ARG_STRING, &subject_option,
     "Only those of NAME, team:NAME, everyone or anonymous", "SUBJECT"},
    {"role", 0, 0, G_OPTION_ARG_STRING, &role_option, "Only those that give it", "ROLE"},
    {"pattern", 0, 0, G_OPTION_ARG_STRING, &pattern_option, "Only those on this pattern",
     "PATTERN"},
    FORMAT_OPTION("table"),
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the grants that you manage",
    .arguments = "",
    .help = "Examples:\n"
            "  assay grant list\n"
            "  assay grant list --subject team:dev\n"
            "  assay grant list --subject anonymous --format json",
    .options = list_options,
    .run = run_list,
};

/* --- create --- */

/* "alice", "team:dev", "principal:everyone" (of a person of that name), "everyone", "anonymous" */
static void
set_subject(json_t *body, const char *subject)
{
  static const char *const kinds[] = {"team", "principal"};
  bool alone = strcmp(subject, "everyone") == 0 || strcmp(subject, "anonymous") == 0;
  json_set_string(body, "kind", alone ? subject : "principal");
  if (!alone)
    json_set_string(body, "subject", subject);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    size_t size = strlen(kinds[i]);
    if (strncmp(subject, kinds[i], size) == 0 && subject[size] == ':') {
      json_set_string(body, "kind", kinds[i]);
      json_set_string(body, "subject", subject + size + 1);
    }
  }
}

/* (transfer full); NULL: the arguments make no grant. */
static json_t *
read_grant(char **arguments, GError **error)
{
  guint count = g_strv_length(arguments);
  if (count != (public_option ? 1u : 3u)) {
    error_set(error, ASSAY_ERROR_INVALID,
              public_option ? "--public takes one argument, the PATTERN"
                            : "a grant needs SUBJECT, ROLE and PATTERN, or --public and PATTERN");
    return NULL;
  }
  g_autoptr(json_t) body = json_object();
  set_subject(body, public_option ? "anonymous" : arguments[0]);
  json_set_string(body, "role", public_option ? "guest" : arguments[1]);
  json_set_string(body, "pattern", arguments[count - 1]);
  json_set_string(body, "tags", tags_option);
  json_set_string(body, "effect", deny_option ? "deny" : "allow");
  if (until_option == NULL)
    return g_steal_pointer(&body);
  g_autofree char *until = account_end_time(until_option, error);
  json_set_string(body, "until", until);
  return until != NULL ? g_steal_pointer(&body) : NULL;
}

static int
run_create(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) body = read_grant(arguments, &error);
  g_autoptr(ServerClient) client = body == NULL ? NULL : server_client_new(NULL, &error);
  g_autoptr(json_t) made =
      client == NULL ? NULL : server_send(client, "POST", "/api/v1/grants", body, &error);
  if (made == NULL)
    return command_fail(error);
  g_autofree char *text = grant_in_words(made);
  if (json)
    command_print_json(made);
  else
    printf("created grant %" JSON_INTEGER_FORMAT ": %s\n", json_get_integer(made, "id", 0), text);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry create_options[] = {
    SERVER_OPTIONS(""),
    {"deny", 0, 0, G_OPTION_ARG_NONE, &deny_option,
     "Take the role's rights away, whoever gives them", NULL},
    {"tags", 0, 0, G_OPTION_ARG_STRING, &tags_option, "Only for tags that fit", "PATTERN"},
    {"until", 0, 0, G_OPTION_ARG_STRING, &until_option, "It ends then", "90d|12h|DAY|TIME"},
    {"public", 0, 0, G_OPTION_ARG_NONE, &public_option,
     "Let everybody pull what fits PATTERN, without a log-in", NULL},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command create_subcommand = {
    .name = "create",
    .summary = "Give a role on what fits a pattern, or deny it",
    .arguments = "[SUBJECT ROLE] PATTERN",
    .help =
        "SUBJECT is the name of a person or robot, team:NAME, everyone (who is logged in) or\n"
        "anonymous (also who is not). PATTERN is a repository, or has \"*\" for any characters:\n"
        "\"team/*\", or \"*\" for all that there is. `assay role list` lists the roles. What one\n"
        "grant denies, no other gives. You can give what you have yourself, where you manage\n"
        "access, and for as long.\n\n"
        "Examples:\n"
        "  assay grant create team:dev developer 'team/*'\n"
        "  assay grant create ci developer team/app --tags 'v*' --until 2027-01-31\n"
        "  assay grant create --public 'library/*'\n"
        "  assay grant create --deny everyone developer 'prod/*'",
    .options = create_options,
    .least_arguments = 1,
    .most_arguments = 3,
    .run = run_create,
};

/* --- delete --- */

static int
run_delete(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autofree char *escaped = g_uri_escape_string(arguments[0], NULL, FALSE);
  g_autofree char *path = g_strconcat("/api/v1/grants/", escaped, NULL);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  if (client == NULL || !server_delete(client, path, NULL, &error))
    return command_fail(error);
  if (!json)
    printf("deleted grant %s\n", arguments[0]);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry delete_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};

static const Command delete_subcommand = {
    .name = "delete",
    .summary = "Take a grant away, at once",
    .arguments = "ID",
    .help = "ID is as `assay grant list` shows it.\n\n"
            "Examples:\n"
            "  assay grant delete 17",
    .options = delete_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_delete,
};

static const Command *const subcommands[] = {&list_subcommand, &create_subcommand,
                                             &delete_subcommand, NULL};

const Command grant_command = {
    .name = "grant",
    .summary = "Who may do what: roles on repositories",
    .arguments = "",
    .help = "Examples:\n"
            "  assay grant create team:dev developer 'team/*'\n"
            "  assay grant list",
    .subcommands = subcommands,
};
