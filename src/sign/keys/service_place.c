/* Where a key of a service is; see the header. */
#include "sign/keys/service_place.h"

#include <string.h>

#include "base/error.h"

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."

void
service_place_clear(ServicePlace *place)
{
  g_strfreev(place->parts);
  g_free(place->endpoint);
  g_free(place->version);
  g_free(place->mount);
  g_free(place->credentials);
  g_free(place->profile);
  g_free(place->role);
  g_free(place->client);
  g_free(place->login);
}

static bool
take_question(ServicePlace *place, const char *part, GError **error)
{
  const struct {
    const char *name;
    char **into;
  } known[] = {{"endpoint=", &place->endpoint}, {"version=", &place->version},
               {"mount=", &place->mount},       {"credentials=", &place->credentials},
               {"profile=", &place->profile},   {"role=", &place->role},
               {"client=", &place->client},     {"login=", &place->login}};
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (g_str_has_prefix(part, known[i].name) && *known[i].into == NULL) {
      *known[i].into = g_uri_unescape_string(part + strlen(known[i].name), NULL);
      if (*known[i].into != NULL && **known[i].into != '\0')
        return true;
    }
  return error_set(error, ASSAY_ERROR_INVALID,
                   "what stands after its \"?\" is not understood (wanted: endpoint, version, "
                   "credentials, profile, role, client, login, mount)");
}

/* What leads elsewhere in a path. */
static bool
is_step(const char *part)
{
  return strcmp(part, ".") == 0 || strcmp(part, "..") == 0;
}

bool
service_place_read(const char *rest, const char *shape, unsigned least, unsigned most,
                   ServicePlace *place, GError **error)
{
  const char *path = g_str_has_prefix(rest, "//") ? rest + 2 : rest;
  const char *question = strchr(path, '?');
  g_autofree char *whole = question == NULL ? g_strdup(path) : g_strndup(path, question - path);
  place->parts = g_strsplit(whole, "/", -1);
  unsigned count = g_strv_length(place->parts);
  bool right = count >= least && count <= most;
  for (unsigned i = 0; i < count; i++)
    right = right && *place->parts[i] != '\0' && !is_step(place->parts[i]) &&
            strspn(place->parts[i], PLAIN "_:@") == strlen(place->parts[i]);
  if (!right)
    return error_set(error, ASSAY_ERROR_INVALID, "it is written %s", shape);
  g_auto(GStrv) questions = g_strsplit(question == NULL ? "" : question + 1, "&", -1);
  for (size_t i = 0; questions[i] != NULL; i++)
    if (!take_question(place, questions[i], error))
      return false;
  return true;
}

bool
service_host_is_plain(const char *host)
{
  return *host != '\0' && strspn(host, PLAIN) == strlen(host);
}

bool
service_path_is_plain(const char *path)
{
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  for (size_t i = 0; parts[i] != NULL; i++)
    if (*parts[i] == '\0' || is_step(parts[i]) || strspn(parts[i], PLAIN "_") != strlen(parts[i]))
      return false;
  return *path != '\0';
}
