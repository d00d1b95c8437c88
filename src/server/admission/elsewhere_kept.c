/* Asking other registries in the background, and keeping what they said; see the header. */
#include "server/admission/elsewhere_kept.h"

#include <string.h>

#include "base/error.h"
#include "base/metrics.h"
#include "oci/digest.h"
#include "pipeline/elsewhere.h"

#define FETCHES_AT_ONCE 32
#define FETCHES_OF_HOST 4u
/* That wait or run; of more, nothing is asked. */
#define FETCHES_MOST 256u
#define KEPT_MOST    10000u

METRIC(asked, COUNTER_BY("assay_elsewhere_asked_total",
                         "Images that other registries were asked for, by what came of it.",
                         "outcome", "found", "missing", "failed"));
METRIC(answered, COUNTER_BY("assay_elsewhere_answers_total",
                            "Questions about images of other registries, by whether the answer was "
                            "in memory, or is being fetched.",
                            "from", "memory", "registry"));
METRIC(waiting_now,
       GAUGE("assay_elsewhere_waiting", "Images that other registries are being asked for."));
enum { OUTCOME_FOUND, OUTCOME_MISSING, OUTCOME_FAILED };
enum { FROM_MEMORY, FROM_REGISTRY };

/* What a registry said of a name. */
typedef struct {
  SeenImage *seen; /* also the last one, while it is asked again; or NULL */
  char *error;     /* or NULL */
  bool missing;    /* the registry has no such image */
  int64_t until;   /* g_get_monotonic_time(); 0: it is being asked */
} Said;

/* What is asked. */
typedef struct {
  char *key, *text, *host;
  char **logins; /* or NULL */
  SeenImage *before;
  int64_t keep;
} Fetch;

typedef struct {
  unsigned running;
  GQueue waiting; /* Fetch */
} Host;

struct Elsewhere {
  ServerContext *context;
  Cancellable *ended;
  GThreadPool *fetching;
  uint8_t salt[32]; /* of what credentials are known by */
  GMutex lock;
  GHashTable *said;  /* key_of() -> Said; this and the next guarded by the lock */
  GHashTable *hosts; /* its name -> Host, of those that are being asked */
  unsigned waiting;  /* of `said`, those that are being asked for */
  bool stopped;
};

static void
said_free(void *data)
{
  Said *said = data;
  seen_image_unref(said->seen);
  g_free(said->error);
  g_free(said);
}

static void
fetch_free(void *data)
{
  Fetch *fetch = data;
  for (char **login = fetch->logins; login != NULL && *login != NULL; login++)
    explicit_bzero(*login, strlen(*login));
  g_strfreev(fetch->logins);
  seen_image_unref(fetch->before);
  g_free(fetch->key);
  g_free(fetch->text);
  g_free(fetch->host);
  g_free(fetch);
}

static void
host_free(void *data)
{
  Host *host = data;
  g_queue_clear_full(&host->waiting, fetch_free);
  g_free(host);
}

/* --- asking --- */

/* Whether others may see what these do not. */
static bool
is_worth_another(const GError *error)
{
  return g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_DENIED) ||
         g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
}

/* By each of the credentials, as a node tries them. What the first of them was told is the error.
 * (transfer full) */
static SeenImage *
ask(Elsewhere *elsewhere, const Fetch *fetch, GError **error)
{
  Pipeline *pipeline = elsewhere->context->pipeline;
  const AdmissionSettings *settings = &elsewhere->context->config->admission;
  g_autoptr(GError) first = NULL;
  for (char **login = fetch->logins; login != NULL && *login != NULL; login++) {
    g_autoptr(GError) failure = NULL;
    const RemoteOptions options = {.credentials = *login, .not_loopback = !settings->loopback};
    SeenImage *seen = elsewhere_ask(pipeline, fetch->text, options, fetch->before, fetch->keep,
                                    elsewhere->ended, &failure);
    if (seen != NULL)
      return seen;
    bool last = !is_worth_another(failure);
    if (first == NULL)
      first = g_steal_pointer(&failure);
    if (last)
      break;
  }
  if (first != NULL && !is_worth_another(first)) {
    g_propagate_error(error, g_steal_pointer(&first));
    return NULL;
  }
  g_autoptr(GError) failure = NULL;
  const RemoteOptions options = {.authfile = settings->authfile,
                                 .not_loopback = !settings->loopback};
  SeenImage *seen = elsewhere_ask(pipeline, fetch->text, options, fetch->before, fetch->keep,
                                  elsewhere->ended, &failure);
  if (seen == NULL)
    g_propagate_error(error, first != NULL ? g_steal_pointer(&first) : g_steal_pointer(&failure));
  return seen;
}

