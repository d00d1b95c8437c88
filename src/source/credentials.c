/* Reading containers-auth.json(5); see the header. */
#include "source/credentials.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

#define AUTHFILE_MAX ((size_t)1024 * 1024)

void
credentials_clear(Credentials *credentials)
{
  g_clear_pointer(&credentials->user, g_free);
  g_clear_pointer(&credentials->password, g_free);
  g_clear_pointer(&credentials->identity_token, g_free);
}

char *
credentials_basic_header(const Credentials *credentials)
{
  if (credentials->user == NULL)
    return NULL;
  g_autofree char *pair = g_strconcat(credentials->user, ":", credentials->password, NULL);
  g_autofree char *encoded = g_base64_encode((const guchar *)pair, strlen(pair));
  return g_strconcat("Authorization: Basic ", encoded, NULL);
}

/* Docker wrote keys like "https://index.docker.io/v1/" once. */
static bool
key_names(const char *key, const char *name)
{
  const char *scheme = strstr(key, "://");
  if (scheme != NULL)
    key = scheme + 3;
  if (g_str_has_prefix(key, "index.docker.io") || g_str_has_prefix(key, "docker.io"))
    return g_str_has_prefix(name, "registry-1.docker.io");
  size_t size = strlen(key);
  for (const char *suffix = "/"; size > 0 && key[size - 1] == *suffix;)
    size--;
  return strlen(name) == size && strncmp(key, name, size) == 0;
}

static const json_t *
find_entry(const json_t *auths, const char *name)
{
  const char *key;
  json_t *entry;
  /* The macro wants an object that it could change. */
  json_t *object = json_incref((json_t *)(uintptr_t)auths);
  const json_t *found = NULL;
  json_object_foreach(object, key, entry) {
    if (found == NULL && key_names(key, name))
      found = entry;
  }
  json_decref(object);
  return found;
}

static void
take_entry(const json_t *entry, Credentials *credentials)
{
  const char *encoded = json_get_string(entry, "auth");
  const char *token = json_get_string(entry, "identitytoken");
  gsize size = 0;
  g_autofree guchar *decoded =
      encoded == NULL || *encoded == '\0' ? NULL : g_base64_decode(encoded, &size);
  Slice pair = slice_new(decoded, size);
  gssize colon = slice_find(pair, ':');
  credentials->identity_token = g_strdup(token);
  if (colon < 0)
    return;
  credentials->user = slice_to_string(slice_sub(pair, 0, (size_t)colon));
  credentials->password = slice_to_string(slice_sub(pair, (size_t)colon + 1, SIZE_MAX));
}

/* False with *error: broken. *@found says whether there was an entry. */
static bool
look_in(const char *path, const char *host, const char *repository, Credentials *credentials,
        bool *found, GError **error)
{
  g_autoptr(json_t) file = json_read_file(AT_FDCWD, path, AUTHFILE_MAX, error);
  if (file == NULL)
    return false;
  const json_t *auths = json_get_object(file, "auths");
  g_autofree char *name = g_strconcat(host, "/", repository, NULL);
  for (char *end = name; auths != NULL && end != NULL; end = strrchr(name, '/')) {
    if (end != name)
      *end = '\0';
    const json_t *entry = find_entry(auths, name);
    if (entry != NULL) {
      take_entry(entry, credentials);
      *found = true;
      return true;
    }
  }
  return true;
}

bool
credentials_find(const char *authfile, const char *host, const char *repository,
                 Credentials *credentials, GError **error)
{
  bool found = false;
  const char *named = authfile != NULL ? authfile : g_getenv("REGISTRY_AUTH_FILE");
  if (named != NULL)
    return look_in(named, host, repository, credentials, &found, error);
  g_autofree char *run = g_build_filename(g_get_user_runtime_dir(), "containers/auth.json", NULL);
  g_autofree char *user = g_build_filename(g_get_user_config_dir(), "containers/auth.json", NULL);
  g_autofree char *docker = g_build_filename(g_get_home_dir(), ".docker/config.json", NULL);
  const char *const places[] = {run, user, docker};
  for (size_t i = 0; i < G_N_ELEMENTS(places) && !found; i++) {
    g_autoptr(GError) failure = NULL;
    if (!look_in(places[i], host, repository, credentials, &found, &failure) &&
        !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
  }
  return true;
}
