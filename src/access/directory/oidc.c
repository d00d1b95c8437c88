/* What a provider of OpenID Connect says of a person; see the header. */
#include "access/directory/oidc.h"

#include <string.h>

#include "access/credentials/secrets.h"
#include "access/directory/secret_file.h"
#include "access/keys/jwt.h"
#include "access/people/names.h"
#include "base/error.h"

#define ANSWER_VALUES_MAX 8192
#define WORD_MAX          64

char *
oidc_source(const OidcSettings *settings)
{
  return g_strconcat("oidc:", settings->name, NULL);
}

const OidcSettings *
oidc_find(const Access *access, const char *name)
{
  const AccessSettings *settings = access_settings(access);
  for (unsigned i = 0; settings != NULL && i < settings->oidc_count; i++)
    if (strcmp(settings->oidc[i].name, name) == 0)
      return &settings->oidc[i];
  return NULL;
}

Issuer *
oidc_issuer(const Access *access, const OidcSettings *settings)
{
  return issuers_find(access_issuers(access), &settings->issuer);
}

void
oidc_answer_free(OidcAnswer *answer)
{
  if (answer == NULL)
    return;
  directory_person_free(answer->person);
  secret_free(answer->refresh);
  g_free(answer);
}

/* --- asking --- */

void
oidc_add(GString *form, const char *name, const char *value)
{
  g_string_append_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
  g_string_append_uri_escaped(form, value, NULL, FALSE);
}

static char *
read_secret(const OidcSettings *settings, GError **error)
{
  return secret_file_read(settings->client_secret_file, "client's secret", "oidc", settings->name,
                          error);
}

/* Name and secret are encoded before they are joined (RFC 6749, section 2.3.1). */
static char *
basic_header(const OidcSettings *settings, const char *secret)
{
  g_autofree char *id = g_uri_escape_string(settings->client_id, NULL, FALSE);
  g_autofree char *escaped = g_uri_escape_string(secret, NULL, FALSE);
  g_autofree char *both = g_strconcat(id, ":", escaped, NULL);
  g_autofree char *text = g_base64_encode((const guchar *)both, strlen(both));
  return g_strconcat("Authorization: Basic ", text, NULL);
}

/* *header stays NULL where the form says who asks. */
static bool
prove_client(const OidcSettings *settings, const IssuerDocument *document, GString *form,
             char **header, GError **error)
{
  g_autoptr(SecretText) secret = NULL;
  if (settings->client_secret_file != NULL && (secret = read_secret(settings, error)) == NULL)
    return false;
  if (secret != NULL && !document->secret_in_body) {
    *header = basic_header(settings, secret);
    return true;
  }
  oidc_add(form, "client_id", settings->client_id);
  if (secret != NULL)
    oidc_add(form, "client_secret", secret);
  return true;
}

/* The registry itself is refused then, which says nothing of the person. */
static bool
is_about_the_client(const char *word)
{
  static const char *const words[] = {"invalid_client", "unauthorized_client",
                                      "unsupported_grant_type", "invalid_scope", NULL};
  return g_strv_contains(words, word);
}

