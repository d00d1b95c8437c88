/* What a provider of OpenID Connect says of a person (Core 1.0): the questions to its token
 * endpoint, and the person that its answers speak of. How an answer is come by is oidc_log_in.h's
 * (a browser), oidc_device.h's (a terminal) and oidc_standing.h's (again, later).
 *
 * A person is known by the issuer and `sub`, never by a name: names are given to others later. What
 * tokens say is believed after issuer_verify() alone. All block; any thread. */
#pragma once

#include <jansson.h>

#include "access/access.h"
#include "access/directory/person.h"

/* "oidc:NAME". (transfer full) */
char *oidc_source(const OidcSettings *settings);
/* NULL: the configuration has none of that name. (transfer none) */
const OidcSettings *oidc_find(const Access *access, const char *name);
/* (transfer none) */
Issuer *oidc_issuer(const Access *access, const OidcSettings *settings);

/* A parameter of a form, or of a query. */
void oidc_add(GString *form, const char *name, const char *value);
/* A POST of @form to @url with what proves the client. NULL with ASSAY_ERROR_DENIED: the provider
 * says no, and *word (or NULL; transfer full) is which ("invalid_grant"); with another, it says
 * nothing that helps. (transfer full) */
json_t *oidc_ask(const Access *access, const OidcSettings *settings, const char *url, GString *form,
                 char **word, GError **error);

typedef struct {
  DirectoryPerson *person;
  char *refresh; /* by which it can be asked again, or NULL */
} OidcAnswer;
void oidc_answer_free(OidcAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OidcAnswer, oidc_answer_free)

/* What the token endpoint's @answer says: its ID token, with what the userinfo endpoint adds.
 * @nonce: what the token must have; NULL: there was none to send. ASSAY_ERROR_DENIED: it is wrong,
 * or the person may not log in here. (transfer full) */
OidcAnswer *oidc_read(const Access *access, const OidcSettings *settings, const json_t *answer,
                      const char *nonce, GError **error);
/* The same of an answer to a refresh token, which may have no ID token: who it is, the userinfo
 * endpoint says. `person` is NULL where neither is there. (transfer full) */
OidcAnswer *oidc_read_again(const Access *access, const OidcSettings *settings,
                            const json_t *answer, GError **error);
