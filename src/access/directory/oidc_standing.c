/* Whether a provider still knows people; see the header. */
#include "access/directory/oidc_standing.h"

#include <string.h>

#include "access/keys/sealed.h"
#include "base/error.h"
#include "base/log.h"

static char *
purpose_of(int64_t person)
{
  return g_strdup_printf("oidc-refresh:%" G_GINT64_FORMAT, person);
}

bool
oidc_keep_refresh(Access *access, int64_t person, const char *refresh, GError **error)
{
  g_autofree char *purpose = purpose_of(person);
  if (refresh == NULL)
    return sql_write(access_sql(access), NULL, error,
                     "DELETE FROM oidc_people WHERE principal = $1", SQL_INTEGER(person), SQL_END);
  g_autoptr(GBytes) sealed =
      sealer_seal(access_sealer(access), purpose, slice_from_string(refresh));
  return sql_write(access_sql(access), NULL, error,
                   "INSERT INTO oidc_people (principal, refresh, asked) VALUES ($1, $2, 0) "
                   "ON CONFLICT (principal) DO UPDATE SET refresh = $2",
                   SQL_INTEGER(person), SQL_BYTES(slice_from_bytes(sealed)), SQL_END);
}

/* --- taking it up --- */

typedef struct {
  int64_t person, now;
  GBytes *sealed; /* NULL: there is none */
  bool taken;     /* it was asked long enough ago */
} Taking;

static bool
take(SqlConnection *db, void *data, GError **error)
{
  Taking *taking = data;
  int64_t changed = 0;
  g_autoptr(SqlRows) rows = NULL;
  g_clear_pointer(&taking->sealed, g_bytes_unref);
  if (!sql_run(db, &changed, error,
               "UPDATE oidc_people SET asked = $2 WHERE principal = $1 AND asked <= $3",
               SQL_INTEGER(taking->person), SQL_INTEGER(taking->now),
               SQL_INTEGER(taking->now - OIDC_ASK_AGAIN * G_USEC_PER_SEC), SQL_END))
    return false;
  taking->taken = changed > 0;
  Found found = sql_first(db, &rows, error, "SELECT refresh FROM oidc_people WHERE principal = $1",
                          SQL_INTEGER(taking->person), SQL_END);
  if (found == FOUND) {
    Slice sealed = sql_rows_bytes(rows, 0);
    taking->sealed = g_bytes_new(sealed.data, sealed.size);
  }
  return found != FAILED;
}

/* (transfer full) */
static char *
take_refresh(Access *access, const OidcSettings *settings, int64_t person, GError **error)
{
  Taking taking = {.person = person, .now = g_get_real_time()};
  g_autofree char *purpose = purpose_of(person);
  bool right = sql_transact(access_sql(access), take, &taking, error);
  g_autoptr(GBytes) sealed = taking.sealed;
  if (!right)
    return NULL;
  if (sealed == NULL) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "access.oidc \"%s\": the provider gave nothing to ask again by (a refresh token)",
              settings->name);
    return NULL;
  }
  if (!taking.taken) {
    error_set(error, ASSAY_ERROR_BUSY, "access.oidc \"%s\": it was asked a moment ago",
              settings->name);
    return NULL;
  }
  g_autoptr(GBytes) clear =
      sealer_unseal(access_sealer(access), purpose, slice_from_bytes(sealed), error);
  return clear == NULL ? NULL : slice_to_string(slice_from_bytes(clear));
}

/* --- asking --- */

/* What says that the client or the provider is in trouble, rather than the person. */
static bool
is_of_client(const char *word)
{
  static const char *const words[] = {"invalid_client",
                                      "unauthorized_client",
                                      "invalid_request",
                                      "invalid_scope",
                                      "unsupported_grant_type",
                                      "temporarily_unavailable",
                                      "server_error",
                                      "slow_down",
                                      NULL};
  return word == NULL || g_strv_contains(words, word);
}

static json_t *
ask(Access *access, const OidcSettings *settings, const char *refresh, char **word, GError **error)
{
  g_autoptr(IssuerDocument) document = issuer_document(oidc_issuer(access, settings), error);
  if (document == NULL)
    return NULL;
  if (document->token_endpoint == NULL) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "access.oidc \"%s\": it has no token endpoint",
              settings->name);
    return NULL;
  }
  g_autoptr(GString) form = g_string_new(NULL);
  oidc_add(form, "grant_type", "refresh_token");
  oidc_add(form, "refresh_token", refresh);
  return oidc_ask(access, settings, document->token_endpoint, form, word, error);
}

/* The new one is kept before anything else is asked: the old one may be of no use any more. */
static bool
keep_new(Access *access, int64_t person, const json_t *answer, GError **error)
{
  const char *refresh = json_get_string(answer, "refresh_token");
  return refresh == NULL || oidc_keep_refresh(access, person, refresh, error);
}

Found
oidc_look_up(Access *access, const OidcSettings *settings, int64_t id, DirectoryPerson **person,
             GError **error)
{
  g_autoptr(GError) refused = NULL;
  g_autofree char *refresh = take_refresh(access, settings, id, error);
  if (refresh == NULL)
    return FAILED;
  g_autofree char *word = NULL;
  g_autoptr(json_t) answer = ask(access, settings, refresh, &word, &refused);
  explicit_bzero(refresh, strlen(refresh));
  bool gone = g_error_matches(refused, ASSAY_ERROR, ASSAY_ERROR_DENIED) && !is_of_client(word);
  if (answer != NULL && !keep_new(access, id, answer, error))
    return FAILED;
  g_autoptr(OidcAnswer) read =
      answer == NULL ? NULL : oidc_read_again(access, settings, answer, &refused);
  if (read != NULL) {
    *person = g_steal_pointer(&read->person);
    return FOUND;
  }
  if (gone || (answer != NULL && g_error_matches(refused, ASSAY_ERROR, ASSAY_ERROR_DENIED))) {
    log_info("a provider does not know a person any more", "error", refused->message, NULL);
    return ABSENT;
  }
  g_propagate_error(error, g_steal_pointer(&refused));
  return FAILED;
}
