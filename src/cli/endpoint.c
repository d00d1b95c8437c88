/* `assay endpoint`: the named ways into a registry. */
#include <stdio.h>

#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/endpoint_hosts.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "report/report.h"

#define ENDPOINTS "/api/v1/endpoints"

static char *format_option;
static char **listen_option, **name_option, **allow_option, **deny_option, **hop_option;
static char **proxy_option, **repository_option, **verb_option;
static char *certificate_option, *key_option, *forwarded_option, *client_certificate_option,
    *address_option, *bytes_option;
static int requests_option = -1;
static gboolean plain_option, close_option;

/* --- asking --- */

/* (transfer full) */
static char *
path_of(const char *name)
{
  g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
  return g_strconcat(ENDPOINTS "/", escaped, NULL);
}

/* @path: NULL where there is none. (transfer full) */
static json_t *
ask(const char *path, GError **error)
{
  g_autoptr(ServerClient) client = server_client_new(NULL, error);
  return client == NULL ? NULL : server_get(client, path, error);
}

static char *
words_of(const json_t *endpoint, const char *key)
{
  g_auto(GStrv) words = json_get_strings(endpoint, key);
  g_autofree char *joined = words == NULL ? g_strdup("") : g_strjoinv(", ", words);
  return report_clean_text(*joined == '\0' ? "-" : joined);
}

static bool
is_empty(const json_t *endpoint, const char *key)
{
  return json_array_size(json_get_array(endpoint, key)) == 0;
}

/* --- list, test --- */

static const char *
state_of(const json_t *endpoint)
{
  if (!json_get_boolean(endpoint, "listening", false))
    return "not listening";
  return is_empty(endpoint, "allow") ? "closed" : "open";
}

static void
add_endpoint(Columns *table, const json_t *endpoint)
{
  bool listening = json_get_boolean(endpoint, "listening", false);
  g_autofree char *where = words_of(endpoint, listening ? "urls" : "listen");
  g_autofree char *allow = words_of(endpoint, "allow");
  g_autofree char *repositories = words_of(endpoint, "repositories");
  g_autofree char *verbs = words_of(endpoint, "verbs");
  columns_add(table, (const char *[]){json_get_string(endpoint, "name"), state_of(endpoint), where,
                                      allow, repositories, verbs});
}

static void
add_answer(Columns *table, const json_t *endpoint)
{
  const json_t *answer = json_get_object(endpoint, "answer");
  const char *serves = json_get_string(answer, "serves");
  columns_add(table,
              (const char *[]){json_get_string(endpoint, "name"),
                               json_get_boolean(answer, "admitted", false) ? "yes" : "no",
                               serves != NULL ? serves : "-", json_get_string(answer, "reason")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "ENDPOINT"},
      {.title = "STATE"},
      {.title = "LISTENS AT", .least = 20, .flags = COLUMN_CUT},
      {.title = "ALLOWS", .least = 12, .flags = COLUMN_CUT},
      {.title = "REPOSITORIES", .least = 12, .flags = COLUMN_CUT},
      {.title = "VERBS", .least = 8, .flags = COLUMN_CUT},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_endpoint, "no endpoints\n",
                                     "endpoints"};
  return account_list(format_option, ENDPOINTS, &shown);
}

static int
run_test(char **arguments)
{
  static const Column columns[] = {
      {.title = "ENDPOINT"},
      {.title = "ADMITTED"},
      {.title = "SERVES", .least = 12, .flags = COLUMN_CUT},
      {.title = "REASON", .least = 20, .flags = COLUMN_CUT},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_answer, "no endpoints\n",
                                     "endpoints"};
  g_autofree char *address = g_uri_escape_string(arguments[0], NULL, FALSE);
  g_autofree char *path = g_strconcat(ENDPOINTS "?address=", address, NULL);
  return account_list(format_option, path, &shown);
}

/* --- dns --- */

static int
run_dns(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) answer = ask(ENDPOINTS, &error);
  if (answer == NULL)
    return command_fail(error);
  g_autofree char *text = endpoint_hosts_text(json_get_array(answer, "endpoints"), address_option);
  fputs(text, stdout);
  return command_end_output(EXIT_FINE);
}

/* --- show --- */

static void
print_endpoint(const json_t *endpoint)
{
  static const char *const rows[][2] = {
      {"urls", "listens at"},
      {"server_names", "server names"},
      {"allow", "allows"},
      {"deny", "denies"},
      {"proxy_protocol", "PROXY by"},
      {"trusted_proxies", "trusted proxies"},
      {"repositories", "repositories"},
      {"verbs", "verbs"},
  };
  g_autofree char *name = report_clean_text(json_get_string(endpoint, "name"));
  printf("%-16s%s\n%-16s%s%s\n", "endpoint", name, "state", state_of(endpoint),
         json_get_boolean(endpoint, "configured", false) ? ", of the configuration" : "");
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *words = words_of(endpoint, rows[i][0]);
    printf("%-16s%s\n", rows[i][1], words);
  }
  const char *certificate = json_get_string(endpoint, "certificate");
  g_autofree char *clean = report_clean_text(certificate != NULL ? certificate : "-");
  printf("%-16s%s\n", "certificate", clean);
  const json_t *limits = json_get_object(endpoint, "limits");
  json_int_t requests = json_get_integer(limits, "requests_per_minute", 0);
  json_int_t bytes = json_get_integer(limits, "bytes_per_minute", 0);
  if (requests > 0)
    printf("%-16s%" JSON_INTEGER_FORMAT " a minute\n", "requests", requests);
  g_autofree char *size = command_size_in_words((uint64_t)bytes);
  if (bytes > 0)
    printf("%-16s%s a minute\n", "bytes", size);
}

