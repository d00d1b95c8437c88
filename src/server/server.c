/* The server as a whole: the start in order, the stop in the opposite one. */
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cage/cage.h"
#include "jobs/schema.h"
#include "pipeline/schema.h"
#include "registry/schema.h"
#include "server/memory.h"
#include "server/routes.h"
#include "server/server-private.h"

#define HOUSEKEEPING_SECONDS 60
#define TIDY_SECONDS         5
#define CHECK_SECONDS        ((int64_t)24 * 60 * 60)

struct Server {
  ServerContext context;
  int data_fd;
  int lock_fd; /* held as long as the data folder is ours */
  BlobStore *blobs;
  SqlPool *sql;
  /* Idle uploads are dropped now and then. */
  GThread *housekeeper;
  /* The housekeeper's: the certificate that it looked at last, and when. */
  CertificateTimes checked;
  int64_t checked_at;
  GMutex lock;
  GCond wake;
  bool stopping;
};

/* Shared: those that only read are in nobody's way, except of one that writes by another mount. A
 * folder that was copied may have no such file. */
static bool
lock_to_read(Server *server, const char *folder, GError **error)
{
  server->lock_fd = openat(server->data_fd, "lock", O_RDONLY | O_CLOEXEC);
  if (server->lock_fd < 0 && errno == ENOENT)
    server->lock_fd = openat(server->data_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (server->lock_fd < 0)
    return error_set_errno(error, errno, "%s/lock", folder);
  if (flock(server->lock_fd, LOCK_SH | LOCK_NB) < 0)
    return error_set(error, ASSAY_ERROR_BUSY,
                     "%s: another assay serves this folder and writes there; stop it, or name "
                     "another with --data",
                     folder);
  server->context.read_only = true;
  log_warning("the data folder is read-only: pulls are served; pushes, deletions, scans and new "
              "advisories wait until it is mounted for writing and the server is started again",
              "data", folder, NULL);
  return true;
}

static bool
lock_data_folder(Server *server, const char *folder, GError **error)
{
  server->data_fd = directory_open(folder, error);
  if (server->data_fd < 0)
    return false;
  server->lock_fd = openat(server->data_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (server->lock_fd < 0 && errno == EROFS)
    return lock_to_read(server, folder, error);
  if (server->lock_fd < 0)
    return error_set_errno(error, errno, "%s/lock", folder);
  if (flock(server->lock_fd, LOCK_EX | LOCK_NB) < 0)
    return error_set(error, ASSAY_ERROR_BUSY,
                     "%s: another assay serves this folder; stop it, or name another with --data",
                     folder);
  return true;
}

static bool
check_cage(const Config *config, GError **error)
{
  g_autofree char *missing = NULL;
  if (cage_available(&missing))
    return true;
  if (!config->allow_uncaged)
    return error_set(
        error, ASSAY_ERROR_UNSUPPORTED,
        "the kernel lacks %s, which cages the inspection of images; to inspect without, "
        "set `allow_uncaged: true`",
        missing);
  log_warning("inspections run without a whole cage", "missing", missing, NULL);
  return true;
}

static void
log_count(const char *what, unsigned count)
{
  g_autofree char *text = g_strdup_printf("%u", count);
  if (count > 0)
    log_info(what, "count", text, NULL);
}

static bool
is_stopping(Server *server)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);
  return server->stopping;
}

/* What a version before this one left to be done, in steps between which others get their turn. */
static void
record_references(Server *server)
{
  g_autoptr(GError) error = NULL;
  bool more = true;
  while (more && !is_stopping(server))
    if (!registry_record_references(server->context.registry, &more, &error)) {
      log_warning("what the stored manifests need cannot be noted yet", "error", error->message,
                  NULL);
      return;
    }
}

