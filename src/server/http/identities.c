/* The certificates of a server's endpoints; see the header. */
#include "server/http/identities.h"

#include <string.h>

#include "base/error.h"

struct Identities {
  GMutex lock;       /* guards the rest */
  GHashTable *pairs; /* "certificate\nkey" -> TlsCredentials */
};

static void
free_credentials(void *data)
{
  tls_credentials_free(data);
}

Identities *
identities_new(void)
{
  Identities *identities = g_new0(Identities, 1);
  g_mutex_init(&identities->lock);
  identities->pairs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_credentials);
  return identities;
}

void
identities_free(Identities *identities)
{
  if (identities == NULL)
    return;
  g_hash_table_unref(identities->pairs);
  g_mutex_clear(&identities->lock);
  g_free(identities);
}

/* (transfer full) */
static char *
pair_name(const TlsSettings *files)
{
  return g_strjoin("\n", files->certificate, files->key, NULL);
}

bool
identities_load(Identities *identities, const TlsSettings *files, GError **error)
{
  g_autofree char *name = pair_name(files);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&identities->lock);
  TlsCredentials *present = g_hash_table_lookup(identities->pairs, name);
  if (present != NULL)
    return tls_credentials_reload(present, error);
  TlsCredentials *credentials = tls_credentials_new(files, error);
  if (credentials != NULL)
    g_hash_table_insert(identities->pairs, g_steal_pointer(&name), credentials);
  return credentials != NULL;
}

bool
identities_reload(Identities *identities, GError **error)
{
  g_autoptr(GString) problems = g_string_new(NULL);
  GHashTableIter iter;
  void *credentials;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&identities->lock);
  g_hash_table_iter_init(&iter, identities->pairs);
  while (g_hash_table_iter_next(&iter, NULL, &credentials)) {
    g_autoptr(GError) problem = NULL;
    if (!tls_credentials_reload(credentials, &problem))
      g_string_append_printf(problems, "%s%s", problems->len > 0 ? "\n" : "", problem->message);
  }
  return problems->len == 0 || error_set(error, ASSAY_ERROR_INVALID, "%s", problems->str);
}

TlsCredentials *
identities_find(Identities *identities, const TlsSettings *files)
{
  g_autofree char *name = pair_name(files);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&identities->lock);
  return g_hash_table_lookup(identities->pairs, name);
}

GPtrArray *
identities_problems(Identities *identities, int64_t now)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func(g_free);
  GHashTableIter iter;
  void *name, *credentials;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&identities->lock);
  g_hash_table_iter_init(&iter, identities->pairs);
  while (g_hash_table_iter_next(&iter, &name, &credentials)) {
    g_autofree char *problem = certificate_problem(tls_credentials_times(credentials), now);
    const char *text = name;
    if (problem != NULL)
      g_ptr_array_add(problems,
                      g_strdup_printf("%.*s: %s", (int)strcspn(text, "\n"), text, problem));
  }
  return problems;
}
