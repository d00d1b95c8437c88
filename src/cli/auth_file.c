/* Writing what log-ins leave; see the header. */
#include "cli/auth_file.h"

#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/program.h"

#define FILE_MAX ((size_t)1024 * 1024)

/* Through links, so that the file they lead to is replaced. (transfer full) */
static char *
file_path(void)
{
  const char *named = g_getenv("REGISTRY_AUTH_FILE"), *folder = g_getenv("DOCKER_CONFIG");
  g_autofree char *path = named != NULL && *named != '\0' ? g_strdup(named)
                          : folder != NULL && *folder != '\0'
                              ? g_build_filename(folder, "config.json", NULL)
                              : g_build_filename(g_get_home_dir(), ".docker", "config.json", NULL);
  char *real = realpath(path, NULL);
  if (real == NULL)
    return g_steal_pointer(&path);
  char *copy = g_strdup(real);
  free(real); /* of libc */
  return copy;
}

/* An empty object where there is no file. (transfer full) */
static json_t *
read_file(const char *path, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, FILE_MAX, &failure);
  if (bytes == NULL && g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    return json_object();
  json_t *file = bytes == NULL ? NULL : json_parse(slice_from_bytes(bytes), &failure);
  if (file != NULL && json_is_object(file))
    return file;
  json_decref(file);
  error_set(error, ASSAY_ERROR_INVALID, "%s: %s", path,
            failure != NULL ? failure->message : "is no JSON object");
  return NULL;
}

static bool
write_file(const char *path, const json_t *file, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);
  g_autofree char *text = json_to_pretty_text(file);
  auto_fd int fd = directory_open(folder, error);
  return fd >= 0 && file_replace(fd, name, slice_from_string(text), 0600, error);
}

/* Which program keeps the passwords of @host; NULL: none. (transfer none) */
static const char *
helper_of(const json_t *file, const char *host)
{
  const char *helper = json_get_string(json_get_object(file, "credHelpers"), host);
  if (helper == NULL)
    helper = json_get_string(file, "credsStore");
  return helper != NULL && *helper != '\0' && strchr(helper, '/') == NULL ? helper : NULL;
}

/* The protocol of docker-credential-helpers: what it is given comes on standard input. */
static bool
tell_helper(const char *helper, const char *verb, const char *input, char **where, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autofree char *program = g_strconcat("docker-credential-", helper, NULL);
  const char *const arguments[] = {program, verb, NULL};
  const Program run = {.arguments = arguments, .input = input, .most = FILE_MAX};
  bool succeeded;
  g_autoptr(GBytes) output = program_run(&run, NULL, &succeeded, &failure);
  if (output == NULL)
    return error_set(error, ASSAY_ERROR_FAILED, "%s: %s", program, failure->message);
  if (!succeeded) {
    g_autofree char *message = slice_to_utf8(slice_strip(slice_from_bytes(output)));
    return error_set(error, ASSAY_ERROR_FAILED, "%s %s: %s", program, verb, message);
  }
  *where = g_steal_pointer(&program);
  return true;
}

static json_t *
auths_of(json_t *file)
{
  if (json_get_object(file, "auths") == NULL)
    json_object_set_new(file, "auths", json_object());
  return json_get_object(file, "auths");
}

bool
auth_file_store(const char *host, const char *user, const char *password, char **where,
                GError **error)
{
  g_autofree char *path = file_path();
  g_autoptr(json_t) file = read_file(path, error), entry = json_object();
  if (file == NULL)
    return false;
  const char *helper = helper_of(file, host);
  if (helper != NULL) {
    json_set_string(entry, "ServerURL", host);
    json_set_string(entry, "Username", user);
    json_set_string(entry, "Secret", password);
    g_autofree char *input = json_to_text(entry);
    return tell_helper(helper, "store", input, where, error);
  }
  g_autofree char *pair = g_strconcat(user, ":", password, NULL);
  g_autofree char *encoded = g_base64_encode((const guchar *)pair, strlen(pair));
  json_set_string(entry, "auth", encoded);
  json_object_set(auths_of(file), host, entry);
  if (!write_file(path, file, error))
    return false;
  *where = g_steal_pointer(&path);
  return true;
}

bool
auth_file_erase(const char *host, char **where, GError **error)
{
  g_autofree char *path = file_path();
  g_autoptr(json_t) file = read_file(path, error);
  if (file == NULL)
    return false;
  const char *helper = helper_of(file, host);
  if (helper != NULL)
    return tell_helper(helper, "erase", host, where, error);
  if (json_object_del(auths_of(file), host) != 0)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s: there is no log-in at %s", path, host);
  if (!write_file(path, file, error))
    return false;
  *where = g_steal_pointer(&path);
  return true;
}