/* Idle uploads, and what a crash left of others. */
static void
clean_up(Server *server)
{
  Registry *registry = server->context.registry;
  g_autoptr(GError) error = NULL;
  unsigned orphans = 0;
  log_count("idle uploads dropped", registry_expire_uploads(registry));
  if (!registry_remove_orphans(registry, &orphans, &error))
    log_warning("looking for files of unfinished pushes failed", "error", error->message, NULL);
  log_count("files of unfinished pushes removed", orphans);
  blob_store_keep_room(server->blobs);
  record_references(server);
}

/* While it is the same, once a day. */
static void
check_certificate(Server *server)
{
  int64_t now = g_get_real_time() / G_USEC_PER_SEC;
  CertificateTimes times;
  if (!http_server_certificate(server->context.http, &times))
    return;
  bool same = times.until == server->checked.until && times.from == server->checked.from;
  if (same && now - server->checked_at < CHECK_SECONDS && now >= server->checked_at)
    return;
  server->checked = times;
  server->checked_at = now;
  g_autofree char *problem = certificate_problem(times, now);
  if (problem != NULL)
    log_warning("the server's certificate needs attention", "certificate",
                server->context.config->http.tls.certificate, "problem", problem, NULL);
}

static void *
keep_house(void *data)
{
  Server *server = data;
  uint32_t since_clean_up = 0;
  check_certificate(server);
  if (!server->context.read_only)
    clean_up(server);
  g_mutex_lock(&server->lock);
  while (!server->stopping) {
    int64_t until = g_get_monotonic_time() + TIDY_SECONDS * G_TIME_SPAN_SECOND;
    if (g_cond_wait_until(&server->wake, &server->lock, until))
      continue;
    g_mutex_unlock(&server->lock);
    check_certificate(server);
    pipeline_tidy(server->context.pipeline);
    memory_give_back();
    if ((since_clean_up += TIDY_SECONDS) >= HOUSEKEEPING_SECONDS) {
      if (!server->context.read_only)
        clean_up(server);
      since_clean_up = 0;
    }
    g_mutex_lock(&server->lock);
  }
  g_mutex_unlock(&server->lock);
  return NULL;
}

/* The tables of all rooms; see storage/schema.h. */
static const Schema *const schemas[] = {&registry_schema, &pipeline_schema, &jobs_schema, NULL};

static bool
open_rooms(Server *server, const Config *config, const char *data_folder, GError **error)
{
  ServerContext *context = &server->context;
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", data_folder);
  server->blobs = blob_store_open(data_folder, config->durable && !context->read_only, error);
  if (server->blobs == NULL)
    return false;
  if (!context->read_only)
    blob_store_keep_room(server->blobs);
  server->sql = context->read_only ? sql_pool_open_read_only(url, schemas, error)
                                   : sql_pool_open(url, schemas, config->durable, error);
  if (server->sql == NULL)
    return false;
  context->registry =
      registry_new(server->blobs, server->sql, &config->limits.registry, &config->registry);
  context->manifests = manifest_cache_new();
  /* What is damaged could not be set aside. */
  context->scrub = scrub_new(context->registry, data_folder,
                             context->read_only ? 0 : config->scrub_bytes_per_second);
  const PipelineOptions options = {.limits = config->limits.pipeline,
                                   .inspection = &config->limits.inspection,
                                   .advisories = &config->advisories,
                                   .policy = config->policy,
                                   .allow_uncaged = config->allow_uncaged};
  context->pipeline =
      pipeline_new(&options, data_folder, context->registry, server->blobs, server->sql, error);
  return context->pipeline != NULL;
}

/* For scripts that let the kernel choose the port. */
static bool
write_address(Server *server, GError **error)
{
  g_auto(GStrv) urls = http_server_urls(server->context.http);
  g_autofree char *line = g_strconcat(strstr(urls[0], "://") + strlen("://"), "\n", NULL);
  file_remove_remains(server->data_fd, ".", "address");
  return file_replace(server->data_fd, "address", slice_from_string(line), 0644, error);
}

