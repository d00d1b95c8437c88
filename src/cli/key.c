/* `assay key`: keys that sign, as the registry has them by name. */
#include <fcntl.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "cli/key_csr.h"
#include "cli/key_local.h"
#include "report/columns.h"
#include "report/report.h"
#include "sign/formats/signing_chain.h"
#include "signing/chains.h"

#define KEYS "/api/v1/signing-keys"

static char *format_option, *description_option, *uri_option, *since_option;
static char *certificates_option;
static char *password_file_option, *pin_file_option, *token_file_option, *key_ca_file_option;
static gint timeout_option;

/* --- list and show --- */

/* How long its certificates are good; what has none signs nothing as the Notary Project has it.
 * (transfer full) */
static char *
certificates_of(const json_t *key)
{
  const char *until = json_get_string(key, "certificates_until");
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) end = until == NULL ? NULL : g_date_time_new_from_iso8601(until, utc);
  if (end == NULL)
    return g_strdup("-");
  g_autofree char *day = g_date_time_format(end, "%Y-%m-%d");
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  int64_t left = g_date_time_difference(end, now);
  if (left < 0)
    return g_strconcat("ended ", day, NULL);
  return g_strconcat(left > CHAIN_WARNING_DAYS * G_TIME_SPAN_DAY ? "" : "end ", day, NULL);
}

static void
add_row(Columns *table, const json_t *key)
{
  const char *version = json_get_string(key, "version");
  g_autofree char *certificates = certificates_of(key);
  columns_add(table,
              (const char *[]){json_get_string(key, "name"), json_get_string(key, "state"),
                               json_get_string(key, "algorithm"),
                               version != NULL && *version != '\0' ? version : "-", certificates,
                               json_get_string(key, "uri"), json_get_string(key, "fingerprint")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "KEY"},
      {.title = "STATE"},
      {.title = "ALGORITHM"},
      {.title = "VERSION"},
      {.title = "CERTIFICATES"},
      {.title = "WHERE"},
      {.title = "FINGERPRINT", .least = 16, .flags = COLUMN_CUT},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row,
                                     "the registry has no signing key; `assay key add` names one\n",
                                     "signing_keys"};
  return account_list(format_option, KEYS, &shown);
}

static void
print_line(const char *title, const char *text)
{
  g_autofree char *clean = text == NULL || *text == '\0' ? NULL : report_clean_text(text);
  if (clean != NULL)
    printf("%-12s %s\n", title, clean);
}

static void
print_former(const json_t *key)
{
  const json_t *former = json_get_array(key, "former");
  size_t index;
  json_t *one;
  json_array_foreach(former, index, one) {
    const char *version = json_get_string(one, "name");
    g_autofree char *text =
        g_strdup_printf("%s%s%s", json_get_string(one, "fingerprint"),
                        version == NULL ? "" : ", version ", version == NULL ? "" : version);
    print_line(index == 0 ? "before" : "", text);
  }
}

