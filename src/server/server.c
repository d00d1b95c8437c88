/* The server as a whole: the start in order, the stop in the opposite one. */
#include "server/server.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "access/credentials/operator.h"
#include "access/schema.h"
#include "admission/schema.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cage/cage.h"
#include "inspect/java_table.h"
#include "inspect/malware/team_rules.h"
#include "jobs/outbox.h"
#include "jobs/schema.h"
#include "pipeline/schema.h"
#include "registry/move.h"
#include "registry/schema.h"
#include "registry/small_blobs.h"
#include "server/admission/desk.h"
#include "server/collection.h"
#include "server/first_start.h"
#include "server/harbor/scans.h"
#include "server/housekeeping.h"
#include "server/retention.h"
#include "server/routes.h"
#include "server/secrets.h"
#include "server/server-private.h"
#include "server/stored_endpoints.h"
#include "signing/schema.h"

struct Server {
  ServerContext context;
  int data_fd;
  int lock_fd; /* held as long as the data folder is ours */
  BlobStore *blobs;
  SqlPool *sql;
  Outbox *outbox;
  Audit *audit;
  Housekeeping house;
  Secrets secrets;
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

/* The tables of all rooms; see storage/schema.h. */
const Schema *const server_schemas[] = {
    &registry_schema, &pipeline_schema,  &jobs_schema, &access_schema,
    &signing_schema,  &admission_schema, NULL};

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
  server->sql = context->read_only ? sql_pool_open_read_only(url, server_schemas, error)
                                   : sql_pool_open(url, server_schemas, config->durable, error);
  if (server->sql == NULL)
    return false;
  context->sql = server->sql;
  const uint32_t workers = config->limits.pipeline.workers;
  context->jobs = jobs_new(server->sql, workers != 0 ? workers : g_get_num_processors());
  jobs_alone(context->jobs); /* the data folder is locked */
  context->access = access_new(server->sql, &config->access, error);
  if (context->access == NULL || !secrets_open(&server->secrets, context, error))
    return false;
  if (!signing_settings_authority(&config->signing, &context->times, error))
    return false;
  context->signer = signer_new(NULL);
  context->signing = signing_new(server->sql, error);
  if (context->signing == NULL)
    return false;
  context->registry =
      registry_new(server->blobs, server->sql, &config->limits.registry, &config->registry);
  registry_on_move(context->registry, pipeline_repository_moved);
  if (!registry_restore_blobs(context->registry, error) ||
      !registry_read_moved(context->registry, error))
    return false;
  context->manifests = manifest_cache_new();
  context->signature_hosts = signing_settings_hosts(&config->signing);
  const PipelineOptions options = {.inspection = &config->limits.inspection,
                                   .advisories = &config->advisories,
                                   .policy = config->policy,
                                   .allow_uncaged = config->allow_uncaged,
                                   .signing = context->signing,
                                   .hosts = context->signature_hosts};
  context->pipeline = pipeline_new(&options, data_folder, context->registry, server->blobs,
                                   server->sql, context->jobs, error);
  /* What is damaged could not be set aside. */
  context->scrub =
      scrub_new(context->registry, data_folder,
                context->read_only ? 0 : config->scrub_bytes_per_second, context->jobs);
  server->outbox = outbox_new(context->jobs, server->sql);
  server->audit = audit_new(&config->audit, server->sql, context->jobs, server->outbox);
  audit_sign_by(server->audit, server->secrets.keys);
  const SigningRooms signing = {&config->signing, context->pipeline, context->registry,
                                context->access,  context->signing,  context->signer,
                                context->times,   server->sql};
  context->signing_jobs = signing_jobs_new(&signing, context->jobs, server->outbox);
  context->collection = collection_new(context);
  context->harbor = harbor_scans_new(context);
  retention_add(context);
  housekeeping_add(&server->house, context, server->blobs);
  if (context->pipeline == NULL)
    return false;
  context->admission = admission_desk_new(context, error);
  return context->admission != NULL;
}