static void
wake_waiting(void *data)
{
  Server *server = data;
  http_server_wake(server->context.http);
}

Server *
server_start(const Config *config, const char *data_folder, GError **error)
{
  g_autoptr(Server) server = g_new0(Server, 1);
  server->data_fd = server->lock_fd = -1;
  server->context.config = config;
  server->context.data_folder = data_folder;
  server->context.started = g_get_real_time();
  g_mutex_init(&server->lock);
  g_mutex_init(&server->context.totals_lock);
  g_mutex_init(&server->context.holders_lock);
  server->context.upload_holders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  server->context.uploads_wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_cond_init(&server->wake);
  if (!check_cage(config, error) || !lock_data_folder(server, data_folder, error))
    return NULL;
  /* Of one that was killed: who waits for ours must not read it. */
  if (!server->context.read_only)
    unlinkat(server->data_fd, "address", 0);
  if (!open_rooms(server, config, data_folder, error))
    return NULL;
  server->context.http = http_server_new(config, server_routes, &server->context, error);
  if (server->context.http == NULL)
    return NULL;
  /* A disk that is full keeps nobody from pulling. */
  g_autoptr(GError) unwritten = NULL;
  if (!server->context.read_only && !write_address(server, &unwritten))
    log_warning("the file that tells the address cannot be written", "error", unwritten->message,
                NULL);
  pipeline_on_change(server->context.pipeline, wake_waiting, server);
  server->housekeeper = g_thread_new("housekeeper", keep_house, server);
  return g_steal_pointer(&server);
}

GStrv
server_urls(const Server *server)
{
  return http_server_urls(server->context.http);
}

bool
server_reload(Server *server, GError **error)
{
  /* Each for itself: a broken certificate does not keep a new policy out. */
  g_autoptr(GError) of_tls = NULL, of_policy = NULL;
  http_server_reload_tls(server->context.http, &of_tls);
  pipeline_reload_policy(server->context.pipeline, server->context.config->policy, &of_policy);
  if (of_tls == NULL && of_policy == NULL)
    return true;
  return error_set(error, ASSAY_ERROR_INVALID, "%s%s%s", of_tls != NULL ? of_tls->message : "",
                   of_tls != NULL && of_policy != NULL ? "; " : "",
                   of_policy != NULL ? of_policy->message : "");
}

void
server_stop(Server *server)
{
  unlinkat(server->data_fd, "address", 0);
  int64_t end = g_get_monotonic_time() +
                (int64_t)server->context.config->limits.stop_deadline * G_USEC_PER_SEC;
  if (!http_server_stop(server->context.http, end))
    log_warning("requests were cut off at the deadline", NULL);
  pipeline_stop(server->context.pipeline, end);
}

void
server_free(Server *server)
{
  if (server == NULL)
    return;
  if (server->housekeeper != NULL) {
    g_mutex_lock(&server->lock);
    server->stopping = true;
    g_cond_signal(&server->wake);
    g_mutex_unlock(&server->lock);
    g_thread_join(server->housekeeper);
  }
  if (server->context.pipeline != NULL)
    pipeline_on_change(server->context.pipeline, NULL, NULL);
  http_server_free(server->context.http);
  scrub_free(server->context.scrub);
  pipeline_free(server->context.pipeline);
  manifest_cache_free(server->context.manifests);
  registry_free(server->context.registry);
  sql_pool_close(server->sql);
  blob_store_close(server->blobs);
  fd_clear(&server->lock_fd);
  fd_clear(&server->data_fd);
  g_mutex_clear(&server->lock);
  g_mutex_clear(&server->context.totals_lock);
  g_hash_table_unref(server->context.upload_holders);
  g_hash_table_unref(server->context.uploads_wanted);
  g_mutex_clear(&server->context.holders_lock);
  g_cond_clear(&server->wake);
  g_free(server);
}
