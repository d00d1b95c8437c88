/* `assay access explain`: why somebody may, or may not. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/grants_table.h"
#include "cli/server_client.h"

static char *format_option;

/* REF is REPOSITORY[:TAG], or "*" for what is of none. (transfer full) */
static char *
question_path(const char *who, const char *verb, const char *typed)
{
  const char *slash = strrchr(typed, '/');
  const char *colon = strchr(slash != NULL ? slash : typed, ':');
  g_autofree char *repository =
      colon != NULL ? g_strndup(typed, (gsize)(colon - typed)) : g_strdup(typed);
  g_autofree char *name = g_uri_escape_string(who, NULL, FALSE);
  g_autofree char *word = g_uri_escape_string(verb, NULL, FALSE);
  g_autofree char *where = g_uri_escape_string(repository, "/", FALSE);
  g_autofree char *tag = colon == NULL ? NULL : g_uri_escape_string(colon + 1, NULL, FALSE);
  if (strcmp(typed, "*") == 0)
    return g_strdup_printf("/api/v1/access/explain?who=%s&verb=%s", name, word);
  return g_strdup_printf("/api/v1/access/explain?who=%s&verb=%s&repository=%s%s%s", name, word,
                         where, tag != NULL ? "&tag=" : "", tag != NULL ? tag : "");
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
                                       {"format", 'f', 0, G_OPTION_ARG_STRING, &format_option,
                                        "How to write it (default: text)", "text|json"},
                                       {NULL}};

static const Command explain_subcommand = {
    .name = "explain",
    .summary = "Say whether somebody may do something, and by which grant",
    .arguments = "WHO VERB REPOSITORY[:TAG]",
    .help =
        "WHO is a person, a robot or \"anonymous\"; of yourself everybody may ask. \"*\" as\n"
        "REPOSITORY is what is of none: people, endpoints, the audit. The grant that decides is\n"
        "the first of those that say something about it. The exit code is 1 for no.\n\n"
        "Examples:\n"
        "  assay access explain alice push team/app:v1\n"
        "  assay access explain anonymous pull library/debian\n"
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
