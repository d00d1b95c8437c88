/* Pairs of keys of a role of Alibaba Cloud, for the token of another issuer that it trusts, as
 * Kubernetes gives to a Pod (RRSA). The role is ?role=, or $ALIBABA_CLOUD_ROLE_ARN; the issuer is
 * $ALIBABA_CLOUD_OIDC_PROVIDER_ARN, and its token is in the options' file, or in that of
 * $ALIBABA_CLOUD_OIDC_TOKEN_FILE. ("STS API" 2015-04-01: AssumeRoleWithOIDC, which is not signed.)
 */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/credentials/credential_source.h"
#include "sign/keys/secret.h"

/* (transfer full) NULL with *error. */
static Service *
find_service(const CredentialUse *use, GError **error)
{
  const char *region = use->place->parts[0];
  const char *named = g_getenv("ALIBABA_CLOUD_STS_ENDPOINT");
  if (!service_host_is_plain(region)) {
    error_set(error, ASSAY_ERROR_INVALID, "%s is no region", region);
    return NULL;
  }
  g_autofree char *endpoint =
      named != NULL ? g_strdup(named) : g_strdup_printf("https://sts.%s.aliyuncs.com", region);
  return service_new(endpoint, use->options, error);
}

/* (transfer full) */
static char *
make_form(const char *role, const char *issuer, const char *token)
{
  const char *name = g_getenv("ALIBABA_CLOUD_ROLE_SESSION_NAME");
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
  g_autofree char *nonce = g_uuid_string_random();
  const char *const pairs[] = {"Action",
                               "AssumeRoleWithOIDC",
                               "Version",
                               "2015-04-01",
                               "Format",
                               "JSON",
                               "Timestamp",
                               when,
                               "SignatureNonce",
                               nonce,
                               "RoleArn",
                               role,
                               "OIDCProviderArn",
                               issuer,
                               "OIDCToken",
                               token,
                               "RoleSessionName",
                               name == NULL ? "assay" : name,
                               NULL};
  return credential_form(pairs);
}

static bool
get(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
    Cancellable *cancellable, GError **error)
{
  const char *role = use->place->role != NULL
                         ? use->place->role
                         : credential_variable("ALIBABA_CLOUD_ROLE_ARN", error);
  const char *issuer =
      role == NULL ? NULL : credential_variable("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", error);
  auto_secret_text *token =
      issuer == NULL ? NULL
                     : credential_file_line(use, "ALIBABA_CLOUD_OIDC_TOKEN_FILE", NULL, error);
  g_autoptr(Service) service = token == NULL ? NULL : find_service(use, error);
  if (service == NULL)
    return false;
  static const char *const headers[] = {CREDENTIAL_FORM_TYPE, NULL};
  auto_secret_text *form = make_form(role, issuer, token);
  const ServiceRequest request = {NULL, "/", headers, form};
  g_autoptr(json_t) answer = credential_ask(service, &request, cancellable, error);
  static const CredentialMembers members = {"AccessKeyId", "AccessKeySecret", "SecurityToken",
                                            "Expiration"};
  json_t *given = json_get_object(answer, "Credentials");
  return answer != NULL && credential_take_pair(given, &members, mine, error);
}

const CredentialSource alibaba_federation_source = {"alibaba-kms", "web-identity", get};