static int
show(const json_t *endpoint, bool json, const GError *error)
{
  if (endpoint == NULL)
    return command_fail(error);
  if (json)
    command_print_json(endpoint);
  else
    print_endpoint(endpoint);
  return command_end_output(EXIT_FINE);
}

static int
run_show(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = path_of(arguments[0]);
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) endpoint = ask(path, &error);
  return show(endpoint, json, error);
}

/* --- create, set, delete --- */

/* "" alone stands for an empty list. */
static void
add_list(json_t *object, const char *key, char **words)
{
  if (words == NULL)
    return;
  bool none = **words == '\0' && words[1] == NULL;
  json_set_strings(object, key, (const char *const *)(none ? words + 1 : words));
}

/* What the options say. (transfer full) */
static json_t *
object_of_options(void)
{
  json_t *object = json_object();
  add_list(object, "listen", listen_option);
  add_list(object, "server_names", name_option);
  add_list(object, "allow", allow_option);
  add_list(object, "deny", deny_option);
  add_list(object, "proxy_protocol", hop_option);
  add_list(object, "trusted_proxies", proxy_option);
  add_list(object, "repositories", repository_option);
  add_list(object, "verbs", verb_option);
  if (close_option)
    json_object_set_new(object, "allow", json_array());
  if (certificate_option != NULL)
    json_set_string(object, "certificate", certificate_option);
  if (key_option != NULL)
    json_set_string(object, "key", key_option);
  if (client_certificate_option != NULL)
    json_set_string(object, "client_certificate", client_certificate_option);
  if (forwarded_option != NULL)
    json_set_string(object, "forwarded_by", forwarded_option);
  if (plain_option)
    json_object_set_new(object, "plain_http", json_true());
  json_t *limits = json_object();
  if (requests_option >= 0)
    json_object_set_new(limits, "requests_per_minute", json_integer(requests_option));
  if (bytes_option != NULL)
    json_set_string(limits, "bytes_per_minute", bytes_option);
  if (json_object_size(limits) > 0)
    json_object_set(object, "limits", limits);
  json_decref(limits);
  return object;
}

static int
run_create(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  if (listen_option == NULL)
    return command_usage_error("say where it listens: --listen HOST:PORT");
  g_autoptr(json_t) object = object_of_options();
  json_set_string(object, "name", arguments[0]);
  g_autofree char *text = json_to_text(object);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) endpoint =
      client == NULL ? NULL : server_post(client, ENDPOINTS, slice_from_string(text), &error);
  return show(endpoint, json, error);
}

static int
run_set(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = path_of(arguments[0]);
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(json_t) change = object_of_options();
  if (json_object_size(change) == 0)
    return command_usage_error("say what to set; `assay endpoint set --help` lists the options");
  g_autofree char *text = json_to_text(change);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) endpoint =
      client == NULL ? NULL : server_patch(client, path, slice_from_string(text), &error);
  return show(endpoint, json, error);
}

static int
run_delete(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = path_of(arguments[0]);
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  if (client == NULL || !server_delete(client, path, NULL, &error))
    return command_fail(error);
  g_autofree char *name = report_clean_text(arguments[0]);
  printf("deleted %s\n", name);
  return command_end_output(EXIT_FINE);
}

/* --- what they are --- */

#define TEXTS(name, target, help, word)                                                            \
  {                                                                                                \
    name, 0, 0, G_OPTION_ARG_STRING_ARRAY, target, help, word                                      \
  }
