/* Gathering certificates; see the header. */
#include "remote/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define CERTIFICATES_MAX ((size_t)16 * 1024 * 1024) /* of one file */

void
registry_trust_clear(RegistryTrust *trust)
{
  fd_clear(&trust->fd);
  g_clear_pointer(&trust->ca_file, g_free);
  g_clear_pointer(&trust->certificate, g_free);
  g_clear_pointer(&trust->key, g_free);
}

HttpClient *
registry_trust_new_client(const RegistryTrust *trust)
{
  HttpClient *client = http_client_new(trust->ca_file);
  if (trust->certificate != NULL)
    http_client_set_certificate(client, trust->certificate, trust->key);
  return client;
}

/* curl takes one file: it gets one that has them all. */
static bool
add_authorities(RegistryTrust *trust, const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, CERTIFICATES_MAX, error);
  if (bytes == NULL)
    return false;
  if (trust->fd < 0) {
    trust->fd = memory_file_new("certificates", error);
    if (trust->fd < 0)
      return false;
    trust->ca_file = g_strdup_printf("/proc/self/fd/%d", trust->fd);
  }
  return fd_write_all(trust->fd, slice_from_bytes(bytes), error) &&
         fd_write_all(trust->fd, SLICE_LITERAL("\n"), error);
}

static bool
add_file(RegistryTrust *trust, const char *folder, const char *name, GError **error)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  if (g_str_has_suffix(name, ".crt"))
    return add_authorities(trust, path, error);
  if (!g_str_has_suffix(name, ".cert") || trust->certificate != NULL)
    return true;
  g_autofree char *stem = g_strndup(path, strlen(path) - strlen(".cert"));
  g_autofree char *key = g_strconcat(stem, ".key", NULL);
  if (access(key, R_OK) < 0)
    return error_set_errno(error, errno, "%s: the key of %s", key, name);
  trust->certificate = g_steal_pointer(&path);
  trust->key = g_steal_pointer(&key);
  return true;
}

static bool
add_folder(RegistryTrust *trust, const char *folder, GError **error)
{
  g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
  if (entries == NULL)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s: no folder of certificates", folder);
  for (const char *name = g_dir_read_name(entries); name != NULL; name = g_dir_read_name(entries))
    if (!add_file(trust, folder, name, error))
      return false;
  return true;
}

bool
registry_trust_find(const char *ca_file, const char *cert_dir, const char *host,
                    RegistryTrust *trust, GError **error)
{
  *trust = (RegistryTrust){.fd = -1};
  if (ca_file != NULL && !add_authorities(trust, ca_file, error))
    return false;
  if (cert_dir != NULL)
    return add_folder(trust, cert_dir, error);
  g_autofree char *own = g_build_filename(g_get_user_config_dir(), "containers", NULL);
  const char *const places[] = {own, "/etc/containers", "/etc/docker"};
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
    g_autofree char *folder = g_build_filename(places[i], "certs.d", host, NULL);
    if (g_file_test(folder, G_FILE_TEST_IS_DIR))
      return add_folder(trust, folder, error);
  }
  return true;
}

RegistryTrouble
registry_trust_trouble(const char *scheme, const GError *error)
{
  if (strcmp(scheme, "https") != 0)
    return strstr(error->message, "HTTP status 400") != NULL ? TROUBLE_TLS : TROUBLE_OTHER;
  if (strstr(error->message, "certificate") != NULL)
    return TROUBLE_CERTIFICATE;
  return strstr(error->message, "no TLS there") != NULL ? TROUBLE_PLAIN : TROUBLE_OTHER;
}
