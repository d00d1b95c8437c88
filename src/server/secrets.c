/* What the server keeps secret; see the header. */
#include "server/secrets.h"

#include <unistd.h>

#include "base/log.h"
#include "inspect/secrets/gitleaks.h"
#include "inspect/secrets/mask.h"

/* A folder that cannot be written, and has no such file, has nothing that was sealed either. */
static Sealer *
open_sealer(const ServerContext *context, GError **error)
{
  const char *named = context->config->secrets.key_file;
  g_autofree char *path =
      named != NULL ? g_strdup(named) : g_build_filename(context->data_folder, "secrets.key", NULL);
  if (context->read_only && named == NULL && access(path, F_OK) < 0)
    return sealer_new_for_now();
  return sealer_new(path, !context->read_only, error);
}

bool
secrets_open(Secrets *secrets, ServerContext *context, GError **error)
{
  static const JobKind *const kinds[] = {&token_keys_job, NULL};
  const SecretsSettings *settings = &context->config->secrets;
  if (!gitleaks_load(settings->config, settings->allow_comments, error)) {
    g_prefix_error(error, "secrets.config: ");
    return false;
  }
  secrets->sealer = open_sealer(context, error);
  secrets->keys = secrets->sealer == NULL ? NULL
                                          : token_keys_new(context->sql, secrets->sealer,
                                                           &context->config->access.tokens, error);
  if (secrets->keys == NULL) {
    g_prefix_error(error, "secrets: ");
    return false;
  }
  g_autofree char *key = sealer_mark(secrets->sealer, "secrets of images", SLICE_EMPTY);
  secret_set_key(key);
  access_set_keys(context->access, secrets->sealer, secrets->keys);
  jobs_add(context->jobs, kinds, secrets->keys);
  return true;
}

void
secrets_clear(Secrets *secrets)
{
  g_clear_pointer(&secrets->keys, token_keys_free);
  g_clear_pointer(&secrets->sealer, sealer_free);
}
