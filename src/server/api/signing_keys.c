/* /api/v1/signing-keys: the keys that the server may sign with, wherever they are kept. */
#include <string.h>

#include "access/credentials/operator.h"
#include "base/error.h"
#include "base/json.h"
#include "server/api/accounts.h"
#include "sign/formats/certificate_request.h"
#include "signing/signing.h"

const ApiSchema api_signing_key_schemas[] = {
    {"SigningKey", &signing_key_table},
    {NULL},
};

#define SIGNING_KEYS "/api/v1/signing-keys"

/* --- reading --- */

static void
list_keys(Request *request)
{
  g_autoptr(SigningSet) set = signing_get(server_context(request)->signing);
  g_autoptr(json_t) body = json_object();
  json_t *list = json_array();
  json_object_set_new(body, "signing_keys", list);
  for (guint i = 0; i < set->keys->len; i++)
    json_array_append_new(list,
                          json_table_write(&signing_key_table, g_ptr_array_index(set->keys, i)));
  respond_json(request, MHD_HTTP_OK, body);
}

static SigningKey *
copy_row(const SigningKey *row)
{
  SigningKey *copy = signing_key_row_new();
  g_autoptr(json_t) json = json_table_write(&signing_key_table, row);
  json_table_read(&signing_key_table, json, copy, NULL);
  return copy;
}

/* (transfer full) NULL: it has responded. */
static SigningKey *
copy_key(Request *request)
{
  g_autoptr(GError) error = NULL;
  const char *name = request_parameter(request, "key");
  g_autoptr(SigningSet) set = signing_get(server_context(request)->signing);
  const SigningKey *found = signing_set_key(set, name);
  if (found != NULL)
    return copy_row(found);
  error_set(&error, ASSAY_ERROR_NOT_FOUND, "there is no signing key %s", name);
  respond_error(request, error);
  return NULL;
}

static void
respond_key(Request *request, const SigningKey *key)
{
  g_autoptr(json_t) body = json_table_write(&signing_key_table, key);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
show_key(Request *request)
{
  g_autoptr(SigningKey) key = copy_key(request);
  if (key != NULL)
    respond_key(request, key);
}

/* Anybody may have it: verifying needs it, and it says nothing of what is stored. */
static void
show_public(Request *request)
{
  g_autoptr(SigningKey) key = copy_key(request);
  if (key != NULL)
    respond_text(request, MHD_HTTP_OK, "application/x-pem-file", key->public);
}

/* A certificate is of use for the key that the row has, and while that signs. */
static bool
check_requester(const SigningKey *row, const Key *key, GError **error)
{
  if (row->revoked != 0)
    return error_set(error, ASSAY_ERROR_DENIED, "signing key %s: it is revoked", row->name);
  return g_strcmp0(public_key_fingerprint(key_public(key)), row->fingerprint) == 0 ||
         error_set(error, ASSAY_ERROR_MISMATCH,
                   "signing key %s: it is another than when it was added; if it was turned over, "
                   "say so (assay key turn %s)",
                   row->name, row->name);
}

/* A request for a certificate, by the key itself; nothing is changed by it. */
static void
show_request(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SigningKey) row = copy_key(request);
  if (row == NULL)
    return;
  const char *wanted = request_query(request, "subject");
  g_autofree char *subject =
      wanted != NULL ? g_strdup(wanted) : g_strconcat("CN=", row->name, NULL);
  const KeyOptions options = signing_key_options(row);
  g_autoptr(Key) key =
      signer_key(server_context(request)->signer, row->uri, &options, NULL, &error);
  g_autofree char *pem = key != NULL && check_requester(row, key, &error)
                             ? certificate_request(key, subject, NULL, &error)
                             : NULL;
  if (pem == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "csr", pem);
  respond_json(request, MHD_HTTP_OK, body);
}

/* --- changes --- */

