/* `assay audit verify`: the chain of the record, and the signatures of its head. */
#include "cli/audit_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "access/audit/audit_chain.h"
#include "access/audit/audit_signature.h"
#include "base/error.h"
#include "base/json.h"
#include "cli/server_client.h"
#include "sign/keys/jwks.h"

#define PAGE 1000
/* Of a file of export; no record is so long. */
#define LINE_MAX_BYTES ((size_t)4 * 1024 * 1024)
/* Of a set of keys. */
#define KEYS_MAX_BYTES ((size_t)1024 * 1024)

static char *keys_option;

typedef struct {
  AuditChain chain;
  json_int_t signatures, signed_last; /* how many hold; what the last is of */
  json_int_t unknown;                 /* how many are by keys that are not known */
  GPtrArray *published;               /* PublicKey: of --keys, or of the server */
  GHashTable *by;                     /* names of keys, to what they are called */
  char *wrong;
} Checking;

static void
note_key(Checking *checking, char *kid, const char *what)
{
  if (kid != NULL)
    g_hash_table_insert(checking->by, kid, (char *)(uintptr_t)what);
}

static void
check_signature(Checking *checking, const json_t *record)
{
  char *kid = NULL;
  json_int_t number = json_get_integer(record, "number", 0);
  HeadSignature found = audit_signature_check(record, checking->published, &kid);
  if (found == HEAD_PUBLISHED || (found == HEAD_BY_ITSELF && keys_option == NULL)) {
    checking->signatures++;
    checking->signed_last = number - 1;
    note_key(checking, kid, found == HEAD_PUBLISHED ? "is published" : "is in the record alone");
    return;
  }
  g_free(kid);
  if (found == HEAD_UNKNOWN_KEY && keys_option == NULL)
    checking->unknown++;
  else if (found != HEAD_UNSIGNED)
    checking->wrong =
        g_strdup_printf("record %" JSON_INTEGER_FORMAT " signs the head, and the signature does "
                        "not hold%s",
                        number, found == HEAD_WRONG ? "" : " by one of the keys of --keys");
}

static bool
check(const json_t *record, void *data)
{
  Checking *checking = data;
  checking->wrong = audit_chain_next(&checking->chain, record);
  if (checking->wrong == NULL)
    check_signature(checking, record);
  return checking->wrong == NULL;
}

/* The key set of --keys; of the server, where it is asked. */
static bool
read_keys(Checking *checking, ServerClient *client, GError **error)
{
  g_autoptr(json_t) set = keys_option != NULL
                              ? json_read_file(AT_FDCWD, keys_option, KEYS_MAX_BYTES, error)
                          : client != NULL ? server_get(client, "/.well-known/jwks.json", error)
                                           : json_object();
  g_autofree char *text = set == NULL ? NULL : json_to_text(set);
  if (set == NULL)
    return false;
  g_clear_pointer(&checking->published, g_ptr_array_unref);
  checking->published =
      json_object_size(set) == 0 ? g_ptr_array_new() : jwks_read(slice_from_string(text), error);
  return checking->published != NULL;
}

/* The records of an export, a line each. */
static bool
check_file(const char *path, Checking *checking, GError **error)
{
  if (!read_keys(checking, NULL, error))
    return false;
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return error_set_errno(error, errno, "%s", path);
  char *line = NULL;
  size_t room = 0;
  ssize_t size = 0;
  while (checking->wrong == NULL && (size = getline(&line, &room, file)) >= 0) {
    size_t length = (size_t)size - (size > 0 && line[size - 1] == '\n');
    g_autoptr(json_t) record =
        length > LINE_MAX_BYTES ? NULL : json_parse(slice_new(line, length), NULL);
    check(record, checking);
  }
  bool whole = size >= 0 || feof(file) || error_set_errno(error, errno, "%s", path);
  free(line); /* getline()'s, not GLib's */
  fclose(file);
  return whole;
}