/* What clients on this machine find us by. */
static void
forget_address(Server *server)
{
  unlinkat(server->data_fd, "address", 0);
  operator_key_remove(server->data_fd);
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

/* What signatures call us where the configuration does not say. */
static void
name_for_signatures(Server *server)
{
  g_auto(GStrv) urls = http_server_urls(server->context.http);
  signing_jobs_set_host(server->context.signing_jobs, strstr(urls[0], "://") + strlen("://"));
}

/* A disk that is full, or read-only, leaves those who have a log-in. */
static void
make_operator(Server *server)
{
  g_autoptr(GError) error = NULL;
  if (server->context.read_only)
    return;
  g_autofree char *secret = operator_key_write(server->data_fd, &error);
  if (secret == NULL)
    log_warning("the operator's key cannot be written: commands on this machine need a log-in",
                "error", error->message, NULL);
  access_set_operator_secret(server->context.access, secret);
}

static void
wake_waiting(void *data)
{
  Server *server = data;
  http_server_wake(server->context.http);
}

/* Before the first inspection, and before anybody waits for us; later, where those that are in
 * force stay when others cannot be compiled. */
static bool
use_team_rules(const Config *config, GError **error)
{
  if (!team_rules_use(config->malware.rules, &config->limits.inspection.worker,
                      config->allow_uncaged, error)) {
    g_prefix_error(error, "malware.rules: ");
    return false;
  }
  g_autofree char *count = g_strdup_printf("%u", team_rules_count());
  if (team_rules_count() > 0)
    log_info("rules of YARA are compiled", "rules", count, NULL);
  return true;
}

Server *
server_start(const Config *config, const char *data_folder, GError **error)
{
  g_autoptr(Server) server = g_new0(Server, 1);
  server->data_fd = server->lock_fd = -1;
  server->context.config = config;
  server->context.data_folder = data_folder;
  server->context.started = g_get_real_time();
  g_mutex_init(&server->context.totals_lock);
  g_mutex_init(&server->context.holders_lock);
  server->context.upload_holders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  server->context.uploads_wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  malware_settings_use(&config->malware);
  if (!java_table_use(config->java_archives, error) || !check_cage(config, error) ||
      !use_team_rules(config, error) || !lock_data_folder(server, data_folder, error))
    return NULL;
  /* Of one that was killed: who waits for ours must not read it. */
  if (!server->context.read_only)
    forget_address(server);
  if (!open_rooms(server, config, data_folder, error))
    return NULL;
  make_operator(server);
  server->context.setup = setup_link_new(server->context.access);
  if (!first_start(server->context.access, error))
    return NULL;
  server->context.http =
      http_server_new(config, server->context.access, server_routes, &server->context, error);
  if (server->context.http == NULL || !stored_endpoints_open(&server->context, error))
    return NULL;
  name_for_signatures(server);
  /* A disk that is full keeps nobody from pulling. */
  g_autoptr(GError) unwritten = NULL;
  if (!server->context.read_only && !write_address(server, &unwritten))
    log_warning("the file with the address cannot be written", "error", unwritten->message, NULL);
  g_auto(GStrv) urls = http_server_urls(server->context.http);
  first_start_tell(server->context.access, server->context.setup, urls[0]);
  pipeline_on_change(server->context.pipeline, wake_waiting, server);
  if (!jobs_start(server->context.jobs, error))
    return NULL;
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
  const Config *config = server->context.config;
  GError *failures[3] = {NULL, NULL, NULL};
  http_server_reload_tls(server->context.http, &failures[0]);
  pipeline_reload_policy(server->context.pipeline, config->policy, &failures[1]);
  if (use_team_rules(config, &failures[2]))
    pipeline_renew(server->context.pipeline);
  g_autoptr(GString) text = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(failures); i++) {
    if (failures[i] != NULL)
      g_string_append_printf(text, "%s%s", text->len > 0 ? "; " : "", failures[i]->message);
    g_clear_error(&failures[i]);
  }
  return text->len == 0 || error_set(error, ASSAY_ERROR_INVALID, "%s", text->str);
}

/* So that the files alone have all that is stored. */
static void
settle(Registry *registry)
{
  g_autoptr(GError) error = NULL;
  if (!registry_settle_blobs(registry, &error))
    log_warning("small blobs stay in the database", "error", error->message, NULL);
}

void
server_stop(Server *server)
{
  forget_address(server);
  int64_t end = g_get_monotonic_time() +
                (int64_t)server->context.config->limits.stop_deadline * G_USEC_PER_SEC;
  if (!http_server_stop(server->context.http, end))
    log_warning("requests were cut off at the deadline", NULL);
  jobs_stop(server->context.jobs, end);
  settle(server->context.registry);
}

void
server_free(Server *server)
{
  if (server == NULL)
    return;
  jobs_join(server->context.jobs);
  if (server->context.pipeline != NULL)
    pipeline_on_change(server->context.pipeline, NULL, NULL);
  admission_desk_stop(server->context.admission);
  http_server_free(server->context.http);
  jobs_free(server->context.jobs);
  housekeeping_clear(&server->house);
  outbox_free(server->outbox);
  audit_free(server->audit);
  collection_free(server->context.collection);
  admission_desk_free(server->context.admission);
  harbor_scans_free(server->context.harbor);
  scrub_free(server->context.scrub);
  pipeline_free(server->context.pipeline);
  signing_jobs_free(server->context.signing_jobs);
  signing_free(server->context.signing);
  signer_free(server->context.signer);
  timestamp_authority_free(server->context.times);
  g_free((void *)server->context.signature_hosts);
  cache_free(server->context.manifests);
  registry_free(server->context.registry);
  setup_link_free(server->context.setup);
  access_free(server->context.access);
  secrets_clear(&server->secrets);
  sql_pool_close(server->sql);
  blob_store_close(server->blobs);
  fd_clear(&server->lock_fd);
  fd_clear(&server->data_fd);
  g_mutex_clear(&server->context.totals_lock);
  g_hash_table_unref(server->context.upload_holders);
  g_hash_table_unref(server->context.uploads_wanted);
  g_mutex_clear(&server->context.holders_lock);
  g_free(server);
}