/* An error of OAuth (RFC 6749, section 5.2): a word that logs and messages may hold. */
static bool
refuse(const OidcSettings *settings, long status, const json_t *answer, char **word, GError **error)
{
  const char *said = json_get_string(answer, "error");
  bool is_word =
      said != NULL && strlen(said) <= WORD_MAX &&
      strspn(said, "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == strlen(said);
  /* Some say no without a word (glewlwyd, of a refresh token): 400 is what the grant is refused by.
   */
  if (!is_word && status == 400)
    said = "no";
  else if (!is_word || status < 400 || status > 499)
    return error_set(error, ASSAY_ERROR_NETWORK, "the provider %s answers with HTTP status %ld",
                     settings->name, status);
  if (is_about_the_client(said))
    return error_set(error, ASSAY_ERROR_NETWORK,
                     "the provider %s refuses the registry: %s; look at client_id, "
                     "client_secret_file and scopes of access.oidc, and at the client there",
                     settings->name, said);
  if (word != NULL)
    *word = g_strdup(said);
  return error_set(error, ASSAY_ERROR_DENIED, "the provider %s says: %s", settings->name, said);
}

static json_t *
read_answer(const OidcSettings *settings, const HttpResponse *response, char **word, GError **error)
{
  Slice body = response->body == NULL ? SLICE_EMPTY : slice_from_bytes(response->body);
  g_autoptr(json_t) answer = json_parse_bounded(body, ANSWER_VALUES_MAX, NULL);
  if (response->status == 200 && json_is_object(answer))
    return g_steal_pointer(&answer);
  refuse(settings, response->status, answer, word, error);
  return NULL;
}

json_t *
oidc_ask(const Access *access, const OidcSettings *settings, const char *url, GString *form,
         char **word, GError **error)
{
  Issuer *issuer = oidc_issuer(access, settings);
  g_autofree char *proof = NULL;
  g_autoptr(IssuerDocument) document = issuer_document(issuer, error);
  if (document == NULL || !prove_client(settings, document, form, &proof, error))
    return NULL;
  const char *const headers[] = {proof, NULL};
  g_autoptr(HttpResponse) response = issuer_ask(issuer, url, headers, form->str, error);
  explicit_bzero(form->str, form->len);
  return response == NULL ? NULL : read_answer(settings, response, word, error);
}

/* What the userinfo endpoint says of whose access token it is. */
static json_t *
ask_userinfo(const Access *access, const OidcSettings *settings, const IssuerDocument *document,
             const char *token, GError **error)
{
  g_autofree char *bearer = g_strconcat("Authorization: Bearer ", token, NULL);
  const char *const headers[] = {bearer, NULL};
  if (strpbrk(token, "\r\n") != NULL) {
    error_set(error, ASSAY_ERROR_INVALID, "the access token is none");
    return NULL;
  }
  g_autoptr(HttpResponse) response =
      issuer_ask(oidc_issuer(access, settings), document->userinfo_endpoint, headers, NULL, error);
  if (response == NULL)
    return NULL;
  if (response->status == 401 || response->status == 403) {
    error_set(error, ASSAY_ERROR_DENIED, "the provider %s knows the person no longer",
              settings->name);
    return NULL;
  }
  return read_answer(settings, response, NULL, error);
}

/* --- the person --- */

/* One that is for several audiences says which it was given to (Core, section 3.1.3.7). */
static bool
check_party(const OidcSettings *settings, const json_t *claims, GError **error)
{
  const json_t *party = json_object_get(claims, "azp");
  bool several = json_array_size(json_object_get(claims, "aud")) > 1;
  if (party == NULL ? !several : g_strcmp0(json_string_value(party), settings->client_id) == 0)
    return true;
  return error_set(error, ASSAY_ERROR_DENIED, "the token was given to another client (azp)");
}

static json_t *
verified_claims(const Access *access, const OidcSettings *settings, const char *token,
                const char *nonce, GError **error)
{
  g_autoptr(json_t) claims =
      issuer_verify(oidc_issuer(access, settings), token, settings->client_id, error);
  if (claims == NULL || !check_party(settings, claims, error))
    return NULL;
  if (nonce == NULL || g_strcmp0(json_get_string(claims, "nonce"), nonce) == 0)
    return g_steal_pointer(&claims);
  error_set(error, ASSAY_ERROR_DENIED, "the token is of another log-in (nonce)");
  return NULL;
}

static bool
add_groups(const OidcSettings *settings, const json_t *claims, DirectoryPerson *person,
           GError **error)
{
  const json_t *list = json_object_get(claims, settings->groups_claim);
  if (json_is_string(list))
    directory_person_add_group(person, json_string_value(list));
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *group = json_string_value(json_array_get(list, i));
    if (group != NULL && !directory_person_add_group(person, group))
      return error_set(error, ASSAY_ERROR_LIMIT, "access.oidc \"%s\": %s is in more than %u groups",
                       settings->name, person->name, DIRECTORY_GROUPS_MAX);
  }
  return true;
}

static bool
is_allowed(const OidcSettings *settings, const DirectoryPerson *person, GError **error)
{
  bool all = *settings->allowed_groups == NULL;
  for (char *const *group = settings->allowed_groups; *group != NULL && !all; group++)
    all = g_ptr_array_find_with_equal_func(person->groups, *group, g_str_equal, NULL);
  return all || error_set(error, ASSAY_ERROR_DENIED,
                          "%s is in none of the groups that may log in (access.oidc \"%s\": "
                          "allowed_groups)",
                          person->name, settings->name);
}

