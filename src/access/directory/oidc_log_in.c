/* The log-in of a browser; see the header. */
#include "access/directory/oidc_log_in.h"

#include <string.h>

#include "access/credentials/secrets.h"
#include "access/directory/oidc_admit.h"
#include "access/directory/oidc_once.h"
#include "access/directory/oidc_sealed.h"
#include "base/error.h"
#include "text/base64url.h"

#define PURPOSE "oidc-log-in"
/* 43 characters of 62 are 256 bits; RFC 7636 asks for 43 to 128. */
#define RANDOM_LENGTH  43
#define PATH_MAX_BYTES 512

/* --- what is sealed --- */

typedef struct {
  char *provider, *state, *nonce, *verifier, *redirect, *back;
  int64_t ends; /* microseconds since 1970 */
} Attempt;
static const JsonMember attempt_members[] = {
    {JSON_MEMBER(Attempt, provider), .kind = &json_text, .required = true},
    {JSON_MEMBER(Attempt, state), .kind = &json_text, .required = true},
    {JSON_MEMBER(Attempt, nonce), .kind = &json_text, .required = true},
    {JSON_MEMBER(Attempt, verifier), .kind = &json_text, .required = true},
    {JSON_MEMBER(Attempt, redirect), .kind = &json_text, .required = true},
    {JSON_MEMBER(Attempt, back), .kind = &json_text},
    {JSON_MEMBER(Attempt, ends), .kind = &json_number},
};
static const JsonTable attempt_table = JSON_TABLE(Attempt, attempt_members);

static void
attempt_clear(Attempt *attempt)
{
  json_table_clear(&attempt_table, attempt);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Attempt, attempt_clear)

/* --- beginning --- */

bool
oidc_is_path(const char *path)
{
  if (*path != '/' || path[1] == '/' || strlen(path) > PATH_MAX_BYTES)
    return false;
  /* Browsers read "\" as "/", and pass over tabs and ends of lines. */
  for (const char *c = path; *c != '\0'; c++)
    if (!g_ascii_isgraph(*c) || strchr("\\\"<>`", *c) != NULL)
      return false;
  return true;
}

/* RFC 7636, section 4.2. */
static char *
challenge_of(const char *verifier)
{
  uint8_t digest[32];
  gsize size = sizeof digest;
  g_autoptr(GChecksum) hash = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(hash, (const guchar *)verifier, (gssize)strlen(verifier));
  g_checksum_get_digest(hash, digest, &size);
  return base64url_encode(slice_new(digest, size));
}

static char *
authorization_url(const OidcSettings *settings, const IssuerDocument *document,
                  const Attempt *attempt)
{
  g_autofree char *scopes = g_strjoinv(" ", settings->scopes);
  g_autofree char *challenge = challenge_of(attempt->verifier);
  g_autoptr(GString) query = g_string_new(NULL);
  oidc_add(query, "response_type", "code");
  oidc_add(query, "client_id", settings->client_id);
  oidc_add(query, "redirect_uri", attempt->redirect);
  oidc_add(query, "scope", scopes);
  oidc_add(query, "state", attempt->state);
  oidc_add(query, "nonce", attempt->nonce);
  oidc_add(query, "code_challenge", challenge);
  oidc_add(query, "code_challenge_method", "S256");
  /* Without consent no offline access (Core, section 11). */
  if (g_strv_contains((const char *const *)settings->scopes, "offline_access"))
    oidc_add(query, "prompt", "consent");
  const char *before = strchr(document->authorization_endpoint, '?') != NULL ? "&" : "?";
  return g_strconcat(document->authorization_endpoint, before, query->str, NULL);
}

bool
oidc_log_in_begin(Access *access, const OidcSettings *settings, const char *redirect,
                  const char *back, char **url, char **cookie, GError **error)
{
  g_autoptr(IssuerDocument) document = issuer_document(oidc_issuer(access, settings), error);
  if (document == NULL)
    return false;
  if (document->authorization_endpoint == NULL)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "access.oidc \"%s\": the provider does not log in browsers", settings->name);
  g_auto(Attempt) attempt = {.provider = g_strdup(settings->name),
                             .state = secret_random_text(RANDOM_LENGTH),
                             .nonce = secret_random_text(RANDOM_LENGTH),
                             .verifier = secret_random_text(RANDOM_LENGTH),
                             .redirect = g_strdup(redirect),
                             .back = g_strdup(back),
                             .ends =
                                 g_get_real_time() + (int64_t)OIDC_LOG_IN_SECONDS * G_USEC_PER_SEC};
  *url = authorization_url(settings, document, &attempt);
  *cookie = oidc_seal(access, PURPOSE, &attempt_table, &attempt);
  return true;
}

