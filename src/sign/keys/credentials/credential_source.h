/* A source of credentials; and what the files of sources share. */
#pragma once

#include "sign/keys/credentials/key_credentials.h"

typedef struct {
  const char *kind;
  const char *name; /* as ?credentials= has it; NULL: where the URI has none */
  /* Fills *mine, which is empty. @former: what it gave before, or NULL. */
  bool (*get)(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
              Cancellable *cancellable, GError **error);
} CredentialSource;

extern const CredentialSource aws_pair_source, aws_profile_source, alibaba_pair_source,
    tencent_pair_source;                                              /* pair_file.c */
extern const CredentialSource vault_token_source, azure_token_source; /* token_file.c */
extern const CredentialSource google_account_source;
extern const CredentialSource google_metadata_source, azure_metadata_source; /* token_metadata.c */
extern const CredentialSource azure_client_source, azure_federation_source;  /* azure_client.c */
extern const CredentialSource aws_role_source, alibaba_role_source,
    tencent_role_source; /* role_metadata.c */
extern const CredentialSource aws_container_source;
extern const CredentialSource aws_federation_source;
extern const CredentialSource alibaba_federation_source;
extern const CredentialSource vault_approle_source, vault_kubernetes_source; /* vault_login.c */

/* --- what is told to a source --- */

/* @member of the section of the options' file, or where there is none, @variable of the
 * environment. (transfer full) NULL: there is none, or *error: the file cannot be read. */
char *credential_setting(const CredentialUse *use, const char *member, const char *variable,
                         GError **error);
/* One line of the options' file, or where there is none of the file that @variable names, or of
 * @usual (each may be NULL). (transfer full) NULL: ASSAY_ERROR_DENIED. */
char *credential_file_line(const CredentialUse *use, const char *variable, const char *usual,
                           GError **error);
/* $variable; NULL with ASSAY_ERROR_DENIED that names it. */
const char *credential_variable(const char *variable, GError **error);

/* --- what a source is answered --- */

/* As service_ask(); what it says of an answer that is no JSON has nothing of that. */
json_t *credential_ask(Service *service, const ServiceRequest *request, Cancellable *cancellable,
                       GError **error);
/* A member, which is wiped in the answer. (transfer full) NULL: it has none. */
char *credential_take(json_t *answer, const char *member);

typedef struct {
  const char *id, *secret, *session, *end; /* the last: RFC 3339 */
} CredentialMembers;
/* A pair of @answer, with an end that is yet to come. ASSAY_ERROR_NETWORK, _DENIED. */
bool credential_take_pair(json_t *answer, const CredentialMembers *members, KeyCredentials *mine,
                          GError **error);
/* "access_token" and "expires_in", a number or a text of one (RFC 6749, 5.1). ASSAY_ERROR_NETWORK.
 */
bool credential_take_token(json_t *answer, KeyCredentials *mine, GError **error);
/* How long it is until @end, as RFC 3339 has it. False: ASSAY_ERROR_DENIED: it has passed. */
bool credential_read_end(const char *end, int64_t *seconds, GError **error);

/* --- what it asks --- */

/* "NAME=VALUE&..." with the values escaped; a NULL value is left out. @pairs: names and values in
 * turn, NULL-terminated by a name. (transfer full) */
char *credential_form(const char *const *pairs);
#define CREDENTIAL_FORM_TYPE "Content-Type: application/x-www-form-urlencoded"
