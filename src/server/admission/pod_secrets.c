/* Reading pull secrets in the background; see the header. */
#include "server/admission/pod_secrets.h"

#include <string.h>

#include "base/error.h"
#include "base/metrics.h"
#include "server/admission/kubernetes_api.h"

#define READS_AT_ONCE 4
/* That wait or run; of more, none are read. */
#define READS_MOST 256u
#define KEPT_MOST  2000u
#define KEPT       ((int64_t)60 * G_USEC_PER_SEC)
#define ERROR_KEPT ((int64_t)10 * G_USEC_PER_SEC)

METRIC(read_total, COUNTER_BY("assay_pull_secrets_read_total",
                              "Pull secrets of Pods that were read from clusters, by the outcome.",
                              "outcome", "read", "failed"));
enum { OUTCOME_READ, OUTCOME_FAILED };

typedef struct {
  PullSecrets *secrets;
  char *warning;
  int64_t until; /* g_get_monotonic_time(); 0: they are being read */
} Kept;

typedef struct {
  char *key;
  const ClusterSettings *cluster;
  PullSecretsAsked asked;
} Read;

struct PodSecrets {
  ServerContext *context;
  Cancellable *ended;
  GThreadPool *reading;
  GMutex lock;
  GHashTable *kept; /* key_of() -> Kept; this and the next guarded by the lock */
  unsigned waiting;
  bool stopped;
};

static void
kept_free(void *data)
{
  Kept *kept = data;
  pull_secrets_unref(kept->secrets);
  g_free(kept->warning);
  g_free(kept);
}

static void
read_free(Read *read)
{
  g_free(read->key);
  pull_secrets_asked_clear(&read->asked);
  g_free(read);
}

/* --- reading --- */

static void
complain(GString *warnings, const char *kind, const char *name, const GError *error)
{
  g_string_append_printf(warnings, "%s%s \"%s\": %s", warnings->len > 0 ? "; " : "", kind, name,
                         error->message);
}

/* Where the Pod names none, its service account does. A cluster may do without the latter. */
static void
take_names(const PodSecrets *secrets, Read *read, GString *warnings)
{
  g_autoptr(GError) error = NULL;
  const PullSecretsAsked *asked = &read->asked;
  if (asked->names[0] != NULL)
    return;
  g_autoptr(json_t) account =
      kubernetes_get(&read->cluster->kubernetes, asked->namespace, "serviceaccounts",
                     asked->service_account, secrets->ended, &error);
  if (account != NULL) {
    g_strfreev(read->asked.names);
    read->asked.names = pull_secrets_names(account);
  } else if (!g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    complain(warnings, "service account", asked->service_account, error);
  }
}

static Kept *
read_all(const PodSecrets *secrets, Read *read)
{
  g_autoptr(GString) warnings = g_string_new(NULL);
  g_autoptr(PullSecrets) all = pull_secrets_new();
  take_names(secrets, read, warnings);
  for (char **name = read->asked.names; *name != NULL; name++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) secret = kubernetes_get(&read->cluster->kubernetes, read->asked.namespace,
                                              "secrets", *name, secrets->ended, &error);
    bool added = secret != NULL && pull_secrets_add(all, secret, &error);
    metric_add_at(&read_total, added ? OUTCOME_READ : OUTCOME_FAILED, 1);
    if (!added)
      complain(warnings, "secret", *name, error);
  }
  Kept *kept = g_new0(Kept, 1);
  kept->secrets = g_steal_pointer(&all);
  kept->until = g_get_monotonic_time() + (warnings->len > 0 ? ERROR_KEPT : KEPT);
  if (warnings->len > 0)
    kept->warning = g_strdup_printf("pull secrets of namespace %s are not known: %s",
                                    read->asked.namespace, warnings->str);
  return kept;
}

