/* `assay attestor`: who vouches for images, as policies and signing rules name him. */
#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/account_commands.h"
#include "cli/command.h"
#include "report/columns.h"
#include "sign/keys/public_key.h"

#define ATTESTORS "/api/v1/attestors"
#define ROOTS_MAX ((size_t)200 * 1024)

static char *format_option, *description_option, *key_option, *since_option;
static char **public_options, **only_options, **subject_options;
static char *roots_option, *time_roots_option, *trusted_root_option;
static char **rekor_options, **ctlog_options, **identity_options;
static char *issuer_option;

/* --- list and show --- */

static void
add_row(Columns *table, const json_t *attestor)
{
  const json_t *keys = json_get_array(attestor, "keys");
  const char *key = json_get_string(attestor, "key");
  g_auto(GStrv) formats = json_get_strings(attestor, "formats");
  g_autofree char *joined = formats == NULL ? NULL : g_strjoinv(", ", formats);
  g_autofree char *count =
      json_array_size(keys) == 0 ? NULL : g_strdup_printf("%zu", json_array_size(keys));
  columns_add(table, (const char *[]){json_get_string(attestor, "name"), key != NULL ? key : "-",
                                      count != NULL ? count : "-", joined != NULL ? joined : "all",
                                      json_get_string(attestor, "description")});
}

static int
run_list(char **arguments)
{
  static const Column columns[] = {
      {.title = "ATTESTOR"},
      {.title = "SIGNS BY"},
      {.title = "OTHER KEYS", .flags = COLUMN_RIGHT},
      {.title = "FORMATS"},
      {.title = "DESCRIPTION", .least = 10, .flags = COLUMN_CUT | COLUMN_EMPTY},
  };
  static const AccountTable shown = {columns, G_N_ELEMENTS(columns), add_row,
                                     "there is no attestor; `assay attestor add` adds one\n",
                                     "attestors"};
  return account_list(format_option, ATTESTORS, &shown);
}

static int
run_show(char **arguments)
{
  g_autofree char *path = account_path(ATTESTORS, arguments[0]);
  return account_send("json", "GET", path, NULL, NULL);
}

/* --- add and set --- */

/* The keys of the files, as the API has them. */
static bool
add_keys(json_t *body, GError **error)
{
  json_t *keys = json_array();
  json_object_set_new(body, "keys", keys);
  for (char **path = public_options; *path != NULL; path++) {
    g_autoptr(GBytes) bytes = file_read(AT_FDCWD, *path, PUBLIC_KEY_FILE_MAX, error);
    g_autoptr(PublicKey) public =
        bytes == NULL ? NULL : public_key_read(slice_from_bytes(bytes), error);
    if (public == NULL) {
      g_prefix_error(error, "%s: ", *path);
      return false;
    }
    g_autofree char *pem = public_key_to_pem(public), *name = g_path_get_basename(*path);
    json_t *key = json_object();
    json_set_string(key, "name", name);
    json_set_string(key, "public", pem);
    json_set_string(key, "not_before", since_option);
    json_array_append_new(keys, key);
  }
  return true;
}

/* The certificates of a file, or the trusted root, as the API has them. */
static bool
add_roots(json_t *body, const char *member, const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = path == NULL ? NULL : file_read(AT_FDCWD, path, ROOTS_MAX, error);
  g_autofree char *text =
      bytes == NULL ? NULL : g_strndup(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes));
  json_set_string(body, member, text);
  return path == NULL || bytes != NULL;
}

/* The keys of files, as the API has them. */
static bool
add_logs(json_t *body, const char *member, char **paths, GError **error)
{
  if (paths == NULL)
    return true;
  json_t *list = json_array();
  json_object_set_new(body, member, list);
  for (char **path = paths; *path != NULL; path++) {
    g_autoptr(GBytes) bytes = file_read(AT_FDCWD, *path, PUBLIC_KEY_FILE_MAX, error);
    if (bytes == NULL)
      return false;
    g_autofree char *text = slice_to_string(slice_from_bytes(bytes));
    json_array_append_new(list, json_string(text));
  }
  return true;
}

static void
add_identity(json_t *list, const char *member, const char *value)
{
  json_t *identity = json_object();
  json_set_string(identity, member, value);
  json_set_string(identity, "issuer", issuer_option);
  json_array_append_new(list, identity);
}

static void
add_identities(json_t *body)
{
  json_t *list = json_array();
  if (subject_options != NULL || identity_options != NULL)
    json_object_set(body, "identities", list);
  for (char **each = subject_options; each != NULL && *each != NULL; each++)
    add_identity(list, "subject", *each);
  for (char **each = identity_options; each != NULL && *each != NULL; each++)
    add_identity(list, "name", *each);
  json_decref(list);
}

static bool
add_options(json_t *body, GError **error)
{
  if (issuer_option != NULL && subject_options == NULL && identity_options == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "--certificate-oidc-issuer needs a --certificate-identity: of whom?");
  json_set_string(body, "description", description_option);
  json_set_string(body, "key", key_option);
  if (only_options != NULL)
    json_set_strings(body, "formats", (const char *const *)only_options);
  add_identities(body);
  return (public_options == NULL || add_keys(body, error)) &&
         add_roots(body, "roots", roots_option, error) &&
         add_roots(body, "time_roots", time_roots_option, error) &&
         add_roots(body, "trusted_root", trusted_root_option, error) &&
         add_logs(body, "rekor", rekor_options, error) &&
         add_logs(body, "ctlogs", ctlog_options, error);
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
  return account_send(format_option, "POST", ATTESTORS, body, done);
}