/* --- coming back --- */

/* Nothing of what came is believed before this. */
static bool
check_attempt(const Access *access, const OidcSettings *settings, const OidcReturn *returned,
              Attempt *attempt, GError **error)
{
  if (!oidc_unseal(access, PURPOSE, returned->cookie, &attempt_table, attempt))
    return error_set(error, ASSAY_ERROR_DENIED,
                     "this browser has not begun this log-in: begin a new one");
  if (strcmp(attempt->provider, settings->name) != 0)
    return error_set(error, ASSAY_ERROR_DENIED, "this log-in was begun with the provider %s",
                     attempt->provider);
  if (returned->state == NULL || strcmp(attempt->state, returned->state) != 0)
    return error_set(error, ASSAY_ERROR_DENIED,
                     "the answer is to another log-in (state): begin a new one");
  return attempt->ends > g_get_real_time() ||
         error_set(error, ASSAY_ERROR_DENIED,
                   "this log-in took more than %d minutes: begin a new "
                   "one",
                   OIDC_LOG_IN_SECONDS / 60);
}

/* RFC 9207, section 2.4. */
static bool
check_issuer(const OidcSettings *settings, const IssuerDocument *document,
             const OidcReturn *returned, GError **error)
{
  if (returned->issuer == NULL ? !document->names_itself
                               : strcmp(returned->issuer, settings->issuer.issuer) == 0)
    return true;
  return error_set(error, ASSAY_ERROR_DENIED,
                   "the answer is not by the provider that was asked (iss)");
}

static bool
check_answer(const OidcReturn *returned, GError **error)
{
  if (returned->error != NULL) {
    g_autofree char *word = g_strndup(returned->error, 64);
    g_strcanon(word, "abcdefghijklmnopqrstuvwxyz_", '?');
    return error_set(error, ASSAY_ERROR_DENIED, "the provider says: %s", word);
  }
  return (returned->code != NULL && *returned->code != '\0') ||
         error_set(error, ASSAY_ERROR_DENIED, "the provider sends no code");
}

static OidcAnswer *
exchange(Access *access, const OidcSettings *settings, const IssuerDocument *document,
         const Attempt *attempt, const char *code, GError **error)
{
  if (document->token_endpoint == NULL) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "access.oidc \"%s\": it has no token endpoint",
              settings->name);
    return NULL;
  }
  g_autoptr(GString) form = g_string_new(NULL);
  oidc_add(form, "grant_type", "authorization_code");
  oidc_add(form, "code", code);
  oidc_add(form, "redirect_uri", attempt->redirect);
  oidc_add(form, "code_verifier", attempt->verifier);
  g_autoptr(json_t) answer =
      oidc_ask(access, settings, document->token_endpoint, form, NULL, error);
  return answer == NULL ? NULL : oidc_read(access, settings, answer, attempt->nonce, error);
}

bool
oidc_log_in_finish(Access *access, const OidcSettings *settings, const OidcReturn *returned,
                   int64_t *person, char **back, GError **error)
{
  g_auto(Attempt) attempt = {0};
  if (!check_attempt(access, settings, returned, &attempt, error))
    return false;
  g_autoptr(IssuerDocument) document = issuer_document(oidc_issuer(access, settings), error);
  if (document == NULL || !check_issuer(settings, document, returned, error) ||
      !check_answer(returned, error) || !oidc_use_once(access, attempt.state, attempt.ends, error))
    return false;
  g_autoptr(OidcAnswer) answer =
      exchange(access, settings, document, &attempt, returned->code, error);
  if (answer == NULL || !oidc_admit(access, settings, answer, person, error))
    return false;
  *back = g_steal_pointer(&attempt.back);
  return true;
}