static void
print_key(const json_t *key)
{
  static const char *const lines[][2] = {
      {"key", "name"},        {"description", "description"}, {"where", "uri"},
      {"state", "state"},     {"revoked", "revoked"},         {"algorithm", "algorithm"},
      {"version", "version"}, {"fingerprint", "fingerprint"}, {"created", "created"},
      {"by", "created_by"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(lines); i++)
    print_line(lines[i][0], json_get_string(key, lines[i][1]));
  print_former(key);
  if (json_get_string(key, "certificates") != NULL) {
    g_autofree char *certificates = certificates_of(key);
    print_line("certificates", certificates);
  }
  fputs(json_get_string(key, "public"), stdout);
}

static int
run_show(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = account_path(KEYS, arguments[0]);
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  g_autoptr(json_t) key = client == NULL ? NULL : server_get(client, path, &error);
  if (key == NULL)
    return command_fail(error);
  if (json)
    command_print_json(key);
  else
    print_key(key);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry plain_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the keys that the registry may sign with",
    .arguments = "",
    .help = "Examples:\n"
            "  assay key list\n"
            "  assay key list --format json",
    .options = list_options,
    .run = run_list,
};
static const Command show_subcommand = {
    .name = "show",
    .summary = "Show one of them, with its public key",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay key show release\n"
            "  assay key show release --format json | jq -r .public >release.pub",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};

/* --- add, turn, revoke, remove --- */

/* How the key is opened where it is. */
static void
add_options(json_t *body)
{
  json_set_string(body, "password_file", password_file_option);
  json_set_string(body, "pin_file", pin_file_option);
  json_set_string(body, "token_file", token_file_option);
  json_set_string(body, "ca_file", key_ca_file_option);
  if (timeout_option > 0)
    json_set_number(body, "timeout", (uint64_t)timeout_option);
}

/* The text of the file of --certificates, as "certificates". */
static bool
add_certificates(json_t *body, GError **error)
{
  if (certificates_option == NULL)
    return true;
  g_autoptr(GBytes) pem = file_read(AT_FDCWD, certificates_option, SIGNING_CHAIN_FILE_MAX, error);
  if (pem == NULL)
    return false;
  g_autofree char *text = slice_to_utf8(slice_from_bytes(pem));
  json_set_string(body, "certificates", text);
  return true;
}

static int
run_add(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *done = g_strconcat("added ", arguments[0], NULL);
  json_set_string(body, "name", arguments[0]);
  json_set_string(body, "uri", arguments[1]);
  json_set_string(body, "description", description_option);
  add_options(body);
  if (!add_certificates(body, &error))
    return command_fail(error);
  return account_send(format_option, "POST", KEYS, body, done);
}

static int
run_change(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *path = account_path(KEYS, arguments[0]);
  g_autofree char *done = g_strconcat("changed ", arguments[0], NULL);
  json_set_string(body, "description", description_option);
  if (!add_certificates(body, &error))
    return command_fail(error);
  return account_send(format_option, "PATCH", path, body, done);
}

static int
run_turn(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *path = account_path(KEYS, arguments[0]);
  g_autofree char *whole = g_strconcat(path, "/turn", NULL);
  g_autofree char *done = g_strdup_printf(
      "turned over %s; what it signed before goes on counting, as far as it was not revoked",
      arguments[0]);
  json_set_string(body, "uri", uri_option);
  add_options(body);
  if (!add_certificates(body, &error))
    return command_fail(error);
  return account_send(format_option, "POST", whole, body, done);
}

static int
run_revoke(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) body = json_object();
  g_autofree char *since = since_option == NULL ? NULL : account_end_time(since_option, &error);
  if (since_option != NULL && since == NULL)
    return command_fail(error);
  g_autofree char *path = account_path(KEYS, arguments[0]);
  g_autofree char *whole = g_strconcat(path, "/revoke", NULL);
  g_autofree char *done = g_strconcat("revoked ", arguments[0], NULL);
  json_set_string(body, "revoked", since);
  return account_send(format_option, "POST", whole, body, done);
}

static int
run_remove(char **arguments)
{
  g_autofree char *path = account_path(KEYS, arguments[0]);
  g_autofree char *done = g_strconcat("removed ", arguments[0], NULL);
  return account_send(format_option, "DELETE", path, NULL, done);
}

#define OPENED_BY                                                                                  \
  {"password-file",                                                                                \
   0,                                                                                              \
   0,                                                                                              \
   G_OPTION_ARG_STRING,                                                                            \
   &password_file_option,                                                                          \
   "The server's file with the password of a key file",                                            \
   "FILE"},                                                                                        \
      {"pin-file", 0, 0, G_OPTION_ARG_STRING, &pin_file_option, "... with the PIN of a token",     \
       "FILE"},                                                                                    \
      {"token-file",                                                                               \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_STRING,                                                                        \
       &token_file_option,                                                                         \
       "... with the credentials for a service",                                                   \
       "FILE"},                                                                                    \
  {                                                                                                \
    "key-ca-file", 0, 0, G_OPTION_ARG_STRING, &key_ca_file_option,                                 \
        "... with the authorities of that service (PEM)", "FILE"                                   \
  }

#define CERTIFICATES                                                                               \
  {                                                                                                \
    "certificates", 0, 0, G_OPTION_ARG_FILENAME, &certificates_option,                             \
        "The key's certificate and those up to its root (PEM), for the format notation", "FILE"    \
  }