static const JsonMember new_members[] = {
    {JSON_MEMBER(SigningKey, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(SigningKey, description), .kind = &json_text},
    {JSON_MEMBER(SigningKey, uri), .kind = &json_text, .required = true},
    {JSON_MEMBER(SigningKey, password_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, pin_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, token_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, ca_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, timeout), .kind = &json_number, .most = 300},
    {JSON_MEMBER(SigningKey, certificates), .kind = &json_text},
};
static const JsonTable new_table = JSON_TABLE(SigningKey, new_members);

static void
replace(char **text, char *by)
{
  g_free(*text);
  *text = by;
}

/* Where access is open, everybody may do all, but not name what is on the server's machine. */
static bool
is_operator(Request *request)
{
  const Principal *who = request_principal(request);
  return who->kind == PRINCIPAL_OPERATOR ||
         (who->kind == PRINCIPAL_OPEN &&
          operator_shows(server_context(request)->access, request_header(request, "Authorization"),
                         request_client(request)));
}

/* Asks the key itself for its public part. */
static bool
ask_key(Request *request, SigningKey *key, GError **error)
{
  if (!is_operator(request) &&
      !signing_settings_allow(&server_context(request)->config->signing, key, error))
    return false;
  const KeyOptions options = signing_key_options(key);
  g_autoptr(Key) opened =
      signer_key(server_context(request)->signer, key->uri, &options, NULL, error);
  if (opened == NULL)
    return false;
  const PublicKey *public = key_public(opened);
  replace(&key->algorithm, public_key_in_words(public));
  replace(&key->public, public_key_to_pem(public));
  replace(&key->fingerprint, g_strdup(public_key_fingerprint(public)));
  replace(&key->version, g_strdup(key_version(opened)));
  return true;
}

static void
add_key(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SigningKey) key = signing_key_row_new();
  if (!api_read_body(request, &new_table, key))
    return;
  key->state = g_strdup("active");
  key->created = g_get_real_time();
  key->created_by = g_strdup(request_principal(request)->name);
  if (!ask_key(request, key, &error) ||
      !signing_add_key(server_context(request)->signing, key, &error)) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_table_write(&signing_key_table, key);
  api_respond_made(request, body, SIGNING_KEYS, key->name);
}

/* What it signed before goes on counting, unless it was revoked: then it does no more. */
static void
keep_former(SigningKey *key, const char *public, const char *fingerprint, const char *version)
{
  TrustedKey *former = g_new0(TrustedKey, 1);
  former->name = version == NULL || *version == '\0' ? NULL : g_strdup(version);
  former->public = g_strdup(public);
  former->fingerprint = g_strdup(fingerprint);
  former->revoked = key->revoked;
  g_ptr_array_add(key->former, former);
  key->revoked = 0;
  replace(&key->state, g_strdup("active"));
}

/* A key that was revoked does not come back by a turn. */
static bool
was_revoked(const SigningKey *key)
{
  for (guint i = 0; i < key->former->len; i++) {
    const TrustedKey *former = g_ptr_array_index(key->former, i);
    if (former->revoked != 0 && g_strcmp0(former->fingerprint, key->fingerprint) == 0)
      return true;
  }
  return false;
}

static const JsonMember turn_members[] = {
    {JSON_MEMBER(SigningKey, uri), .kind = &json_text},
    {JSON_MEMBER(SigningKey, password_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, pin_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, token_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, ca_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, certificates), .kind = &json_text},
};
static const JsonTable turn_table = JSON_TABLE(SigningKey, turn_members);

static void
take(char **into, char **from)
{
  if (*from != NULL)
    replace(into, g_steal_pointer(from));
}

static void
turn_key(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SigningKey) wanted = signing_key_row_new(), key = NULL;
  if (!api_read_body(request, &turn_table, wanted) || (key = copy_key(request)) == NULL)
    return;
  g_autoptr(SigningKey) before = copy_row(key);
  take(&key->uri, &wanted->uri);
  take(&key->password_file, &wanted->password_file);
  take(&key->pin_file, &wanted->pin_file);
  take(&key->token_file, &wanted->token_file);
  take(&key->ca_file, &wanted->ca_file);
  /* Those of the former key are none of the next. */
  replace(&key->certificates, g_steal_pointer(&wanted->certificates));
  if (!ask_key(request, key, &error)) {
    respond_error(request, error);
    return;
  }
  if (g_strcmp0(before->fingerprint, key->fingerprint) == 0) {
    api_refuse(request, "the key is the same as before: turn it over where it is kept, or name "
                        "another by \"uri\"");
    return;
  }
  if (was_revoked(key)) {
    api_refuse(request, "this key was revoked: name another");
    return;
  }
  keep_former(key, before->public, before->fingerprint, before->version);
  if (!signing_change_key(server_context(request)->signing, key, before, "signing-key.turned",
                          &error))
    respond_error(request, error);
  else
    respond_key(request, key);
}

