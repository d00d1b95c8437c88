/* What a provider publishes of itself; see the header. */
#include "access/directory/issuer_document.h"

#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/json.h"

#define DOCUMENT_VALUES_MAX 4096

static void
clear_document(void *data)
{
  IssuerDocument *document = data;
  g_free(document->issuer);
  g_free(document->jwks_uri);
  g_free(document->authorization_endpoint);
  g_free(document->token_endpoint);
  g_free(document->userinfo_endpoint);
  g_free(document->device_endpoint);
}

IssuerDocument *
issuer_document_ref(IssuerDocument *document)
{
  return g_atomic_rc_box_acquire(document);
}

void
issuer_document_unref(IssuerDocument *document)
{
  if (document != NULL)
    g_atomic_rc_box_release_full(document, clear_document);
}

/* --- addresses --- */

static bool
is_loopback(const char *host)
{
  Address address;
  return g_ascii_strcasecmp(host, "localhost") == 0 ||
         (address_parse(slice_from_string(host), &address) && address_is_loopback(&address));
}

/* Spaces and what is not ASCII would be read differently by those that the address is given to. */
static bool
is_plain_text(const char *url)
{
  for (const char *c = url; *c != '\0'; c++)
    if (!g_ascii_isgraph(*c) || strchr("\"<>\\^`{|}", *c) != NULL)
      return false;
  return true;
}

bool
issuer_url_check(const char *what, const char *url, bool plain_http, GError **error)
{
  if (strlen(url) > ISSUER_URL_MAX || !is_plain_text(url))
    return error_set(error, ASSAY_ERROR_INVALID, "%s is too long, or no address", what);
  g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_ENCODED, NULL);
  const char *host = uri == NULL ? NULL : g_uri_get_host(uri);
  if (host == NULL || *host == '\0' || g_uri_get_userinfo(uri) != NULL ||
      g_uri_get_fragment(uri) != NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "%s is no address of a server: %s", what, url);
  const char *scheme = g_uri_get_scheme(uri);
  if (strcmp(scheme, "https") == 0 ||
      (plain_http && strcmp(scheme, "http") == 0 && is_loopback(host)))
    return true;
  return error_set(error, ASSAY_ERROR_INVALID,
                   "%s must be https:// (with `plain_http: true` also http:// of this machine), "
                   "is %s",
                   what, url);
}

/* --- the document --- */

static bool
has_word(const json_t *document, const char *key, const char *word)
{
  const json_t *list = json_get_array(document, key);
  for (size_t i = 0; i < json_array_size(list); i++)
    if (g_strcmp0(json_string_value(json_array_get(list, i)), word) == 0)
      return true;
  return false;
}

static bool
take_url(const json_t *json, const char *key, bool plain_http, char **url, GError **error)
{
  const char *text = json_get_string(json, key);
  if (text == NULL)
    return true;
  g_autofree char *what = g_strdup_printf("\"%s\" of the discovery document", key);
  if (!issuer_url_check(what, text, plain_http, error))
    return false;
  *url = g_strdup(text);
  return true;
}

static bool
read_document(IssuerDocument *document, const json_t *json, const char *issuer, bool plain_http,
              GError **error)
{
  const char *named = json_require_string(json, "issuer", error);
  if (named == NULL)
    return false;
  if (strcmp(named, issuer) != 0)
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "the discovery document is of another issuer, %.200s: the setting `issuer` "
                     "must be the same to the letter",
                     named);
  document->issuer = g_strdup(named);
  document->names_itself =
      json_get_boolean(json, "authorization_response_iss_parameter_supported", false);
  /* Without the list it is client_secret_basic (Discovery, section 3). */
  document->secret_in_body =
      has_word(json, "token_endpoint_auth_methods_supported", "client_secret_post") &&
      !has_word(json, "token_endpoint_auth_methods_supported", "client_secret_basic");
  if (!take_url(json, "jwks_uri", plain_http, &document->jwks_uri, error) ||
      !take_url(json, "authorization_endpoint", plain_http, &document->authorization_endpoint,
                error) ||
      !take_url(json, "token_endpoint", plain_http, &document->token_endpoint, error) ||
      !take_url(json, "userinfo_endpoint", plain_http, &document->userinfo_endpoint, error) ||
      !take_url(json, "device_authorization_endpoint", plain_http, &document->device_endpoint,
                error))
    return false;
  return document->jwks_uri != NULL ||
         error_set(error, ASSAY_ERROR_INVALID, "the discovery document has no \"jwks_uri\"");
}

IssuerDocument *
issuer_document_read(Slice text, const char *issuer, bool plain_http, GError **error)
{
  if (text.size > ISSUER_DOCUMENT_BYTES_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "the discovery document has more than %zu bytes",
              ISSUER_DOCUMENT_BYTES_MAX);
    return NULL;
  }
  g_autoptr(json_t) json = json_parse_bounded(text, DOCUMENT_VALUES_MAX, error);
  if (json == NULL) {
    g_prefix_error(error, "the discovery document: ");
    return NULL;
  }
  g_autoptr(IssuerDocument) document = g_atomic_rc_box_new0(IssuerDocument);
  return read_document(document, json, issuer, plain_http, error) ? g_steal_pointer(&document)
                                                                  : NULL;
}