static const GOptionEntry add_entries[] = {
    SERVER_OPTIONS(""),
    {"description", 0, 0, G_OPTION_ARG_STRING, &description_option, "What it is for", "TEXT"},
    OPENED_BY,
    {"timeout", 0, 0, G_OPTION_ARG_INT, &timeout_option,
     "Seconds that an answer of the key may take (default: 10)", "N"},
    CERTIFICATES,
    FORMAT_OPTION("text"),
    {NULL}};
static const GOptionEntry turn_entries[] = {
    SERVER_OPTIONS(""),
    {"uri", 0, 0, G_OPTION_ARG_STRING, &uri_option, "The new key is another one, here", "URI"},
    OPENED_BY,
    CERTIFICATES,
    FORMAT_OPTION("text"),
    {NULL}};
static const GOptionEntry change_entries[] = {
    SERVER_OPTIONS(""),
    {"description", 0, 0, G_OPTION_ARG_STRING, &description_option, "What it is for", "TEXT"},
    CERTIFICATES,
    FORMAT_OPTION("text"),
    {NULL}};
static const GOptionEntry revoke_entries[] = {
    SERVER_OPTIONS(""),
    {"since", 0, 0, G_OPTION_ARG_STRING, &since_option,
     "What it signed from then on does not count (default: from now on)", "DAY|TIME"},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command add_subcommand = {
    .name = "add",
    .summary = "Give a key a name that attestors sign by",
    .arguments = "NAME URI",
    .help = "The key stays where it is; the registry asks it for its public part. Files are files\n"
            "of the server, and what is in them is never shown.\n\n"
            "Examples:\n"
            "  assay key add release file:/etc/assay/release.key \\\n"
            "    --password-file /etc/assay/release.password\n"
            "  assay key add hsm 'pkcs11:token=prod;object=release' --pin-file /etc/assay/pin",
    .options = add_entries,
    .least_arguments = 2,
    .most_arguments = 2,
    .run = run_add,
};
static const Command change_subcommand = {
    .name = "change",
    .summary = "Give a key its certificates, or other words",
    .arguments = "NAME",
    .help = "With certificates, rules may sign in the format notation. The file has the key's own\n"
            "first and the root last; it is a file of this machine, and is sent. They end: what\n"
            "signs by them fails from then on, and /readyz and the log say so before. What no\n"
            "option speaks of stays.\n\n"
            "Examples:\n"
            "  assay key change release --certificates chain.pem\n"
            "  assay key change release --description 'for production'",
    .options = change_entries,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_change,
};
static const Command turn_subcommand = {
    .name = "turn",
    .summary = "Go on with the next key; what the former signed goes on counting",
    .arguments = "NAME",
    .help = "Where the key has versions (Vault, a cloud's KMS), make the new version there first.\n"
            "Else name the new key by --uri. It needs certificates of its own for the format\n"
            "notation; until they are given, nothing is signed so.\n\n"
            "Examples:\n"
            "  assay key turn release --uri file:/etc/assay/release-2027.key",
    .options = turn_entries,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_turn,
};
static const Command revoke_subcommand = {
    .name = "revoke",
    .summary = "Have a key sign no more, and what it signed not count from a time on",
    .arguments = "NAME",
    .help = "Signatures count that are known to be older. Verdicts are made again at once.\n\n"
            "Examples:\n"
            "  assay key revoke release\n"
            "  assay key revoke release --since 2026-11-01",
    .options = revoke_entries,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_revoke,
};
static const Command remove_subcommand = {
    .name = "remove",
    .summary = "Forget a key that no attestor has; it stays where it is",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay key remove release",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_remove,
};

static const Command *const subcommands[] = {&key_make_subcommand,
                                             &key_public_subcommand,
                                             &list_subcommand,
                                             &show_subcommand,
                                             &add_subcommand,
                                             &change_subcommand,
                                             &key_csr_subcommand,
                                             &turn_subcommand,
                                             &revoke_subcommand,
                                             &remove_subcommand,
                                             NULL};

const Command key_command = {
    .name = "key",
    .summary = "Keys that sign images",
    .arguments = "",
    .help = "Examples:\n"
            "  assay key make /etc/assay/release.key >release.pub\n"
            "  assay key add release file:/etc/assay/release.key\n"
            "  assay key list",
    .subcommands = subcommands,
};
