/* Pairs of keys of the role that a machine has, by the metadata services of AWS (version 2),
 * Alibaba and Tencent. The role is ?role=, or the one that the service names. ("Use IAM roles with
 * instance metadata"; "Instance RAM roles", security hardening mode; "Tencent CVM: instance
 * roles".) */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/credentials/credential_source.h"
#include "sign/keys/secret.h"

typedef struct {
  const char *variable, *endpoint; /* of the environment, another address */
  const char *lifetime, *session;  /* headers of a session, which is asked for first; or NULL */
  const char *roles;               /* the path of their list */
  CredentialMembers members;
} RoleService;

/* (transfer full) NULL: *error, or it has no sessions. */
static char *
open_session(const RoleService *kind, Service *service, Cancellable *cancellable, GError **error)
{
  if (kind->lifetime == NULL)
    return NULL;
  const char *const headers[] = {kind->lifetime, NULL};
  const ServiceRequest request = {"PUT", "/latest/api/token", headers, ""};
  auto_secret_bytes *body = service_fetch(service, &request, cancellable, error);
  auto_secret_text *token =
      body == NULL ? NULL : slice_to_string(slice_strip(slice_from_bytes(body)));
  if (token == NULL)
    return NULL;
  if (*token != '\0' && slice_is_printable(slice_from_string(token)))
    return g_strconcat(kind->session, ": ", token, NULL);
  error_set(error, ASSAY_ERROR_NETWORK, "the metadata service answered without a token");
  return NULL;
}

/* The first of its list, whose name is part of an address. (transfer full) */
static char *
find_role(const CredentialUse *use, const RoleService *kind, Service *service,
          const char *const *headers, Cancellable *cancellable, GError **error)
{
  if (use->place->role != NULL)
    return g_uri_escape_string(use->place->role, NULL, FALSE);
  const ServiceRequest request = {NULL, kind->roles, headers, NULL};
  g_autoptr(GBytes) body = service_fetch(service, &request, cancellable, error);
  if (body == NULL) {
    if (error != NULL && g_error_matches(*error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
      g_clear_error(error);
      error_set(error, ASSAY_ERROR_DENIED, "the machine has no role");
    }
    return NULL;
  }
  Slice rest = slice_from_bytes(body), line = SLICE_EMPTY;
  slice_next_line(&rest, &line);
  g_autofree char *name = slice_to_string(slice_strip(line));
  if (*name != '\0' && slice_is_printable(slice_from_string(name)))
    return g_uri_escape_string(name, NULL, FALSE);
  error_set(error, ASSAY_ERROR_DENIED, "the machine has no role");
  return NULL;
}

static bool
ask_for_role(const CredentialUse *use, const RoleService *kind, Service *service,
             KeyCredentials *mine, Cancellable *cancellable, GError **error)
{
  g_autoptr(GError) failure = NULL;
  auto_secret_text *session = open_session(kind, service, cancellable, &failure);
  const char *const headers[] = {session, NULL};
  g_autofree char *role =
      failure != NULL ? NULL : find_role(use, kind, service, headers, cancellable, &failure);
  if (role == NULL) {
    g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                               "what gives credentials at %s: ", service_host(service));
    return false;
  }
  g_autofree char *path = g_strconcat(kind->roles, role, NULL);
  const ServiceRequest request = {NULL, path, headers, NULL};
  g_autoptr(json_t) answer = credential_ask(service, &request, cancellable, error);
  if (answer == NULL)
    return false;
  const char *code = json_get_string(answer, "Code");
  if (code != NULL && strcmp(code, "Success") != 0)
    return service_failed(error, 0, code, json_get_string(answer, "Message"));
  return credential_take_pair(answer, &kind->members, mine, error);
}

static bool
get_role(const CredentialUse *use, const RoleService *kind, KeyCredentials *mine,
         Cancellable *cancellable, GError **error)
{
  const char *named = g_getenv(kind->variable);
  g_autoptr(Service) service =
      service_new_metadata(named == NULL ? kind->endpoint : named, use->options, error);
  return service != NULL && ask_for_role(use, kind, service, mine, cancellable, error);
}

static bool
get_aws(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
        Cancellable *cancellable, GError **error)
{
  static const RoleService kind = {"AWS_EC2_METADATA_SERVICE_ENDPOINT",
                                   "http://169.254.169.254",
                                   "X-aws-ec2-metadata-token-ttl-seconds: 21600",
                                   "X-aws-ec2-metadata-token",
                                   "/latest/meta-data/iam/security-credentials/",
                                   {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}};
  return get_role(use, &kind, mine, cancellable, error);
}

static bool
get_alibaba(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
            Cancellable *cancellable, GError **error)
{
  static const RoleService kind = {
      "ALIBABA_CLOUD_METADATA_ENDPOINT",
      "http://100.100.100.200",
      "X-aliyun-ecs-metadata-token-ttl-seconds: 21600",
      "X-aliyun-ecs-metadata-token",
      "/latest/meta-data/ram/security-credentials/",
      {"AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"}};
  return get_role(use, &kind, mine, cancellable, error);
}

static bool
get_tencent(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
            Cancellable *cancellable, GError **error)
{
  static const RoleService kind = {"TENCENTCLOUD_METADATA_ENDPOINT",
                                   "http://metadata.tencentyun.com",
                                   NULL,
                                   NULL,
                                   "/latest/meta-data/cam/security-credentials/",
                                   {"TmpSecretId", "TmpSecretKey", "Token", "Expiration"}};
  return get_role(use, &kind, mine, cancellable, error);
}

const CredentialSource aws_role_source = {"aws-kms", "metadata", get_aws};
const CredentialSource alibaba_role_source = {"alibaba-kms", "metadata", get_alibaba};
const CredentialSource tencent_role_source = {"tencent-kms", "metadata", get_tencent};
