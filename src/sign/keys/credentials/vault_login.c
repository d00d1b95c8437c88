/* Tokens of Vault and OpenBao for who logs in: by AppRole (role_id and secret_id of [default] in a
 * file, or $VAULT_ROLE_ID and $VAULT_SECRET_ID), or as a Pod of Kubernetes (the role is ?role= or
 * $VAULT_ROLE, its token in the options' file, or where Kubernetes puts it). ?login= is the path of
 * the method, where it is another than its name. A token is renewed as long as Vault allows it, and
 * then there is another log-in. ("AppRole auth method (API)", "Kubernetes auth method (API)",
 * "Token auth method (API)": renew-self.) */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/credentials/credential_source.h"
#include "sign/keys/secret.h"

#define TOKEN_OF_POD "/var/run/secrets/kubernetes.io/serviceaccount/token"
/* A renewed token that ends in less is followed by another. */
#define SECONDS_MIN 10

/* @token: NULL: nobody is logged in yet. */
static bool
ask(const CredentialUse *use, const char *path, const char *token, const json_t *body,
    KeyCredentials *mine, Cancellable *cancellable, GError **error)
{
  auto_secret_text *text = json_to_text(body);
  auto_secret_text *shown = token == NULL ? NULL : g_strconcat("X-Vault-Token: ", token, NULL);
  const char *name = g_getenv("VAULT_NAMESPACE");
  g_autofree char *scope = name == NULL ? NULL : g_strconcat("X-Vault-Namespace: ", name, NULL);
  const char *headers[] = {"X-Vault-Request: true", NULL, NULL, NULL};
  size_t count = 1;
  if (shown != NULL)
    headers[count++] = shown;
  if (scope != NULL)
    headers[count++] = scope;
  const ServiceRequest request = {NULL, path, headers, text};
  g_autoptr(json_t) answer = credential_ask(use->service, &request, cancellable, error);
  if (answer == NULL)
    return false;
  json_t *given = json_get_object(answer, "auth");
  mine->seconds = MAX(0, json_get_integer(given, "lease_duration", 0));
  mine->renewable = json_get_boolean(given, "renewable", false);
  mine->token = credential_take(given, "client_token");
  return (mine->token != NULL && slice_is_printable(slice_from_string(mine->token))) ||
         error_set(error, ASSAY_ERROR_NETWORK, "Vault answered without a token");
}

static bool
renew(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
      Cancellable *cancellable)
{
  if (former == NULL || !former->renewable)
    return false;
  g_autoptr(json_t) body = json_object();
  if (ask(use, "/v1/auth/token/renew-self", former->token, body, mine, cancellable, NULL) &&
      mine->seconds >= SECONDS_MIN)
    return true;
  key_credentials_clear(mine);
  return false;
}

static bool
log_in(const CredentialUse *use, const char *method, const json_t *body, KeyCredentials *mine,
       Cancellable *cancellable, GError **error)
{
  const char *mount = use->place->login == NULL ? method : use->place->login;
  if (!service_path_is_plain(mount))
    return error_set(error, ASSAY_ERROR_INVALID, "%s is no path of an auth method", mount);
  g_autofree char *path = g_strdup_printf("/v1/auth/%s/login", mount);
  return ask(use, path, NULL, body, mine, cancellable, error);
}

/* Wipes what @body has of @name. */
static void
wipe(json_t *body, const char *name)
{
  auto_secret_text *value = credential_take(body, name);
  (void)value;
}

static bool
get_by_approle(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
               Cancellable *cancellable, GError **error)
{
  if (renew(use, former, mine, cancellable))
    return true;
  g_autoptr(GError) failure = NULL;
  g_autofree char *role = credential_setting(use, "role_id", "VAULT_ROLE_ID", &failure);
  auto_secret_text *secret =
      failure != NULL ? NULL : credential_setting(use, "secret_id", "VAULT_SECRET_ID", &failure);
  if (failure == NULL && role == NULL)
    error_set(&failure, ASSAY_ERROR_DENIED,
              "there is no AppRole to log in with (role_id and secret_id in a file, or "
              "$VAULT_ROLE_ID and $VAULT_SECRET_ID)");
  if (failure != NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "role_id", role);
  if (secret != NULL)
    json_set_string(body, "secret_id", secret);
  bool done = log_in(use, "approle", body, mine, cancellable, error);
  wipe(body, "secret_id");
  return done;
}

static bool
get_by_kubernetes(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
                  Cancellable *cancellable, GError **error)
{
  if (renew(use, former, mine, cancellable))
    return true;
  const char *role =
      use->place->role != NULL ? use->place->role : credential_variable("VAULT_ROLE", error);
  auto_secret_text *token =
      role == NULL ? NULL : credential_file_line(use, NULL, TOKEN_OF_POD, error);
  if (token == NULL)
    return false;
  g_autoptr(json_t) body = json_object();
  json_set_string(body, "role", role);
  json_set_string(body, "jwt", token);
  bool done = log_in(use, "kubernetes", body, mine, cancellable, error);
  wipe(body, "jwt");
  return done;
}

const CredentialSource vault_approle_source = {"vault", "approle", get_by_approle};
const CredentialSource vault_kubernetes_source = {"vault", "kubernetes", get_by_kubernetes};