static Said *
said_of(const Fetch *fetch, SeenImage *seen, const GError *error)
{
  Said *said = g_new0(Said, 1);
  bool fixed = strchr(fetch->text, '@') != NULL;
  said->seen = seen;
  said->until = g_get_monotonic_time() + (seen == NULL ? ERROR_KEPT
                                          : fixed      ? DIGEST_KEPT
                                                       : TAG_KEPT);
  said->error = seen == NULL ? g_strdup(error->message) : NULL;
  said->missing = seen == NULL && g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  metric_add_at(&asked,
                seen != NULL    ? OUTCOME_FOUND
                : said->missing ? OUTCOME_MISSING
                                : OUTCOME_FAILED,
                1);
  return said;
}

/* Under the lock. */
static void
start(Elsewhere *elsewhere, Fetch *fetch)
{
  Host *host = g_hash_table_lookup(elsewhere->hosts, fetch->host);
  if (host == NULL) {
    host = g_new0(Host, 1);
    g_hash_table_insert(elsewhere->hosts, g_strdup(fetch->host), host);
  }
  if (host->running >= FETCHES_OF_HOST) {
    g_queue_push_tail(&host->waiting, fetch);
    return;
  }
  host->running++;
  g_thread_pool_push(elsewhere->fetching, fetch, NULL);
}

/* Under the lock: another of the same host may begin. */
static void
end(Elsewhere *elsewhere, const char *name)
{
  Host *host = g_hash_table_lookup(elsewhere->hosts, name);
  Fetch *next = elsewhere->stopped ? NULL : g_queue_pop_head(&host->waiting);
  if (next != NULL)
    g_thread_pool_push(elsewhere->fetching, next, NULL);
  else if (--host->running == 0)
    g_hash_table_remove(elsewhere->hosts, name);
}

/* On a thread of the pool. */
static void
run_fetch(void *data, void *user_data)
{
  Fetch *fetch = data;
  Elsewhere *elsewhere = user_data;
  g_autoptr(GError) error = NULL;
  SeenImage *seen = ask(elsewhere, fetch, &error);
  Said *said = said_of(fetch, seen, error);
  g_mutex_lock(&elsewhere->lock);
  elsewhere->waiting--;
  metric_set(&waiting_now, elsewhere->waiting);
  g_hash_table_insert(elsewhere->said, g_strdup(fetch->key), said);
  end(elsewhere, fetch->host);
  g_mutex_unlock(&elsewhere->lock);
  fetch_free(fetch);
  http_server_wake(elsewhere->context->http);
}

/* --- life --- */

Elsewhere *
elsewhere_new(ServerContext *context)
{
  Elsewhere *elsewhere = g_new0(Elsewhere, 1);
  elsewhere->context = context;
  elsewhere->ended = cancellable_new();
  elsewhere->fetching = g_thread_pool_new(run_fetch, elsewhere, FETCHES_AT_ONCE, FALSE, NULL);
  elsewhere->said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, said_free);
  elsewhere->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, host_free);
  for (size_t i = 0; i < sizeof elsewhere->salt; i++)
    elsewhere->salt[i] = (uint8_t)g_random_int_range(0, 256);
  g_mutex_init(&elsewhere->lock);
  return elsewhere;
}

void
elsewhere_stop(Elsewhere *elsewhere)
{
  g_mutex_lock(&elsewhere->lock);
  elsewhere->stopped = true;
  g_mutex_unlock(&elsewhere->lock);
  cancellable_cancel(elsewhere->ended);
  /* What is under way, or about to be, ends at once. */
  if (elsewhere->fetching != NULL)
    g_thread_pool_free(g_steal_pointer(&elsewhere->fetching), FALSE, TRUE);
}

