/* What opens Google's services: a file with an access token, or with the key of a service account
 * as Google gives it (JSON), whose key signs a token that is exchanged for an access token; or
 * $CLOUDSDK_AUTH_ACCESS_TOKEN, or the file that $GOOGLE_APPLICATION_CREDENTIALS names. ("Using
 * OAuth 2.0 for Server to Server Applications": RFC 7523.) */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/gnutls_library.h"
#include "base/json.h"
#include "sign/keys/credentials/credential_source.h"
#include "sign/keys/gnutls_sign.h"
#include "sign/keys/secret.h"
#include "text/base64url.h"

#define FILE_MAX        ((size_t)64 * 1024)
#define VALUES_MAX      64
#define SCOPE           "https://www.googleapis.com/auth/cloudkms"
#define ADDRESS         "https://oauth2.googleapis.com/token"
#define GRANT           "urn:ietf:params:oauth:grant-type:jwt-bearer"
#define SECONDS_OF_CALL 3600

/* (transfer full) */
static char *
encode(json_t *part)
{
  auto_secret_text *text = json_to_text(part);
  char *encoded = base64url_encode(slice_from_string(text));
  json_decref(part);
  return encoded;
}

/* By the private key in PEM. (transfer full) */
static GBytes *
sign_text(const char *pem, const char *text, GError **error)
{
  const gnutls_datum_t data = {(unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem)};
  gnutls_privkey_t key;
  if (gnutls()->privkey_init(&key) < 0) {
    error_set(error, ASSAY_ERROR_IO, "no memory for a key");
    return NULL;
  }
  GBytes *signature = NULL;
  int status =
      gnutls()->privkey_import_x509_raw(key, &data, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN);
  if (status < 0)
    error_set(error, ASSAY_ERROR_DENIED, "the service account's private_key is none: %s",
              gnutls()->strerror(status));
  else
    signature = gnutls_sign(key, ALGORITHM_RS256, slice_from_string(text), error);
  gnutls()->privkey_deinit(key);
  return signature;
}

/* (transfer full) */
static char *
make_assertion(const char *email, const char *key_id, const char *audience, const char *pem,
               GError **error)
{
  json_int_t now = g_get_real_time() / G_USEC_PER_SEC;
  g_autofree char *header =
      encode(json_pack("{s:s, s:s, s:s*}", "alg", "RS256", "typ", "JWT", "kid", key_id));
  g_autofree char *claims =
      encode(json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", email, "scope", SCOPE, "aud", audience,
                       "iat", now, "exp", now + SECONDS_OF_CALL));
  g_autofree char *text = g_strconcat(header, ".", claims, NULL);
  g_autoptr(GBytes) signature = sign_text(pem, text, error);
  if (signature == NULL)
    return NULL;
  g_autofree char *encoded = base64url_encode(slice_from_bytes(signature));
  return g_strconcat(text, ".", encoded, NULL);
}

/* "https://HOST/PATH" as both. (transfer full) The path, or NULL. */
static char *
split_address(const char *address, char **endpoint)
{
  const char *host = strstr(address, "://");
  const char *path = host == NULL ? NULL : strchr(host + 3, '/');
  *endpoint = path == NULL ? NULL : g_strndup(address, (gsize)(path - address));
  return g_strdup(path);
}

static bool
exchange(const CredentialUse *use, json_t *account, KeyCredentials *mine, Cancellable *cancellable,
         GError **error)
{
  const char *address = json_get_string(account, "token_uri");
  const char *email = json_get_string(account, "client_email");
  auto_secret_text *pem = credential_take(account, "private_key");
  if (address == NULL)
    address = ADDRESS;
  if (email == NULL || pem == NULL)
    return error_set(error, ASSAY_ERROR_DENIED,
                     "the service account's file has no client_email or no private_key");
  g_autofree char *endpoint = NULL;
  g_autofree char *path = split_address(address, &endpoint);
  if (path == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "the service account's token_uri is no address");
  g_autoptr(Service) service = service_new(endpoint, use->options, error);
  auto_secret_text *assertion =
      service == NULL
          ? NULL
          : make_assertion(email, json_get_string(account, "private_key_id"), address, pem, error);
  if (assertion == NULL)
    return false;
  const char *const pairs[] = {"grant_type", GRANT, "assertion", assertion, NULL};
  static const char *const headers[] = {CREDENTIAL_FORM_TYPE, NULL};
  auto_secret_text *form = credential_form(pairs);
  const ServiceRequest request = {NULL, path, headers, form};
  g_autoptr(json_t) answer = credential_ask(service, &request, cancellable, error);
  return answer != NULL && credential_take_token(answer, mine, error);
}

static bool
read_account(const CredentialUse *use, Slice text, KeyCredentials *mine, Cancellable *cancellable,
             GError **error)
{
  g_autoptr(json_t) account = json_parse_bounded(text, VALUES_MAX, NULL);
  const char *type = json_get_string(account, "type");
  if (g_strcmp0(type, "service_account") != 0)
    return error_set(error, ASSAY_ERROR_DENIED,
                     "the file is not of a service account (its type is %s)",
                     type == NULL ? "not said" : type);
  return exchange(use, account, mine, cancellable, error);
}

static bool
get(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
    Cancellable *cancellable, GError **error)
{
  const char *token = g_getenv("CLOUDSDK_AUTH_ACCESS_TOKEN");
  const char *file = use->options->token_file;
  if (file == NULL && token != NULL && slice_is_printable(slice_from_string(token))) {
    mine->token = g_strdup(token);
    return true;
  }
  if (file == NULL)
    file = g_getenv("GOOGLE_APPLICATION_CREDENTIALS");
  if (file == NULL)
    return error_set(error, ASSAY_ERROR_DENIED,
                     "there is no token for its service (a token file, "
                     "$CLOUDSDK_AUTH_ACCESS_TOKEN, $GOOGLE_APPLICATION_CREDENTIALS)");
  auto_secret_bytes *bytes = file_read(AT_FDCWD, file, FILE_MAX, error);
  if (bytes == NULL) {
    g_prefix_error(error, "the token's file: ");
    return false;
  }
  Slice text = slice_strip(slice_from_bytes(bytes));
  if (text.size > 0 && text.data[0] == '{')
    return read_account(use, text, mine, cancellable, error);
  const CredentialUse of_file = {use->kind, use->place, &(KeyOptions){.token_file = file},
                                 use->service};
  mine->token = credential_file_line(&of_file, NULL, NULL, error);
  return mine->token != NULL;
}

const CredentialSource google_account_source = {"gcp-kms", NULL, get};
