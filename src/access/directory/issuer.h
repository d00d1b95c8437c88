/* An issuer of tokens that this registry trusts (OpenID Connect): its discovery document and its
 * keys, kept at hand, and the tokens that it has signed.
 *
 *   Issuer *issuer = issuers_find(access_issuers(access), &settings->issuer);
 *   g_autoptr(json_t) claims = issuer_verify(issuer, token, "assay", &error);
 *   if (claims == NULL && g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_DENIED))
 *     the token is wrong; with any other error nobody can say now
 *   else
 *     `iss`, `aud`, `exp`, `nbf` and `iat` are right, `sub` is a text: look at the other claims
 *
 * What is asked of an issuer goes to the addresses of its document alone, under TLS whose
 * certificate is checked, and no redirect is followed. Answers are bounded in size and time. The
 * document and the keys are read when they are needed, and again after an hour; while the issuer
 * does not answer, what is at hand counts for a day. A token by a key that is not known has the
 * keys read again, at most once in ISSUER_AGAIN seconds, so that an issuer may turn its keys over
 * and nobody can have it asked at will. After a failure it is asked again after as long. At most
 * ISSUER_AT_ONCE threads wait for one issuer, so that a slow one does not take up those of all, and
 * ISSUERS_AT_ONCE for any: fewer than there are to identify who asks.
 *
 * Which algorithms count is public_key.h's list: never "none", never one by a shared secret, and a
 * key of one type never verifies as another's (RFC 8725, sections 3.1 and 3.2).
 *
 * All may be called from any thread, and those with an error may block, for the time of two
 * questions (IssuerSettings.timeout) at most. */
#pragma once

#include <jansson.h>

#include "access/directory/issuer_document.h"
#include "access/directory/issuer_settings.h"
#include "base/http_client.h"
#include "base/json.h"

#define ISSUER_AT_ONCE     8  /* questions to one issuer; more are ASSAY_ERROR_BUSY */
#define ISSUERS_AT_ONCE    12 /* the same of all */
#define ISSUER_AGAIN       10 /* seconds */
#define ISSUER_ANSWER_MAX  ((size_t)256 * 1024)
#define ISSUER_SUBJECT_MAX 255u /* bytes of `sub` (OpenID Connect Core, section 2) */

typedef struct Issuer Issuer;

/* Those of the settings, each once, however many entries name it. (transfer full) */
typedef struct Issuers Issuers;
Issuers *issuers_new(void);
void issuers_free(Issuers *issuers);
/* Made at the first call; nothing is asked. @settings must outlive @issuers. (transfer none) */
Issuer *issuers_find(Issuers *issuers, const IssuerSettings *settings);

/* The claims of a token that this issuer has signed for @audience (one of its `aud`) and that is
 * valid now, with a `sub` that is a text of 1 to ISSUER_SUBJECT_MAX bytes. Other claims, `nonce`
 * and `azp` among them, are the caller's. ASSAY_ERROR_DENIED: the token is wrong, and the message
 * says why, for the record. _NETWORK, _TIMEOUT: the issuer must be asked and does not answer.
 * Others: its document or its keys are of no use. (transfer full) */
json_t *issuer_verify(Issuer *issuer, const char *token, const char *audience, GError **error);

/* Its document. Errors as above without DENIED; with keys_file there may be no document at all.
 * (transfer full) */
IssuerDocument *issuer_document(Issuer *issuer, GError **error);

/* A request to an address of its document by the rules above; any status is a success. @headers as
 * http_client_request(); @form: application/x-www-form-urlencoded, then it is a POST; or NULL.
 * (transfer full) */
HttpResponse *issuer_ask(Issuer *issuer, const char *url, const char *const *headers,
                         const char *form, GError **error);