#define RULE_OPTIONS                                                                               \
  TEXTS("listen", &listen_option,                                                                  \
        "Where it listens; this and all lists may be given several times", "HOST:PORT"),           \
      TEXTS("server-name", &name_option, "The name by which TLS clients ask for it", "NAME"),      \
      TEXTS("allow", &allow_option, "Admit this address or block", "BLOCK"),                       \
      TEXTS("deny", &deny_option, "... but not this one", "BLOCK"),                                \
      {"close", 0, 0, G_OPTION_ARG_NONE, &close_option, "Admit nobody", NULL},                     \
      TEXTS("repository", &repository_option, "Serve repositories like this (default: *)",         \
            "PATTERN"),                                                                            \
      TEXTS("verb", &verb_option, "Serve this (default: all)", "VERB"),                            \
      TEXTS("proxy-protocol", &hop_option, "A hop that sends PROXY headers", "BLOCK"),             \
      TEXTS("trusted-proxy", &proxy_option, "A hop whose header names the client", "BLOCK"),       \
      {"forwarded-by",                                                                             \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_STRING,                                                                        \
       &forwarded_option,                                                                          \
       "Which header that is (default: x-forwarded-for)",                                          \
       "x-forwarded-for|forwarded"},                                                               \
      {"client-certificate",                                                                       \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_STRING,                                                                        \
       &client_certificate_option,                                                                 \
       "Whether clients log in by a certificate (default: none)",                                  \
       "none|optional|required"},                                                                  \
      {"certificate",                                                                              \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_STRING,                                                                        \
       &certificate_option,                                                                        \
       "Its chain: the path on the server, PEM",                                                   \
       "PATH"},                                                                                    \
      {"key", 0, 0, G_OPTION_ARG_STRING, &key_option, "Its key: the path on the server", "PATH"},  \
      {"plain-http",                                                                               \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_NONE,                                                                          \
       &plain_option,                                                                              \
       "Speak HTTP, elsewhere than on "                                                            \
       "loopback too",                                                                             \
       NULL},                                                                                      \
      {"requests",                                                                                 \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_INT,                                                                           \
       &requests_option,                                                                           \
       "So many a minute for each client; 0: no limit",                                            \
       "COUNT"},                                                                                   \
  {                                                                                                \
    "bytes", 0, 0, G_OPTION_ARG_STRING, &bytes_option,                                             \
        "So many a minute for each client; 0: no limit", "SIZE"                                    \
  }

static const GOptionEntry read_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry delete_options[] = {SERVER_OPTIONS(""), {NULL}};
static const GOptionEntry change_options[] = {
    SERVER_OPTIONS(""), RULE_OPTIONS, FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry dns_options[] = {
    SERVER_OPTIONS(""),
    {"address", 0, 0, G_OPTION_ARG_STRING, &address_option,
     "The address of this server, where an endpoint listens at all addresses", "ADDRESS"},
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the endpoints of a registry",
    .arguments = "",
    .help = "Examples:\n"
            "  assay endpoint list\n"
            "  assay endpoint list --format json",
    .options = read_options,
    .run = run_list,
};

static const Command show_subcommand = {
    .name = "show",
    .summary = "Show the rules of an endpoint",
    .arguments = "ENDPOINT",
    .help = "Examples:\n"
            "  assay endpoint show pro",
    .options = read_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};

static const Command create_subcommand = {
    .name = "create",
    .summary = "Make an endpoint, which listens at once",
    .arguments = "ENDPOINT",
    .help = "It is closed until --allow opens it.\n\n"
            "Examples:\n"
            "  assay endpoint create pro --listen 10.0.2.5:443 --allow 10.2.0.0/16 \\\n"
            "    --repository 'prod/*' --verb pull \\\n"
            "    --certificate /etc/assay/pro.pem --key /etc/assay/pro.key\n"
            "  assay endpoint create test --listen 127.0.0.1:5001 --allow 127.0.0.0/8",
    .options = change_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_create,
};

static const Command set_subcommand = {
    .name = "set",
    .summary = "Change an endpoint; its rules hold at once",
    .arguments = "ENDPOINT",
    .help = "What no option names stays as it is; a list that is given replaces the one before,\n"
            "and '' alone empties it. Connections that are not admitted any more are closed.\n\n"
            "Examples:\n"
            "  assay endpoint set pro --allow 10.2.0.0/16 --allow 10.3.0.0/16\n"
            "  assay endpoint set pro --deny ''\n"
            "  assay endpoint set pro --close",
    .options = change_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_set,
};

static const Command delete_subcommand = {
    .name = "delete",
    .summary = "Close and delete an endpoint, and its connections",
    .arguments = "ENDPOINT",
    .help = "Examples:\n"
            "  assay endpoint delete test",
    .options = delete_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_delete,
};

static const Command test_subcommand = {
    .name = "test",
    .summary = "Say what an address would get at each endpoint",
    .arguments = "ADDRESS",
    .help = "Examples:\n"
            "  assay endpoint test 10.2.3.4",
    .options = read_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_test,
};

static const Command dns_subcommand = {
    .name = "dns",
    .summary = "Print the lines by which hosts find the endpoints",
    .arguments = "",
    .help = "Those of /etc/hosts first, then those of a DNS zone. An endpoint is called by its\n"
            "server names, or else by its own name.\n\n"
            "Examples:\n"
            "  assay endpoint dns\n"
            "  assay endpoint dns --address 203.0.113.5",
    .options = dns_options,
    .run = run_dns,
};

static const Command *const subcommands[] = {
    &list_subcommand,   &show_subcommand, &create_subcommand, &set_subcommand,
    &delete_subcommand, &test_subcommand, &dns_subcommand,    NULL};

const Command endpoint_command = {
    .name = "endpoint",
    .summary = "Named ways into a registry: who is admitted by them, and to what",
    .help = "Examples:\n"
            "  assay endpoint create test --listen 127.0.0.1:5001 --allow 127.0.0.0/8\n"
            "  assay endpoint test 10.1.2.3",
    .subcommands = subcommands,
};
