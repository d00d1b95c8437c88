/* What admission keeps while the server runs: the keys of clusters, and what was said of images. */
#include "server/admission/desk.h"

#include <string.h>

#include "access/credentials/secrets.h"
#include "access/directory/secret_file.h"
#include "base/error.h"
#include "server/admission/elsewhere_kept.h"
#include "server/admission/own_images.h"
#include "server/admission/pod_secrets.h"

#define ANSWERS_MAX 20000u
/* Of all their texts, in bytes. */
#define ANSWER_BYTES_MAX ((size_t)32 * 1024 * 1024)
/* Shorter ones can be guessed. */
#define KEY_LENGTH_LEAST 20u

/* By name; those without a key are left out. */
static bool
read_keys(AdmissionDesk *desk, const AdmissionSettings *settings, GError **error)
{
  for (unsigned i = 0; i < settings->clusters_count; i++) {
    const ClusterSettings *cluster = &settings->clusters[i];
    if (cluster->key_file == NULL)
      continue;
    g_autoptr(SecretText) key =
        secret_file_read(cluster->key_file, "the key", "cluster", cluster->name, error);
    if (key == NULL)
      return false;
    if (strlen(key) < KEY_LENGTH_LEAST || strchr(key, '/') != NULL)
      return error_set(error, ASSAY_ERROR_INVALID,
                       "%s: the key of cluster %s must have %u characters or more, and no slash",
                       cluster->key_file, cluster->name, KEY_LENGTH_LEAST);
    const SecretHash hash = secret_hash(key);
    g_hash_table_insert(desk->keys, g_strdup(cluster->name), g_memdup2(&hash, sizeof hash));
  }
  return true;
}

AdmissionDesk *
admission_desk_new(ServerContext *context, GError **error)
{
  g_autoptr(AdmissionDesk) desk = g_new0(AdmissionDesk, 1);
  desk->context = context;
  desk->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  desk->hosts = own_image_hosts(context->config, context->signature_hosts);
  desk->elsewhere = elsewhere_new(context);
  desk->pod_secrets = pod_secrets_new(context);
  desk->answers = cache_new(ANSWERS_MAX, ANSWER_BYTES_MAX, (CacheRef)image_answer_ref,
                            (GDestroyNotify)image_answer_unref);
  return read_keys(desk, &context->config->admission, error) ? g_steal_pointer(&desk) : NULL;
}

void
admission_desk_stop(AdmissionDesk *desk)
{
  if (desk == NULL)
    return;
  elsewhere_stop(desk->elsewhere);
  pod_secrets_stop(desk->pod_secrets);
}

void
admission_desk_free(AdmissionDesk *desk)
{
  if (desk == NULL)
    return;
  g_hash_table_unref(desk->keys);
  g_strfreev(desk->hosts);
  elsewhere_free(desk->elsewhere);
  pod_secrets_free(desk->pod_secrets);
  cache_free(desk->answers);
  g_free(desk);
}

bool
admission_desk_knows(const AdmissionDesk *desk, const char *cluster, const char *key)
{
  const SecretHash *known = g_hash_table_lookup(desk->keys, cluster);
  const SecretHash shown = secret_hash(key);
  return known != NULL && secret_matches(slice_new(known->bytes, sizeof known->bytes), &shown);
}
