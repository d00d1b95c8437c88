/* Tokens that are in a file, which an agent may renew, or in the environment. */
#include "base/error.h"
#include "sign/keys/credentials/credential_source.h"

static bool
get_token(const CredentialUse *use, const char *variable, KeyCredentials *mine, GError **error)
{
  const char *value = use->options->token_file != NULL ? NULL : g_getenv(variable);
  if (value != NULL && *value != '\0' && slice_is_printable(slice_from_string(value)))
    mine->token = g_strdup(value);
  else if (use->options->token_file != NULL)
    mine->token = credential_file_line(use, NULL, NULL, error);
  else
    error_set(error, ASSAY_ERROR_DENIED, "there is no token for its service (a token file, or $%s)",
              variable);
  return mine->token != NULL;
}

static bool
get_vault(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
          Cancellable *cancellable, GError **error)
{
  return get_token(use, "VAULT_TOKEN", mine, error);
}

static bool
get_azure(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
          Cancellable *cancellable, GError **error)
{
  return get_token(use, "AZURE_ACCESS_TOKEN", mine, error);
}

const CredentialSource vault_token_source = {"vault", NULL, get_vault};
const CredentialSource azure_token_source = {"azure-kms", NULL, get_azure};