static const JsonMember change_members[] = {
    {JSON_MEMBER(SigningKey, description), .kind = &json_text},
    {JSON_MEMBER(SigningKey, certificates), .kind = &json_text},
};
static const JsonTable change_table = JSON_TABLE(SigningKey, change_members);

static void
change_key(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SigningKey) wanted = signing_key_row_new(), key = NULL;
  if (!api_read_body(request, &change_table, wanted) || (key = copy_key(request)) == NULL)
    return;
  g_autoptr(SigningKey) before = copy_row(key);
  take(&key->description, &wanted->description);
  take(&key->certificates, &wanted->certificates);
  if (!signing_change_key(server_context(request)->signing, key, before, "signing-key.changed",
                          &error))
    respond_error(request, error);
  else
    respond_key(request, key);
}

/* What does not count already stays so. */
static void
revoke_since(int64_t *revoked, int64_t since)
{
  *revoked = *revoked == 0 ? since : MIN(*revoked, since);
}

/* From now on, or from a time that the body names. */
static void
revoke_key(Request *request)
{
  g_autoptr(GError) error = NULL;
  static const JsonMember members[] = {{JSON_MEMBER(SigningKey, revoked), .kind = &json_moment}};
  static const JsonTable table = JSON_TABLE(SigningKey, members);
  g_autoptr(SigningKey) wanted = signing_key_row_new(), key = NULL;
  if (!api_read_body(request, &table, wanted) || (key = copy_key(request)) == NULL)
    return;
  g_autoptr(SigningKey) before = copy_row(key);
  int64_t since = wanted->revoked != 0 ? wanted->revoked : g_get_real_time();
  revoke_since(&key->revoked, since);
  replace(&key->state, g_strdup("revoked"));
  for (guint i = 0; i < key->former->len; i++)
    revoke_since(&((TrustedKey *)g_ptr_array_index(key->former, i))->revoked, since);
  if (!signing_change_key(server_context(request)->signing, key, before, "signing-key.revoked",
                          &error))
    respond_error(request, error);
  else
    respond_key(request, key);
}

static void
remove_key(Request *request)
{
  g_autoptr(GError) error = NULL;
  if (signing_remove_key(server_context(request)->signing, request_parameter(request, "key"),
                         &error))
    respond_empty(request, MHD_HTTP_NO_CONTENT);
  else
    respond_error(request, error);
}

const Route api_signing_key_routes[] = {
    {"GET", SIGNING_KEYS, "api-signing-keys", VERB_VERIFY, ON_SYSTEM, WORK_WAITS,
     .finish = list_keys},
    {"POST", SIGNING_KEYS, "api-signing-keys", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = add_key, .body_limit = ACCOUNT_BODY_MAX},
    {"GET", SIGNING_KEYS "/<key>", "api-signing-key", VERB_VERIFY, ON_SYSTEM, WORK_WAITS,
     .finish = show_key},
    {"GET", SIGNING_KEYS "/<key>/public", "api-signing-key-public", VERB_NONE, ON_NOTHING,
     WORK_WAITS, .finish = show_public},
    {"GET", SIGNING_KEYS "/<key>/csr", "api-signing-key-csr", VERB_MANAGE_POLICY, ON_SYSTEM,
     WORK_WAITS, .finish = show_request},
    {"PATCH", SIGNING_KEYS "/<key>", "api-signing-key", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = change_key, .body_limit = ACCOUNT_BODY_MAX},
    {"POST", SIGNING_KEYS "/<key>/turn", "api-signing-key-turn", VERB_MANAGE_POLICY, ON_SYSTEM,
     WORK_WAITS, .finish = turn_key, .body_limit = ACCOUNT_BODY_MAX},
    {"POST", SIGNING_KEYS "/<key>/revoke", "api-signing-key-revoke", VERB_MANAGE_POLICY, ON_SYSTEM,
     WORK_WAITS, .finish = revoke_key, .body_limit = ACCOUNT_BODY_MAX},
    {"DELETE", SIGNING_KEYS "/<key>", "api-signing-key", VERB_MANAGE_POLICY, ON_SYSTEM, WORK_WAITS,
     .finish = remove_key},
    {NULL},
};