void
elsewhere_free(Elsewhere *elsewhere)
{
  if (elsewhere == NULL)
    return;
  elsewhere_stop(elsewhere);
  cancellable_unref(elsewhere->ended);
  g_hash_table_unref(elsewhere->said);
  g_hash_table_unref(elsewhere->hosts);
  g_mutex_clear(&elsewhere->lock);
  g_free(elsewhere);
}

/* --- looking --- */

static gboolean
is_over(void *key, void *value, void *now)
{
  const Said *said = value;
  return said->until != 0 && said->until <= *(const int64_t *)now;
}

/* The name, and by whose credentials: as a hash, for this is kept. (transfer full) */
static char *
key_of(const Elsewhere *elsewhere, const char *text, const char *const *logins)
{
  if (logins == NULL || logins[0] == NULL)
    return g_strdup(text);
  DigestStream *stream = digest_stream_new(DIGEST_SHA256);
  digest_stream_update(stream, slice_new(elsewhere->salt, sizeof elsewhere->salt));
  for (; *logins != NULL; logins++)
    digest_stream_update(stream, slice_new(*logins, strlen(*logins) + 1));
  Digest digest = digest_stream_current(stream);
  digest_stream_free(stream);
  return g_strconcat(text, "\n", digest.text, NULL);
}

static bool
counts(const Said *said, int64_t keep, uint64_t trust, int64_t now)
{
  if (said->until == 0)
    return true;
  const SeenImage *seen = said->seen;
  return said->until > now &&
         (seen == NULL || (seen->trust == trust && now - seen->read < keep &&
                           (seen->turns == 0 || g_get_real_time() < seen->turns)));
}

static bool
has_room(Elsewhere *elsewhere, int64_t now)
{
  if (g_hash_table_size(elsewhere->said) >= KEPT_MOST)
    g_hash_table_foreach_remove(elsewhere->said, is_over, &now);
  return elsewhere->waiting < FETCHES_MOST && g_hash_table_size(elsewhere->said) < KEPT_MOST;
}

/* Under the lock. */
static void
begin(Elsewhere *elsewhere, Fetch *fetch)
{
  Said *said = g_new0(Said, 1);
  elsewhere->waiting++;
  metric_set(&waiting_now, elsewhere->waiting);
  g_hash_table_insert(elsewhere->said, g_strdup(fetch->key), said);
  start(elsewhere, fetch);
}

static ImageState
state_of(const Said *said, SeenImage **seen, char **why)
{
  if (said->until == 0)
    return IMAGE_PENDING;
  *why = g_strdup(said->error);
  if (said->seen != NULL)
    *seen = seen_image_ref(said->seen);
  return said->seen != NULL ? IMAGE_ADMITTED : said->missing ? IMAGE_REFUSED : IMAGE_UNKNOWN;
}

ImageState
elsewhere_look(Elsewhere *elsewhere, const Reference *name, const char *text,
               const char *const *logins, int64_t keep, SeenImage **seen, char **why)
{
  int64_t now = g_get_monotonic_time();
  uint64_t trust = elsewhere_trust(elsewhere->context->pipeline);
  g_autofree char *key = key_of(elsewhere, text, logins);
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&elsewhere->lock);
  const Said *said = g_hash_table_lookup(elsewhere->said, key);
  if (said != NULL && counts(said, keep, trust, now)) {
    metric_add_at(&answered, said->until != 0 ? FROM_MEMORY : FROM_REGISTRY, 1);
    return state_of(said, seen, why);
  }
  metric_add_at(&answered, FROM_REGISTRY, 1);
  if (elsewhere->stopped || (said == NULL && !has_room(elsewhere, now))) {
    *why = g_strdup("too many images of other registries are asked for at once");
    return IMAGE_UNKNOWN;
  }
  Fetch *fetch = g_new0(Fetch, 1);
  fetch->key = g_strdup(key);
  fetch->text = g_strdup(text);
  fetch->host = g_strdup(name->host);
  fetch->logins = g_strdupv((char **)(uintptr_t)logins);
  fetch->keep = keep;
  if (said != NULL && said->seen != NULL)
    fetch->before = seen_image_ref(said->seen);
  begin(elsewhere, fetch);
  return IMAGE_PENDING;
}