/* A text that may be shown, or NULL. (transfer full) */
static char *
text_of(const json_t *claims, const char *claim)
{
  const char *text = json_get_string(claims, claim);
  return text != NULL && account_text_check("it", text, NULL) ? g_strdup(text) : NULL;
}

static DirectoryPerson *
person_of(const OidcSettings *settings, const json_t *claims, GError **error)
{
  const char *called = json_get_string(claims, settings->name_claim);
  g_autoptr(DirectoryPerson) person = directory_person_new();
  g_autoptr(GError) unfit = NULL;
  if (called == NULL || *called == '\0') {
    error_set(error, ASSAY_ERROR_DENIED,
              "access.oidc \"%s\": the provider does not say what the person is called: "
              "name_claim is %s",
              settings->name, settings->name_claim);
    return NULL;
  }
  person->name = g_ascii_strdown(called, -1);
  person->id = g_strjoin(" ", settings->issuer.issuer, json_get_string(claims, "sub"), NULL);
  person->display = text_of(claims, settings->display_claim);
  person->mail = text_of(claims, settings->mail_claim);
  if (!account_name_check("a user", person->name, &unfit)) {
    error_set(error, ASSAY_ERROR_DENIED, "access.oidc \"%s\": name_claim %s: %s", settings->name,
              settings->name_claim, unfit->message);
    return NULL;
  }
  if (!add_groups(settings, claims, person, error) || !is_allowed(settings, person, error))
    return NULL;
  return g_steal_pointer(&person);
}

/* --- answers --- */

/* Adds what @claims do not say; another's are refused. */
static bool
add_userinfo(const Access *access, const OidcSettings *settings, const json_t *answer,
             json_t *claims, GError **error)
{
  const char *token = json_get_string(answer, "access_token");
  g_autoptr(IssuerDocument) document = issuer_document(oidc_issuer(access, settings), error);
  if (document == NULL)
    return false;
  if (document->userinfo_endpoint == NULL || token == NULL)
    return true;
  g_autoptr(json_t) more = ask_userinfo(access, settings, document, token, error);
  if (more == NULL)
    return false;
  const char *whose = json_get_string(more, "sub"), *asked = json_get_string(claims, "sub");
  if (whose == NULL || *whose == '\0' || strlen(whose) > ISSUER_SUBJECT_MAX ||
      (asked != NULL && strcmp(whose, asked) != 0))
    return error_set(error, ASSAY_ERROR_DENIED, "the provider %s speaks of another person (sub)",
                     settings->name);
  json_object_update_missing(claims, more);
  return true;
}

static OidcAnswer *
answer_of(const OidcSettings *settings, const json_t *answer, const json_t *claims, GError **error)
{
  g_autoptr(OidcAnswer) read = g_new0(OidcAnswer, 1);
  read->refresh = g_strdup(json_get_string(answer, "refresh_token"));
  if (json_get_string(claims, "sub") != NULL &&
      (read->person = person_of(settings, claims, error)) == NULL)
    return NULL;
  return g_steal_pointer(&read);
}

OidcAnswer *
oidc_read(const Access *access, const OidcSettings *settings, const json_t *answer,
          const char *nonce, GError **error)
{
  const char *token = json_require_string(answer, "id_token", error);
  g_autoptr(json_t) claims =
      token == NULL ? NULL : verified_claims(access, settings, token, nonce, error);
  if (claims == NULL)
    return NULL;
  bool whole = json_object_get(claims, settings->name_claim) != NULL &&
               json_object_get(claims, settings->groups_claim) != NULL;
  if (!whole && !add_userinfo(access, settings, answer, claims, error))
    return NULL;
  return answer_of(settings, answer, claims, error);
}

OidcAnswer *
oidc_read_again(const Access *access, const OidcSettings *settings, const json_t *answer,
                GError **error)
{
  const char *token = json_get_string(answer, "id_token");
  g_autoptr(GError) wrong = NULL;
  g_autoptr(json_t) claims =
      token == NULL ? json_object() : verified_claims(access, settings, token, NULL, &wrong);
  /* A provider that signs nonsense does not say that the person is gone. */
  if (claims == NULL) {
    error_set(error, ASSAY_ERROR_FAILED, "%s", wrong == NULL ? "it says nothing" : wrong->message);
    return NULL;
  }
  if (!add_userinfo(access, settings, answer, claims, error))
    return NULL;
  return answer_of(settings, answer, claims, error);
}
