/* What the sources of credentials share; see the header. */
#include "sign/keys/credentials/credential_source.h"

#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "sign/keys/secret.h"

/* --- what is told to a source --- */

char *
credential_setting(const CredentialUse *use, const char *member, const char *variable,
                   GError **error)
{
  if (use->options->token_file == NULL)
    return g_strdup(g_getenv(variable));
  g_autoptr(GKeyFile) file = g_key_file_new();
  g_autoptr(GError) failure = NULL;
  const char *section = use->place->profile == NULL ? "default" : use->place->profile;
  if (g_key_file_load_from_file(file, use->options->token_file, G_KEY_FILE_NONE, &failure))
    return g_key_file_get_string(file, section, member, NULL);
  error_set(error, ASSAY_ERROR_DENIED, "its credentials, %s: %s", use->options->token_file,
            failure->message);
  return NULL;
}

char *
credential_file_line(const CredentialUse *use, const char *variable, const char *usual,
                     GError **error)
{
  const char *named = variable == NULL ? NULL : g_getenv(variable);
  const char *file = use->options->token_file != NULL ? use->options->token_file
                     : named != NULL                  ? named
                                                      : usual;
  if (file == NULL) {
    error_set(error, ASSAY_ERROR_DENIED, "there is no token for its service (a token file, or $%s)",
              variable);
    return NULL;
  }
  char *line = NULL;
  if (!secret_find(file, NULL, &line, error)) {
    g_prefix_error(error, "the token's file: ");
    return NULL;
  }
  if (line != NULL && *line != '\0' && slice_is_printable(slice_from_string(line)))
    return line;
  secret_text_wipe(&line);
  error_set(error, ASSAY_ERROR_DENIED, "there is no token in %s", file);
  return NULL;
}

const char *
credential_variable(const char *variable, GError **error)
{
  const char *value = g_getenv(variable);
  if (value != NULL && *value != '\0')
    return value;
  error_set(error, ASSAY_ERROR_DENIED, "there are no credentials for its service: $%s is not set",
            variable);
  return NULL;
}

/* --- what a source is answered --- */

json_t *
credential_ask(Service *service, const ServiceRequest *request, Cancellable *cancellable,
               GError **error)
{
  g_autoptr(GError) failure = NULL;
  json_t *answer = service_ask(service, request, cancellable, &failure);
  if (answer != NULL)
    return answer;
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_INVALID))
    error_set(error, ASSAY_ERROR_NETWORK, "what gives credentials at %s answered no JSON",
              service_host(service));
  else
    g_propagate_prefixed_error(error, g_steal_pointer(&failure),
                               "what gives credentials at %s: ", service_host(service));
  return NULL;
}

char *
credential_take(json_t *answer, const char *member)
{
  const char *text = json_get_string(answer, member);
  if (text == NULL || *text == '\0')
    return NULL;
  char *taken = g_strdup(text);
  sodium_memzero((void *)(uintptr_t)text, strlen(text));
  return taken;
}

bool
credential_read_end(const char *end, int64_t *seconds, GError **error)
{
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) moment = end == NULL ? NULL : g_date_time_new_from_iso8601(end, utc);
  *seconds = 0;
  if (moment == NULL)
    return true;
  *seconds = g_date_time_to_unix(moment) - g_get_real_time() / G_USEC_PER_SEC;
  return *seconds > 0 ||
         error_set(error, ASSAY_ERROR_DENIED, "the credentials that were given ended at %s", end);
}

bool
credential_take_pair(json_t *answer, const CredentialMembers *members, KeyCredentials *mine,
                     GError **error)
{
  mine->id = credential_take(answer, members->id);
  mine->secret = credential_take(answer, members->secret);
  mine->session = credential_take(answer, members->session);
  if (mine->id == NULL || mine->secret == NULL)
    return error_set(error, ASSAY_ERROR_NETWORK, "what gives credentials answered without %s",
                     mine->id == NULL ? members->id : members->secret);
  return credential_read_end(json_get_string(answer, members->end), &mine->seconds, error);
}

bool
credential_take_token(json_t *answer, KeyCredentials *mine, GError **error)
{
  const char *text = json_get_string(answer, "expires_in");
  uint64_t seconds = 0;
  if (text != NULL)
    slice_to_uint64(slice_from_string(text), &seconds);
  else
    seconds = (uint64_t)MAX(0, json_get_integer(answer, "expires_in", 0));
  mine->seconds = (int64_t)MIN(seconds, G_MAXINT32);
  mine->token = credential_take(answer, "access_token");
  return (mine->token != NULL && slice_is_printable(slice_from_string(mine->token))) ||
         error_set(error, ASSAY_ERROR_NETWORK, "what gives tokens answered without one");
}

/* --- what it asks --- */

char *
credential_form(const char *const *pairs)
{
  GString *form = g_string_new(NULL);
  for (size_t i = 0; pairs[i] != NULL; i += 2) {
    if (pairs[i + 1] == NULL)
      continue;
    auto_secret_text *value = g_uri_escape_string(pairs[i + 1], NULL, FALSE);
    g_string_append_printf(form, "%s%s=%s", form->len == 0 ? "" : "&", pairs[i], value);
  }
  return g_string_free(form, FALSE);
}