/* What no option speaks of stays. */
static int
run_set(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = account_path(ATTESTORS, arguments[0]);
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
  g_autofree char *path = account_path(ATTESTORS, arguments[0]);
  g_autofree char *done = g_strconcat("removed ", arguments[0], NULL);
  return account_send(format_option, "DELETE", path, NULL, done);
}

static const GOptionEntry list_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};
static const GOptionEntry show_options[] = {SERVER_OPTIONS(""), {NULL}};
static const GOptionEntry plain_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("text"), {NULL}};
static const GOptionEntry set_options[] = {
    SERVER_OPTIONS(""),
    {"key", 'k', 0, G_OPTION_ARG_STRING, &key_option,
     "It is the registry, by this signing key (assay key list)", "NAME"},
    {"public", 'p', 0, G_OPTION_ARG_FILENAME_ARRAY, &public_options,
     "It is who has this key (PEM, or a certificate); may be repeated", "FILE"},
    {"not-before", 0, 0, G_OPTION_ARG_STRING, &since_option,
     "What those keys signed before that time does not count", "TIME"},
    {"roots", 0, 0, G_OPTION_ARG_FILENAME, &roots_option,
     "It is whose certificates lead to one of these (PEM)", "FILE"},
    {"subject", 0, 0, G_OPTION_ARG_STRING_ARRAY, &subject_options,
     "... and have this name (\"C=US, O=Example\"); may be repeated", "NAME"},
    {"time-roots", 0, 0, G_OPTION_ARG_FILENAME, &time_roots_option,
     "Whose time stamps are taken (PEM)", "FILE"},
    {"trusted-root", 0, 0, G_OPTION_ARG_FILENAME, &trusted_root_option,
     "It is whom Sigstore vouches for: its trusted_root.json", "FILE"},
    {"certificate-identity", 0, 0, G_OPTION_ARG_STRING_ARRAY, &identity_options,
     "... with this address, URI or user; may be repeated", "PATTERN"},
    {"certificate-oidc-issuer", 0, 0, G_OPTION_ARG_STRING, &issuer_option,
     "... as this provider of identities said to Fulcio", "PATTERN"},
    {"rekor", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rekor_options,
     "A log (its key) in which signatures must be; may be repeated", "FILE"},
    {"ctlog", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &ctlog_options,
     "A log (its key) in which certificates must be; may be repeated", "FILE"},
    {"only", 0, 0, G_OPTION_ARG_STRING_ARRAY, &only_options,
     "Take signatures of this format alone; may be repeated", "cosign|bundle|notation|attestation"},
    {"description", 0, 0, G_OPTION_ARG_STRING, &description_option, "Who that is", "TEXT"},
    FORMAT_OPTION("text"),
    {NULL}};

static const Command list_subcommand = {
    .name = "list",
    .summary = "List the attestors",
    .arguments = "",
    .help = "Examples:\n"
            "  assay attestor list",
    .options = list_options,
    .run = run_list,
};
static const Command show_subcommand = {
    .name = "show",
    .summary = "Show one, with its keys, as JSON",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay attestor show release",
    .options = show_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_show,
};
static const Command add_subcommand = {
    .name = "add",
    .summary = "Add who vouches for images",
    .arguments = "NAME",
    .help = "An attestor with --key can sign by rules of this registry. One with --public is\n"
            "somebody else, whose signatures are verified.\n\n"
            "Examples:\n"
            "  assay attestor add release --key release --description 'passed the gate'\n"
            "  assay attestor add build-team --public cosign.pub --only cosign --only bundle\n"
            "  assay attestor add ci --trusted-root trusted_root.json --certificate-identity \\\n"
            "    'https://github.com/example/**' --certificate-oidc-issuer \\\n"
            "    https://token.actions.githubusercontent.com",
    .options = set_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_add,
};
static const Command set_subcommand = {
    .name = "set",
    .summary = "Change an attestor",
    .arguments = "NAME",
    .help = "--public and --only name all of them anew; what no option speaks of stays.\n\n"
            "Examples:\n"
            "  assay attestor set build-team --public old.pub --public new.pub",
    .options = set_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_set,
};
static const Command remove_subcommand = {
    .name = "remove",
    .summary = "Remove an attestor that no signing rule has",
    .arguments = "NAME",
    .help = "Examples:\n"
            "  assay attestor remove build-team",
    .options = plain_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_remove,
};

static const Command *const subcommands[] = {&list_subcommand, &show_subcommand,   &add_subcommand,
                                             &set_subcommand,  &remove_subcommand, NULL};

const Command attestor_command = {
    .name = "attestor",
    .summary = "Who vouches for images",
    .arguments = "",
    .help = "Examples:\n"
            "  assay attestor add release --key release\n"
            "  assay attestor list",
    .subcommands = subcommands,
};