/* On a thread of the pool. */
static void
run_read(void *data, void *user_data)
{
  Read *read = data;
  PodSecrets *secrets = user_data;
  Kept *kept = read_all(secrets, read);
  g_mutex_lock(&secrets->lock);
  secrets->waiting--;
  g_hash_table_insert(secrets->kept, g_strdup(read->key), kept);
  g_mutex_unlock(&secrets->lock);
  read_free(read);
  http_server_wake(secrets->context->http);
}

/* --- life --- */

PodSecrets *
pod_secrets_new(ServerContext *context)
{
  PodSecrets *secrets = g_new0(PodSecrets, 1);
  secrets->context = context;
  secrets->ended = cancellable_new();
  secrets->reading = g_thread_pool_new(run_read, secrets, READS_AT_ONCE, FALSE, NULL);
  secrets->kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, kept_free);
  g_mutex_init(&secrets->lock);
  return secrets;
}

void
pod_secrets_stop(PodSecrets *secrets)
{
  g_mutex_lock(&secrets->lock);
  secrets->stopped = true;
  g_mutex_unlock(&secrets->lock);
  cancellable_cancel(secrets->ended);
  if (secrets->reading != NULL)
    g_thread_pool_free(g_steal_pointer(&secrets->reading), FALSE, TRUE);
}

void
pod_secrets_free(PodSecrets *secrets)
{
  if (secrets == NULL)
    return;
  pod_secrets_stop(secrets);
  cancellable_unref(secrets->ended);
  g_hash_table_unref(secrets->kept);
  g_mutex_clear(&secrets->lock);
  g_free(secrets);
}

/* --- looking --- */

static gboolean
is_over(void *key, void *value, void *now)
{
  const Kept *kept = value;
  return kept->until != 0 && kept->until <= *(const int64_t *)now;
}

/* No two clusters, namespaces or Pods that name others have the same. (transfer full) */
static char *
key_of(const ClusterSettings *cluster, const PullSecretsAsked *asked)
{
  g_autofree char *names = g_strjoinv(",", asked->names);
  return g_strjoin("/", cluster->name, asked->namespace, asked->service_account, names, NULL);
}

static Found
say(const Kept *kept, PullSecrets **found, char **warning)
{
  if (kept->until == 0)
    return ABSENT;
  *found = pull_secrets_ref(kept->secrets);
  *warning = g_strdup(kept->warning);
  return FOUND;
}

/* Under the lock. */
static bool
has_room(PodSecrets *secrets, int64_t now)
{
  if (g_hash_table_size(secrets->kept) >= KEPT_MOST)
    g_hash_table_foreach_remove(secrets->kept, is_over, &now);
  return !secrets->stopped && secrets->waiting < READS_MOST &&
         g_hash_table_size(secrets->kept) < KEPT_MOST;
}

Found
pod_secrets_look(PodSecrets *secrets, const ClusterSettings *cluster, const Review *review,
                 PullSecrets **found, char **warning)
{
  g_auto(PullSecretsAsked) asked = {NULL};
  if (cluster == NULL || !kubernetes_is_set(&cluster->kubernetes) ||
      !pull_secrets_asked(review, &asked))
    return FOUND;
  int64_t now = g_get_monotonic_time();
  g_autofree char *key = key_of(cluster, &asked);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&secrets->lock);
  const Kept *kept = g_hash_table_lookup(secrets->kept, key);
  if (kept != NULL && !is_over(NULL, (void *)(uintptr_t)kept, &now))
    return say(kept, found, warning);
  if (!has_room(secrets, now)) {
    *warning = g_strdup("pull secrets are not known: too many are asked for at once");
    return FOUND;
  }
  Read *read = g_new0(Read, 1);
  read->key = g_strdup(key);
  read->cluster = cluster;
  read->asked = asked;
  asked = (PullSecretsAsked){NULL};
  secrets->waiting++;
  g_hash_table_insert(secrets->kept, g_strdup(key), g_new0(Kept, 1));
  g_thread_pool_push(secrets->reading, read, NULL);
  return ABSENT;
}
