/* Pairs of keys of a role of AWS, for the token of another issuer that it trusts, as Kubernetes
 * gives to a Pod (IRSA). The role is ?role=, or $AWS_ROLE_ARN; the token is in the options' file,
 * or in that of $AWS_WEB_IDENTITY_TOKEN_FILE. ("AWS STS API Reference": AssumeRoleWithWebIdentity,
 * which is not signed, and answers in XML.) */
#include <string.h>

#include "base/error.h"
#include "sign/keys/credentials/credential_source.h"
#include "sign/keys/secret.h"
#include "sign/keys/xml_texts.h"

/* (transfer full) NULL with *error. */
static Service *
find_service(const CredentialUse *use, GError **error)
{
  const char *region = use->place->parts[0];
  const char *named = g_getenv("AWS_ENDPOINT_URL_STS");
  if (!service_host_is_plain(region)) {
    error_set(error, ASSAY_ERROR_INVALID, "%s is no region", region);
    return NULL;
  }
  g_autofree char *endpoint = named != NULL
                                  ? g_strdup(named)
                                  : g_strdup_printf("https://sts.%s.amazonaws.com%s", region,
                                                    g_str_has_prefix(region, "cn-") ? ".cn" : "");
  return service_new(endpoint, use->options, error);
}

/* (transfer full) */
static char *
take(GHashTable *texts, const char *name)
{
  void *key = NULL, *value = NULL;
  if (!g_hash_table_steal_extended(texts, name, &key, &value))
    return NULL;
  g_free(key);
  return value;
}

static bool
read_answer(Slice body, KeyCredentials *mine, GError **error)
{
  g_autoptr(GHashTable) texts = xml_texts(body, NULL);
  if (texts == NULL)
    return error_set(error, ASSAY_ERROR_NETWORK, "what gives credentials answered no XML");
  mine->id = take(texts, "AccessKeyId");
  mine->secret = take(texts, "SecretAccessKey");
  mine->session = take(texts, "SessionToken");
  if (mine->id == NULL || mine->secret == NULL || mine->session == NULL)
    return error_set(error, ASSAY_ERROR_NETWORK,
                     "what gives credentials answered without Credentials");
  return credential_read_end(g_hash_table_lookup(texts, "Expiration"), &mine->seconds, error);
}

static bool
get(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
    Cancellable *cancellable, GError **error)
{
  const char *role =
      use->place->role != NULL ? use->place->role : credential_variable("AWS_ROLE_ARN", error);
  auto_secret_text *token =
      role == NULL ? NULL : credential_file_line(use, "AWS_WEB_IDENTITY_TOKEN_FILE", NULL, error);
  g_autoptr(Service) service = token == NULL ? NULL : find_service(use, error);
  if (service == NULL)
    return false;
  const char *name = g_getenv("AWS_ROLE_SESSION_NAME");
  const char *const pairs[] = {"Action",
                               "AssumeRoleWithWebIdentity",
                               "Version",
                               "2011-06-15",
                               "RoleArn",
                               role,
                               "RoleSessionName",
                               name == NULL ? "assay" : name,
                               "WebIdentityToken",
                               token,
                               NULL};
  static const char *const headers[] = {CREDENTIAL_FORM_TYPE, NULL};
  auto_secret_text *form = credential_form(pairs);
  const ServiceRequest request = {NULL, "/", headers, form};
  g_autoptr(GError) failure = NULL;
  auto_secret_bytes *body = service_fetch(service, &request, cancellable, &failure);
  if (body != NULL)
    return read_answer(slice_from_bytes(body), mine, error);
  g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                             "what gives credentials at %s: ", service_host(service));
  return false;
}

const CredentialSource aws_federation_source = {"aws-kms", "web-identity", get};