/* Until a page is empty: the head that it has was read after all records before. */
static bool
check_server(Checking *checking, GError **error)
{
  g_autoptr(ServerClient) client = server_client_new(NULL, error);
  bool more = client != NULL && read_keys(checking, client, error);
  if (!more)
    return false;
  while (more && checking->wrong == NULL) {
    g_autofree char *path = g_strdup_printf("/api/v1/audit?limit=%d&last=%" G_GINT64_FORMAT, PAGE,
                                            checking->chain.last);
    g_autoptr(json_t) page = server_get(client, path, error);
    const json_t *records = json_get_array(page, "records"), *head = json_get_object(page, "head");
    if (page == NULL)
      return false;
    more = json_array_size(records) > 0;
    for (size_t i = 0; i < json_array_size(records) && checking->wrong == NULL; i++)
      check(json_array_get(records, i), checking);
    if (!more)
      checking->wrong = audit_chain_end(&checking->chain, json_get_integer(head, "number", 0),
                                        json_get_string(head, "hash"));
  }
  return client != NULL;
}

static void
tell_keys(const Checking *checking)
{
  GHashTableIter iter;
  void *kid, *what;
  g_hash_table_iter_init(&iter, checking->by);
  while (g_hash_table_iter_next(&iter, &kid, &what))
    printf("key %s %s\n", (const char *)kid, (const char *)what);
  if (checking->unknown > 0)
    printf("%" JSON_INTEGER_FORMAT " signed heads were not checked: their keys are not known\n",
           checking->unknown);
}

static int
tell_checked(const Checking *checking)
{
  const AuditChain *chain = &checking->chain;
  if (checking->wrong != NULL) {
    printf("wrong: %s\n", checking->wrong);
    return command_end_output(EXIT_REFUSED);
  }
  printf("%" G_GINT64_FORMAT " records, each continues the one before", chain->records);
  if (chain->records > 0)
    printf(": %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "\nhead %s", chain->first, chain->last,
           chain->hash);
  if (checking->signatures > 0)
    printf("\n%" JSON_INTEGER_FORMAT " signed heads, the last of record %" JSON_INTEGER_FORMAT "\n",
           checking->signatures, checking->signed_last);
  else if (checking->unknown == 0)
    printf("\nno head is signed\n");
  else
    puts("");
  tell_keys(checking);
  return command_end_output(EXIT_FINE);
}

static int
run_verify(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) by = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Checking checking = {.by = by};
  bool read = arguments[0] != NULL ? check_file(arguments[0], &checking, &error)
                                   : check_server(&checking, &error);
  g_clear_pointer(&checking.published, g_ptr_array_unref);
  if (!read)
    return command_fail(error);
  if (arguments[0] != NULL && checking.wrong == NULL)
    checking.wrong = audit_chain_end(&checking.chain, 0, NULL);
  int code = tell_checked(&checking);
  g_free(checking.wrong);
  return code;
}

static const GOptionEntry verify_options[] = {
    SERVER_OPTIONS(""),
    {"keys", 0, 0, G_OPTION_ARG_FILENAME, &keys_option,
     "Take signatures by these keys alone (a JSON Web Key Set)", "FILE"},
    {NULL}};

const Command audit_verify_subcommand = {
    .name = "verify",
    .summary = "Check that no record was changed, removed, put in or moved",
    .arguments = "[FILE]",
    .help =
        "Of a registry, or of a whole export (JSON lines). The exit code is 1 when a record is\n"
        "wrong, and the first wrong one is named. Keep the head that is printed elsewhere: who\n"
        "can write the database can make a whole new chain, but not one with that head.\n"
        "Signatures of heads are checked by the keys that the registry publishes\n"
        "(/.well-known/jwks.json), and of keys that it publishes no more by the record itself;\n"
        "each key is printed, and whether it is published. --keys takes what you have kept.\n\n"
        "Examples:\n"
        "  assay audit verify\n"
        "  assay audit verify audit.jsonl --keys jwks.json",
    .options = verify_options,
    .most_arguments = 1,
    .run = run_verify,
};
