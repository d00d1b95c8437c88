/* Reading containers-auth.json(5) and asking credential helpers; see the header. */
#include "remote/credentials.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/program.h"

#define AUTHFILE_MAX ((size_t)1024 * 1024)
#define DOCKER_HOST  "registry-1.docker.io"
/* The key of Docker's own registry since before there were others. */
#define DOCKER_KEY "https://index.docker.io/v1/"

void
credentials_clear(Credentials *credentials)
{
  g_clear_pointer(&credentials->user, g_free);
  if (credentials->password != NULL)
    explicit_bzero(credentials->password, strlen(credentials->password));
  g_clear_pointer(&credentials->password, g_free);
  g_clear_pointer(&credentials->identity_token, g_free);
}

bool
credentials_take(const char *text, Credentials *credentials, GError **error)
{
  const char *colon = strchr(text, ':');
  if (*text == '\0' || colon == text)
    return error_set(error, ASSAY_ERROR_INVALID, "credentials are USER:PASSWORD");
  credentials->user = colon != NULL ? g_strndup(text, (gsize)(colon - text)) : g_strdup(text);
  credentials->password = g_strdup(colon != NULL ? colon + 1 : "");
  return true;
}

/* It becomes a header line. */
static bool
is_printable(const char *text)
{
  for (; *text != '\0'; text++)
    if (!g_ascii_isprint(*text))
      return false;
  return true;
}

bool
credentials_take_header(const char *value, Credentials *credentials, char **bearer, GError **error)
{
  *bearer = NULL;
  if (*value == '\0')
    return true;
  if (g_ascii_strncasecmp(value, "Bearer ", 7) == 0 && is_printable(value)) {
    *bearer = g_strconcat("Authorization: Bearer ", value + 7, NULL);
    return true;
  }
  if (g_ascii_strncasecmp(value, "Basic ", 6) == 0 && is_printable(value)) {
    gsize size;
    g_autofree guchar *pair = g_base64_decode(value + 6, &size);
    g_autofree char *text = g_strndup((const char *)pair, size);
    bool taken = strlen(text) == size && strchr(text, ':') != NULL &&
                 credentials_take(text, credentials, NULL);
    explicit_bzero(pair, size);
    explicit_bzero(text, strlen(text));
    if (taken)
      return true;
  }
  return error_set(
      error, ASSAY_ERROR_INVALID,
      "the authorization must be \"Basic \" and USER:PASSWORD in base64, or \"Bearer \" "
      "and a token");
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

/* --- the file --- */

/* A key as HOST[/PATH]: Docker wrote addresses once, with the version of the protocol. (transfer
 * full) */
static char *
normal_key(const char *key)
{
  static const char *const docker[] = {"docker.io", "index.docker.io", DOCKER_HOST};
  static const char *const endings[] = {"/", "/v1", "/v2"};
  const char *scheme = strstr(key, "://");
  g_autofree char *text = g_strdup(scheme != NULL ? scheme + 3 : key);
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(text, endings[i]))
      text[strlen(text) - strlen(endings[i])] = '\0';
  size_t host = strcspn(text, "/");
  for (size_t i = 0; i < G_N_ELEMENTS(docker); i++)
    if (strlen(docker[i]) == host && strncmp(docker[i], text, host) == 0)
      return g_strconcat(DOCKER_HOST, text + host, NULL);
  return g_steal_pointer(&text);
}

static const json_t *
find_member(const json_t *object, const char *name)
{
  const char *key;
  json_t *entry;
  /* The macro wants an object that it could change. */
  json_object_foreach((json_t *)(uintptr_t)object, key, entry) {
    g_autofree char *normal = normal_key(key);
    if (strcmp(normal, name) == 0)
      return entry;
  }
  return NULL;
}

/* False when the entry says nothing: docker leaves an empty one where a program has the password.
 */
static bool
take_entry(const json_t *entry, Credentials *credentials)
{
  const char *encoded = json_get_string(entry, "auth");
  const char *user = json_get_string(entry, "username");
  const char *password = json_get_string(entry, "password");
  const char *token = json_get_string(entry, "identitytoken");
  gsize size = 0;
  g_autofree guchar *decoded =
      encoded == NULL || *encoded == '\0' ? NULL : g_base64_decode(encoded, &size);
  while (size > 0 && decoded[size - 1] == '\0') /* docker pads with them */
    size--;
  Slice pair = slice_new(decoded, size);
  gssize colon = slice_find(pair, ':');
  credentials->identity_token = token != NULL && *token != '\0' ? g_strdup(token) : NULL;
  if (colon >= 0) {
    credentials->user = slice_to_string(slice_sub(pair, 0, (size_t)colon));
    credentials->password = slice_to_string(slice_sub(pair, (size_t)colon + 1, SIZE_MAX));
  } else if (user != NULL && *user != '\0') {
    credentials->user = g_strdup(user);
    credentials->password = g_strdup(password != NULL ? password : "");
  }
  return credentials->user != NULL || credentials->identity_token != NULL;
}

