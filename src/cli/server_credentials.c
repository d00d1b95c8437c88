/* Credentials of the commands; see the header. */
#include "cli/server_credentials.h"

#include <string.h>

#include "access/credentials/operator.h"
#include "remote/credentials.h"
#include "server/config.h"

static char *
authority_of(const char *url)
{
  const char *place = strstr(url, "://");
  place = place != NULL ? place + strlen("://") : url;
  return g_strndup(place, strcspn(place, "/"));
}

static char *
of_token(const char *token)
{
  Credentials credentials = {0};
  if (strchr(token, ':') == NULL || !credentials_take(token, &credentials, NULL))
    return g_strconcat("Authorization: Bearer ", token, NULL);
  char *header = credentials_basic_header(&credentials);
  credentials_clear(&credentials);
  return header;
}

/* What the configuration says is the operator's affair: one that cannot be read is none of ours. */
static char *
of_operator(const char *authority)
{
  g_autoptr(Config) config = config_open(NULL, NULL);
  g_autofree char *folder = config != NULL && config->data != NULL ? g_strdup(config->data)
                                                                   : config_default_data_folder();
  g_autofree char *key = operator_key_for(folder, authority);
  return key == NULL ? NULL : g_strconcat("Authorization: Bearer ", key, NULL);
}

bool
server_credentials(const char *url, char **header, GError **error)
{
  g_autofree char *authority = authority_of(url);
  const char *token = g_getenv("ASSAY_TOKEN");
  if (token != NULL && *token != '\0') {
    *header = of_token(token);
    return true;
  }
  *header = of_operator(authority);
  if (*header != NULL)
    return true;
  Credentials credentials = {0};
  if (!credentials_find(NULL, authority, "", &credentials, NULL, error))
    return false;
  *header = credentials_basic_header(&credentials);
  credentials_clear(&credentials);
  return true;
}

char *
server_credentials_advice(const char *url, long status, bool named)
{
  g_autofree char *authority = authority_of(url);
  if (status == 403)
    return g_strdup_printf("whoever has manage-access there may give you the right: `assay access "
                           "explain` says which; `assay login %s` makes you somebody else",
                           authority);
  return g_strdup_printf(named ? "what is kept to log in there is refused: `assay login %s` takes "
                                 "something else"
                               : "`assay login %s` makes you known there; on the server's own "
                                 "machine, its user and root need no log-in",
                         authority);
}
