/* Pairs of keys of a container of AWS (ECS, and EKS' Pod Identity), whose environment names where
 * they are got: $AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI, and
 * $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or _TOKEN what is shown there. ("AWS SDKs and Tools
 * Reference Guide": container credential provider.) */
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/json.h"
#include "sign/keys/credentials/credential_source.h"
#include "sign/keys/secret.h"

/* Over HTTP, only these are asked, and this machine. */
#define OF_TASKS "http://169.254.170.2"
#define OF_PODS  "http://169.254.170.23"
#define OF_PODS6 "http://[fd00:ec2::23]"

/* Whether "HOST:PORT" is this machine, and not a name that begins like it. */
static bool
is_here(const char *place)
{
  Address address;
  return address_parse_with_port(slice_from_string(place), &address)
             ? address_is_loopback(&address)
             : strcmp(place, "localhost") == 0 || g_str_has_prefix(place, "localhost:");
}

/* The address as an endpoint and a path. (transfer full) NULL with *error. */
static char *
split_address(const char *address, char **endpoint, GError **error)
{
  static const char *const plain[] = {OF_TASKS, OF_PODS, OF_PODS6, NULL};
  const char *host = strstr(address, "://");
  size_t length = host == NULL ? 0 : (size_t)(host + 3 - address) + strcspn(host + 3, "/?#");
  *endpoint = g_strndup(address, length);
  bool https = g_str_has_prefix(*endpoint, "https://");
  bool here = g_str_has_prefix(*endpoint, "http://") && is_here(*endpoint + strlen("http://"));
  if (length > 0 && strchr(*endpoint, '@') == NULL &&
      (https || here || g_strv_contains(plain, *endpoint)))
    return g_strdup(address[length] == '\0' ? "/" : address + length);
  error_set(error, ASSAY_ERROR_INVALID,
            "$AWS_CONTAINER_CREDENTIALS_FULL_URI is no address of HTTPS, of this machine or of "
            "AWS's own");
  return NULL;
}

/* (transfer full) *none: nothing is shown. */
static char *
find_authorization(bool *none, GError **error)
{
  const char *file = g_getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  static const char *const variables[] = {"AWS_CONTAINER_AUTHORIZATION_TOKEN", NULL};
  auto_secret_text *token = NULL;
  *none = false;
  if (!secret_find(file, variables, &token, error))
    return NULL;
  *none = token == NULL;
  if (token == NULL)
    return NULL;
  if (slice_is_printable(slice_from_string(token)))
    return g_strconcat("Authorization: ", token, NULL);
  error_set(error, ASSAY_ERROR_DENIED, "the container's authorization token is no text");
  return NULL;
}

static bool
get(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
    Cancellable *cancellable, GError **error)
{
  const char *relative = g_getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const char *full =
      relative != NULL ? NULL : credential_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", error);
  if (relative == NULL && full == NULL)
    return false;
  g_autofree char *address =
      relative != NULL ? g_strconcat(OF_TASKS, relative, NULL) : g_strdup(full);
  g_autofree char *endpoint = NULL;
  g_autofree char *path = split_address(address, &endpoint, error);
  bool none;
  auto_secret_text *authorization = path == NULL ? NULL : find_authorization(&none, error);
  if (path == NULL || (authorization == NULL && !none))
    return false;
  g_autoptr(Service) service = service_new_metadata(endpoint, use->options, error);
  const char *const headers[] = {authorization, NULL};
  const ServiceRequest request = {NULL, path, headers, NULL};
  g_autoptr(json_t) answer =
      service == NULL ? NULL : credential_ask(service, &request, cancellable, error);
  static const CredentialMembers members = {"AccessKeyId", "SecretAccessKey", "Token",
                                            "Expiration"};
  return answer != NULL && credential_take_pair(answer, &members, mine, error);
}

const CredentialSource aws_container_source = {"aws-kms", "container", get};
