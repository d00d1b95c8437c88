/* Tokens for Azure of an application: by its secret (?credentials=client), or by the token of
 * another issuer that it trusts, as workload identity has it (?credentials=web-identity). The
 * tenant, the client and the secret are in a file (tenant_id, client_id, client_secret in
 * [default]), or in $AZURE_TENANT_ID, $AZURE_CLIENT_ID and $AZURE_CLIENT_SECRET; the other's token
 * is in the options' file, or in that of $AZURE_FEDERATED_TOKEN_FILE. ("Microsoft identity platform
 * and the OAuth 2.0 client credentials flow".) */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/credentials/azure_clouds.h"
#include "sign/keys/credentials/credential_source.h"
#include "sign/keys/secret.h"

#define ASSERTION "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* One of @secret and @assertion is NULL. */
static bool
get_token(const CredentialUse *use, const char *tenant, const char *client, const char *secret,
          const char *assertion, KeyCredentials *mine, Cancellable *cancellable, GError **error)
{
  const AzureCloud *cloud = azure_cloud_of(use->place->parts[0]);
  const char *authority = g_getenv("AZURE_AUTHORITY_HOST");
  g_autoptr(Service) service =
      service_new(authority == NULL ? cloud->authority : authority, use->options, error);
  if (service == NULL)
    return false;
  g_autofree char *scope = g_strconcat(cloud->resource, "/.default", NULL);
  const char *const pairs[] = {"grant_type",
                               "client_credentials",
                               "client_id",
                               client,
                               "scope",
                               scope,
                               "client_secret",
                               secret,
                               "client_assertion_type",
                               assertion == NULL ? NULL : ASSERTION,
                               "client_assertion",
                               assertion,
                               NULL};
  static const char *const headers[] = {CREDENTIAL_FORM_TYPE, NULL};
  auto_secret_text *form = credential_form(pairs);
  g_autofree char *escaped = g_uri_escape_string(tenant, NULL, FALSE);
  g_autofree char *path = g_strdup_printf("/%s/oauth2/v2.0/token", escaped);
  const ServiceRequest request = {NULL, path, headers, form};
  g_autoptr(json_t) answer = credential_ask(service, &request, cancellable, error);
  return answer != NULL && credential_take_token(answer, mine, error);
}

static bool
get_by_secret(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
              Cancellable *cancellable, GError **error)
{
  static const char *const members[] = {"tenant_id", "client_id", "client_secret"};
  static const char *const variables[] = {"AZURE_TENANT_ID", "AZURE_CLIENT_ID",
                                          "AZURE_CLIENT_SECRET"};
  g_auto(GStrv) found = g_new0(char *, G_N_ELEMENTS(members) + 1);
  bool got = true;
  for (size_t i = 0; got && i < G_N_ELEMENTS(members); i++) {
    found[i] = credential_setting(use, members[i], variables[i], error);
    got = found[i] != NULL;
    if (!got && (error == NULL || *error == NULL))
      error_set(error, ASSAY_ERROR_DENIED,
                "there are no credentials for its service (tenant_id, client_id and client_secret "
                "in a file, or $AZURE_TENANT_ID, $AZURE_CLIENT_ID and $AZURE_CLIENT_SECRET)");
  }
  if (got)
    got = get_token(use, found[0], found[1], found[2], NULL, mine, cancellable, error);
  if (found[2] != NULL)
    memset(found[2], 0, strlen(found[2]));
  return got;
}

static bool
get_by_assertion(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
                 Cancellable *cancellable, GError **error)
{
  const char *tenant = credential_variable("AZURE_TENANT_ID", error);
  const char *client = use->place->client != NULL ? use->place->client
                       : tenant == NULL           ? NULL
                                                  : credential_variable("AZURE_CLIENT_ID", error);
  if (tenant == NULL || client == NULL)
    return false;
  auto_secret_text *theirs = credential_file_line(use, "AZURE_FEDERATED_TOKEN_FILE", NULL, error);
  return theirs != NULL && get_token(use, tenant, client, NULL, theirs, mine, cancellable, error);
}

const CredentialSource azure_client_source = {"azure-kms", "client", get_by_secret};
const CredentialSource azure_federation_source = {"azure-kms", "web-identity", get_by_assertion};
