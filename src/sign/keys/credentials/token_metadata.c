/* Tokens of a machine's own identity, by the metadata services of Google and Azure. ("Authenticate
 * workloads using service accounts": the metadata server; "Azure Instance Metadata Service":
 * managed identities.) */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/credentials/azure_clouds.h"
#include "sign/keys/credentials/credential_source.h"

static bool
get_token(const CredentialUse *use, const char *endpoint, const char *header, const char *path,
          KeyCredentials *mine, Cancellable *cancellable, GError **error)
{
  const char *const headers[] = {header, NULL};
  const ServiceRequest request = {NULL, path, headers, NULL};
  g_autoptr(Service) service = service_new_metadata(endpoint, use->options, error);
  g_autoptr(json_t) answer =
      service == NULL ? NULL : credential_ask(service, &request, cancellable, error);
  return answer != NULL && credential_take_token(answer, mine, error);
}

static bool
get_google(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
           Cancellable *cancellable, GError **error)
{
  const char *host = g_getenv("GCE_METADATA_HOST");
  g_autofree char *endpoint =
      g_strconcat("http://", host == NULL ? "metadata.google.internal" : host, NULL);
  g_autofree char *account =
      g_uri_escape_string(use->place->client == NULL ? "default" : use->place->client, "@", FALSE);
  g_autofree char *path =
      g_strdup_printf("/computeMetadata/v1/instance/service-accounts/%s/token", account);
  return get_token(use, endpoint, "Metadata-Flavor: Google", path, mine, cancellable, error);
}

static bool
get_azure(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
          Cancellable *cancellable, GError **error)
{
  const char *host = g_getenv("AZURE_POD_IDENTITY_AUTHORITY_HOST");
  const char *const pairs[] = {
      "api-version", "2018-02-01",       "resource", azure_cloud_of(use->place->parts[0])->resource,
      "client_id",   use->place->client, NULL};
  g_autofree char *question = credential_form(pairs);
  g_autofree char *path = g_strconcat("/metadata/identity/oauth2/token?", question, NULL);
  return get_token(use, host == NULL ? "http://169.254.169.254" : host, "Metadata: true", path,
                   mine, cancellable, error);
}

const CredentialSource google_metadata_source = {"gcp-kms", "metadata", get_google};
const CredentialSource azure_metadata_source = {"azure-kms", "metadata", get_azure};
