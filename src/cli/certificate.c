/* `assay certificate`: whose client certificates are. */
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"

#define CERTIFICATES "/api/v1/certificates"

static char *format_option, *uri_option, *dns_option, *email_option, *subject_option;

static int
run_add(char **arguments)
{
  const struct {
    const char *kind, *value;
  } names[] = {{"uri", uri_option},
               {"dns", dns_option},
               {"email", email_option},
               {"subject", subject_option}};
  g_autoptr(json_t) body = json_object();
  unsigned given = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    given += names[i].value != NULL;
    if (names[i].value == NULL)
      continue;
    json_set_string(body, "kind", names[i].kind);
    json_set_string(body, "value", names[i].value);
  }
  if (given != 1)
    return command_usage_error(
        "certificate add: one of --uri, --dns, --email and --subject is needed");
  json_set_string(body, "principal", arguments[0]);
  g_autofree char *done =
      g_strdup_printf("certificates with that name are %s's from now on", arguments[0]);
  return account_send(format_option, "POST", CERTIFICATES, body, done);
}

static int
run_remove(char **arguments)
{
  g_autofree char *path = account_path(CERTIFICATES, arguments[0]);
  g_autofree char *done = g_strconcat("removed ", arguments[0], NULL);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static void
add_row(Columns *table, const json_t *one)
{
  g_autofree char *id = g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(one, "id", 0));
  columns_add(table, (const char *[]){id, json_get_string(one, "principal"),
                                      json_get_string(one, "kind"), json_get_string(one, "value")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "ID"},
      {.title = "WHO"},
      {.title = "KIND"},
      {.title = "NAME", .least = 20, .flags = COLUMN_CUT},
  };
  static const AccountTable shown = {
      columns, G_N_ELEMENTS(columns), add_row,
      "no certificate is anybody's; `assay certificate add` says whose one is\n", "certificates"};
  return account_list(format_option, CERTIFICATES, &shown);
}

static const GOptionEntry add_options[] = {
    SERVER_OPTIONS(""),
    {"uri", 0, 0, G_OPTION_ARG_STRING, &uri_option, "An alternative name: a URI, as SPIFFE has it",
     "URI"},
    {"dns", 0, 0, G_OPTION_ARG_STRING, &dns_option, "An alternative name of a host", "NAME"},
    {"email", 0, 0, G_OPTION_ARG_STRING, &email_option, "An alternative name: a mail address",
     "ADDRESS"},
    {"subject", 0, 0, G_OPTION_ARG_STRING, &subject_option,
     "The subject, as RFC 4514 writes it: CN=ci,O=Example", "NAME"},
    FORMAT_OPTION("text"),
    {NULL}};
static const Command add_subcommand = {
    .name = "add",
    .summary = "Say whose certificates with a name are",
    .arguments = "WHO",
    .help =
        "WHO is a person or a robot. The name must be the same, without patterns. Certificates\n"
        "are by the authorities of access.client_ca.\n\n"
        "Examples:\n"
        "  assay certificate add ci --uri spiffe://example.com/ns/ci/sa/builder\n"
        "  assay certificate add alice --email alice@example.com",
    .options = add_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_add,
};

static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const Command list_subcommand = {
    .name = "list",
    .summary = "List whose certificates are",
    .arguments = "",
    .help = "Examples:\n"
            "  assay certificate list",
    .options = list_options,
    .run = run_list,
};

static const GOptionEntry remove_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};
static const Command remove_subcommand = {
    .name = "remove",
    .summary = "Have certificates with a name be nobody's again",
    .arguments = "ID",
    .help = "Examples:\n"
            "  assay certificate remove 2263101",
    .options = remove_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_remove,
};

static const Command *const subcommands[] = {&list_subcommand, &add_subcommand, &remove_subcommand,
                                             NULL};

const Command certificate_command = {
    .name = "certificate",
    .summary = "Whose client certificates are",
    .arguments = "",
    .help = "Examples:\n"
            "  assay certificate add ci --uri spiffe://example.com/ns/ci/sa/builder\n"
            "  assay certificate list",
    .subcommands = subcommands,
};
