/* From a challenge to an Authorization header; see the header. */
#include "remote/token.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

#define TOKEN_ANSWER_MAX ((size_t)256 * 1024)

char *
token_challenge_parameter(const char *challenge, const char *name)
{
  const char *at = challenge + strcspn(challenge, " ");
  while (*at != '\0') {
    at += strspn(at, " ,\t");
    size_t size = strcspn(at, "=, ");
    bool wanted = strlen(name) == size && g_ascii_strncasecmp(at, name, size) == 0;
    at += size;
    if (*at != '=')
      continue;
    at++;
    g_autoptr(GString) value = g_string_new(NULL);
    if (*at == '"') {
      for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0')
          at++;
        g_string_append_c(value, *at);
      }
      at += *at == '"';
    } else {
      size_t length = strcspn(at, ", ");
      g_string_append_len(value, at, (gssize)length);
      at += length;
    }
    if (wanted)
      return g_strdup(value->str);
  }
  return NULL;
}

static HttpResponse *
ask_with_refresh_token(HttpClient *client, const char *realm, const char *service,
                       const char *scope, const char *token, Cancellable *cancellable,
                       GError **error)
{
  static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
  g_autofree char *escaped_service = g_uri_escape_string(service, NULL, FALSE);
  g_autofree char *escaped_scope = g_uri_escape_string(scope, NULL, FALSE);
  g_autofree char *escaped_token = g_uri_escape_string(token, NULL, FALSE);
  g_autofree char *form = g_strdup_printf(
      "grant_type=refresh_token&client_id=assay&service=%s&scope=%s&refresh_token=%s",
      escaped_service, escaped_scope, escaped_token);
  return http_client_request(client, "POST", realm, headers, slice_from_string(form),
                             TOKEN_ANSWER_MAX, cancellable, error);
}

static HttpResponse *
ask_for_token(HttpClient *client, const char *realm, const char *service, const char *scope,
              const Credentials *credentials, Cancellable *cancellable, GError **error)
{
  if (credentials->identity_token != NULL)
    return ask_with_refresh_token(client, realm, service, scope, credentials->identity_token,
                                  cancellable, error);
  g_autofree char *basic = credentials_basic_header(credentials);
  const char *const headers[] = {basic, NULL};
  g_autofree char *escaped_service = g_uri_escape_string(service, NULL, FALSE);
  g_autofree char *escaped_scope = g_uri_escape_string(scope, NULL, FALSE);
  g_autofree char *url =
      g_strdup_printf("%s%sservice=%s&scope=%s", realm, strchr(realm, '?') != NULL ? "&" : "?",
                      escaped_service, escaped_scope);
  return http_client_request(client, "GET", url, headers, SLICE_EMPTY, TOKEN_ANSWER_MAX,
                             cancellable, error);
}

static char *
bearer_answer(HttpClient *client, const char *challenge, const char *repository,
              const char *actions, const Credentials *credentials, bool plain_http,
              Cancellable *cancellable, GError **error)
{
  g_autofree char *realm = token_challenge_parameter(challenge, "realm");
  g_autofree char *service = token_challenge_parameter(challenge, "service");
  g_autofree char *scope = g_strdup_printf("repository:%s:%s", repository, actions);
  if (realm == NULL || !(g_str_has_prefix(realm, "https://") ||
                         (plain_http && g_str_has_prefix(realm, "http://")))) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "the registry asks for a token from \"%s\", which is no https address",
              realm != NULL ? realm : "");
    return NULL;
  }
  g_autoptr(HttpResponse) response = ask_for_token(client, realm, service != NULL ? service : "",
                                                   scope, credentials, cancellable, error);
  if (response == NULL)
    return NULL;
  if (response->status != 200) {
    error_set(error, ASSAY_ERROR_DENIED, "%s: no token for %s (HTTP status %ld)", realm, repository,
              response->status);
    return NULL;
  }
  g_autoptr(json_t) answer = json_parse(slice_from_bytes(response->body), error);
  const char *token = json_get_string(answer, "token");
  token = token != NULL ? token : json_get_string(answer, "access_token");
  /* It becomes a header line. */
  if (answer != NULL && (token == NULL || strpbrk(token, "\r\n") != NULL))
    error_set(error, ASSAY_ERROR_NETWORK, "%s: the answer holds no token", realm);
  return token == NULL || strpbrk(token, "\r\n") != NULL
             ? NULL
             : g_strconcat("Authorization: Bearer ", token, NULL);
}

char *
token_answer(HttpClient *client, const char *challenge, const char *repository, const char *actions,
             const Credentials *credentials, bool plain_http, Cancellable *cancellable,
             GError **error)
{
  if (challenge != NULL && g_ascii_strncasecmp(challenge, "Bearer ", 7) == 0)
    return bearer_answer(client, challenge, repository, actions, credentials, plain_http,
                         cancellable, error);
  bool basic = challenge != NULL && g_ascii_strncasecmp(challenge, "Basic", 5) == 0;
  char *header = basic ? credentials_basic_header(credentials) : NULL;
  if (header == NULL)
    error_set(error, ASSAY_ERROR_DENIED, "%s: the registry wants to know who asks", repository);
  return header;
}