static bool
take_helper(const char *name, char **helper, bool *found, GError **error)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  if (name[strspn(name, allowed)] != '\0')
    return error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is no name of a credential helper", name);
  *helper = g_strdup(name);
  *found = true;
  return true;
}

bool
credentials_parse(Slice text, const char *host, const char *repository, Credentials *credentials,
                  char **helper, bool *found, GError **error)
{
  g_autoptr(json_t) file = json_parse(text, error);
  if (file == NULL)
    return false;
  const json_t *by_host = find_member(json_get_object(file, "credHelpers"), host);
  if (json_is_string(by_host) && *json_string_value(by_host) != '\0')
    return take_helper(json_string_value(by_host), helper, found, error);
  const json_t *auths = json_get_object(file, "auths");
  g_autofree char *name = g_strconcat(host, "/", repository, NULL);
  for (char *end = name; auths != NULL && end != NULL; end = strrchr(name, '/')) {
    if (end != name)
      *end = '\0';
    const json_t *entry = find_member(auths, name);
    if (entry != NULL && take_entry(entry, credentials)) {
      *found = true;
      return true;
    }
  }
  const char *store = json_get_string(file, "credsStore");
  return store == NULL || *store == '\0' || take_helper(store, helper, found, error);
}

/* --- programs --- */

/* The protocol of docker-credential-helpers: the host on standard input, an answer in JSON. */
static bool
ask_helper(const char *helper, const char *host, Credentials *credentials, Cancellable *cancellable,
           GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *program = g_strconcat("docker-credential-", helper, NULL);
  const char *key = strcmp(host, DOCKER_HOST) == 0 ? DOCKER_KEY : host;
  const char *const arguments[] = {program, "get", NULL};
  const Program run = {.arguments = arguments, .input = key, .most = AUTHFILE_MAX};
  bool succeeded;
  g_autoptr(GBytes) output = program_run(&run, cancellable, &succeeded, &failure);
  if (output == NULL)
    return error_set(error, ASSAY_ERROR_FAILED, "%s: %s", program, failure->message);
  Slice text = slice_from_bytes(output);
  if (!succeeded) {
    g_autofree char *message = slice_to_utf8(slice_strip(text));
    /* "credentials not found in native keychain": then we are nobody to this registry. */
    return strstr(message, "not found") != NULL ||
           error_set(error, ASSAY_ERROR_FAILED, "%s: %s", program, message);
  }
  g_autoptr(json_t) answer = json_parse(text, error);
  const char *user = json_get_string(answer, "Username");
  const char *secret = json_get_string(answer, "Secret");
  if (answer != NULL && (user == NULL || secret == NULL))
    error_set(error, ASSAY_ERROR_INVALID, "the answer has no Username and Secret");
  if (user == NULL || secret == NULL) {
    g_prefix_error(error, "%s: ", program);
    return false;
  }
  if (strcmp(user, "<token>") == 0) {
    credentials->identity_token = g_strdup(secret);
    return true;
  }
  credentials->user = g_strdup(user);
  credentials->password = g_strdup(secret);
  return true;
}

/* --- both --- */

/* False with *error: broken. *@found says whether there was an entry. */
static bool
look_in(const char *path, const char *host, const char *repository, Credentials *credentials,
        bool *found, Cancellable *cancellable, GError **error)
{
  g_autofree char *helper = NULL;
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, AUTHFILE_MAX, error);
  if (bytes == NULL)
    return false;
  if (credentials_parse(slice_from_bytes(bytes), host, repository, credentials, &helper, found,
                        error) &&
      (helper == NULL || ask_helper(helper, host, credentials, cancellable, error)))
    return true;
  g_prefix_error(error, "%s: ", path);
  return false;
}

/* As containers/image has it: root has no runtime folder of its own where nobody logged in. */
static char *
runtime_place(void)
{
  const char *folder = g_getenv("XDG_RUNTIME_DIR");
  return folder != NULL && *folder != '\0'
             ? g_build_filename(folder, "containers/auth.json", NULL)
             : g_strdup_printf("/run/containers/%u/auth.json", (unsigned)getuid());
}

bool
credentials_find(const char *authfile, const char *host, const char *repository,
                 Credentials *credentials, Cancellable *cancellable, GError **error)
{
  bool found = false;
  const char *named = authfile != NULL ? authfile : g_getenv("REGISTRY_AUTH_FILE");
  if (named != NULL)
    return look_in(named, host, repository, credentials, &found, cancellable, error);
  const char *docker_folder = g_getenv("DOCKER_CONFIG");
  g_autofree char *run = runtime_place();
  g_autofree char *user = g_build_filename(g_get_user_config_dir(), "containers/auth.json", NULL);
  g_autofree char *docker = docker_folder != NULL
                                ? g_build_filename(docker_folder, "config.json", NULL)
                                : g_build_filename(g_get_home_dir(), ".docker/config.json", NULL);
  const char *const places[] = {run, user, docker};
  for (size_t i = 0; i < G_N_ELEMENTS(places) && !found; i++) {
    g_autoptr(GError) failure = NULL;
    if (!look_in(places[i], host, repository, credentials, &found, cancellable, &failure) &&
        !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
  }
  return true;
}
