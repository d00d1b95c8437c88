/* `assay access explain`: why somebody may, or may not. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/grants_table.h"
#include "cli/server_client.h"

static char *format_option, *endpoint_option, *address_option;

static void
add_query(GString *path, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_autofree char *escaped = g_uri_escape_string(value, "/", FALSE);
  g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') != NULL ? '&' : '?', name,
                         escaped);
}

/* REF is REPOSITORY[:TAG], or "*" for what is of none. (transfer full) */
static char *
question_path(const char *who, const char *verb, const char *typed)
{
  const char *slash = strrchr(typed, '/');
  const char *colon = strchr(slash != NULL ? slash : typed, ':');
  g_autofree char *repository =
      colon != NULL ? g_strndup(typed, (gsize)(colon - typed)) : g_strdup(typed);
  bool all = strcmp(typed, "*") == 0;
  GString *path = g_string_new("/api/v1/access/explain");
  add_query(path, "who", who);
  add_query(path, "verb", verb);
  add_query(path, "repository", all ? NULL : repository);
  add_query(path, "tag", all || colon == NULL ? NULL : colon + 1);
  add_query(path, "endpoint", endpoint_option);
  add_query(path, "address", address_option);
  return g_string_free(path, FALSE);
}

static void
print_answer(const json_t *answer, bool allowed)
{
  const json_t *grants = json_get_array(answer, "grants");
  printf("%s: %s\n", allowed ? "yes" : "no", json_get_string(answer, "reason"));
  if (json_array_size(grants) > 0) {
    puts("");
    grants_print(grants);
  }
}

static int
run_explain(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autofree char *path = question_path(arguments[0], arguments[1], arguments[2]);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) answer = client == NULL ? NULL : server_get(client, path, &error);
  if (answer == NULL)
    return command_fail(error);
  bool allowed = json_get_boolean(answer, "allowed", false);
  if (json)
    command_print_json(answer);
  else
    print_answer(answer, allowed);
  return command_end_output(allowed ? EXIT_FINE : EXIT_REFUSED);
}

static const GOptionEntry options[] = {SERVER_OPTIONS(""),
                                       {"endpoint", 0, 0, G_OPTION_ARG_STRING, &endpoint_option,
                                        "Whether that endpoint serves it, too", "ENDPOINT"},
                                       {"address", 0, 0, G_OPTION_ARG_STRING, &address_option,
                                        "... and admits that address", "ADDRESS"},
                                       FORMAT_OPTION("text"),
                                       {NULL}};

static const Command explain_subcommand = {
    .name = "explain",
    .summary = "Say whether somebody may do something, and by which grant",
    .arguments = "WHO VERB REPOSITORY[:TAG]",
    .help =
        "WHO is a person, a robot or \"anonymous\"; of yourself everybody may ask. \"*\" as\n"
        "REPOSITORY is what is of none: people, endpoints, the audit. The grant that decides is\n"
        "the first of those that say something about it. What an endpoint does not serve, no "
        "grant\n"
        "gives there. The exit code is 1 for no.\n\n"
        "Examples:\n"
        "  assay access explain alice push team/app:v1\n"
        "  assay access explain anonymous pull library/debian\n"
        "  assay access explain ci push prod/app --endpoint pro --address 10.2.0.7\n"
        "  assay access explain bob read-audit '*'",
    .options = options,
    .least_arguments = 3,
    .most_arguments = 3,
    .run = run_explain,
};

static const Command *const subcommands[] = {&explain_subcommand, NULL};

const Command access_command = {
    .name = "access",
    .summary = "Explain decisions about rights",
    .arguments = "",
    .help = "Examples:\n"
            "  assay access explain alice push team/app",
    .subcommands = subcommands,
};
