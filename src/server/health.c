/* Health and metrics; see the header. */
#include "server/health.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include "assay-version.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cage/cage.h"
#include "inspect/malware/clamav_state.h"
#include "server/memory.h"
#include "server/server-private.h"
#include "signing/chains.h"

/* Counting rows costs the more the more there are. */
#define TOTALS_SECONDS 60

/* Below this much free space pushes are about to fail. */
#define DISK_LEAST ((uint64_t)64 * 1024 * 1024)

/* For a person, or a check of a load balancer, that asks for nothing in particular. */
static void
health_root(Request *request)
{
  static const char *const links[][2] = {
      {"registry", "/v2/"},  {"catalog", "/v2/_catalog"}, {"api", "/api/v1/repositories"},
      {"alive", "/healthz"}, {"ready", "/readyz"},        {"metrics", "/metrics"}};
  g_autoptr(json_t) body = json_object();
  json_t *paths = json_object();
  json_set_string(body, "name", "assay");
  json_set_string(body, "description", "a container registry that scans each image it holds");
  json_set_string(body, "version", ASSAY_VERSION);
  for (size_t i = 0; i < G_N_ELEMENTS(links); i++)
    json_set_string(paths, links[i][0], links[i][1]);
  json_object_set_new(body, "paths", paths);
  respond_json(request, MHD_HTTP_OK, body);
}

static void
health_live(Request *request)
{
  respond_text(request, MHD_HTTP_OK, "text/plain; charset=utf-8", "ok\n");
}

/* A folder that was so at the start is served for pulls, which is all that is asked of it; one that
 * became so means trouble. */
static bool
add_data(json_t *body, const ServerContext *server)
{
  struct statvfs status;
  bool now = statvfs(server->data_folder, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
  json_set_string(body, "data",
                  server->read_only ? "read-only: pulls are served, nothing is stored; mount it "
                                      "for writing and start the server again"
                  : now             ? "became read-only: pushes fail; look for the reason in the "
                                      "kernel's log, and mount it for writing"
                                    : "ok");
  return server->read_only || !now;
}

static uint64_t
disk_free(const char *folder)
{
  struct statvfs status;
  return statvfs(folder, &status) < 0 ? 0 : (uint64_t)status.f_bavail * status.f_frsize;
}

/* A file that could not be read again is no reason to turn away pulls: the former one judges them.
 */
static void
add_policy(json_t *body, Pipeline *pipeline)
{
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  g_autofree char *problem = pipeline_policy_problem(pipeline);
  g_autofree char *says =
      problem == NULL
          ? g_strdup("ok")
          : g_strdup_printf("could not be read again, the former one stays in force: %s", problem);
  PolicyOrigin origin = policy_set_origin(policy);
  json_set_string(body, "policy", says);
  json_set_string(body, "policy_file", origin.file);
  json_set_string(body, "policy_sha256", origin.sha256);
  json_object_set_new(body, "policies", json_integer(origin.policies));
}

/* Told, and no reason to be unready: other clients may trust what is wrong with it. */
static void
add_certificate(json_t *body, const HttpServer *http)
{
  CertificateTimes times;
  if (!http_server_certificate(http, &times))
    return;
  g_autofree char *problem = certificate_problem(times, g_get_real_time() / G_USEC_PER_SEC);
  json_set_string(body, "certificate", problem != NULL ? problem : "ok");
}

/* Likewise: what is signed as cosign has it goes on. */
static void
add_chains(json_t *body, const ServerContext *server)
{
  g_autoptr(SigningSet) set = signing_get(server->signing);
  g_autoptr(GPtrArray) problems = signing_chain_problems(set, g_get_real_time() / G_USEC_PER_SEC);
  if (problems->len > 0)
    json_set_string(body, "signing_certificates", g_ptr_array_index(problems, 0));
}

static void
health_ready(Request *request)
{
  ServerContext *server = server_context(request);
  g_autoptr(GError) error = NULL;
  g_autofree char *missing = NULL;
  bool more;
  g_auto(GStrv) names = registry_catalog(server->registry, NULL, 1, &more, &error);
  bool disk = server->read_only || disk_free(server->data_folder) >= DISK_LEAST;
  bool cage = cage_available(&missing) || server->config->allow_uncaged;

  g_autoptr(json_t) body = json_object();
  json_set_string(body, "metadata", names != NULL ? "ok" : "the metadata database does not answer");
  bool data = add_data(body, server);
  json_set_string(body, "disk", disk ? "ok" : "less than 64 MiB are free");
  json_set_string(body, "cage", cage ? "ok" : missing);
  g_autofree char *advisories = pipeline_describe_advisories(server->pipeline);
  json_set_string(body, "advisories", advisories);
  g_autofree char *clamav = clamav_problem();
  if (clamav != NULL)
    json_set_string(body, "clamav", clamav);
  add_policy(body, server->pipeline);
  add_certificate(body, request_http_server(request));
  add_chains(body, server);
  bool ready = names != NULL && data && disk && cage;
  json_object_set_new(body, "ready", json_boolean(ready));
  respond_json(request, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, body);
}

/* As they were at most TOTALS_SECONDS ago. */
static RegistryTotals
present_totals(ServerContext *server)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->totals_lock);
  int64_t now = g_get_monotonic_time();
  if (server->totals_counted == 0 ||
      now - server->totals_counted > TOTALS_SECONDS * G_TIME_SPAN_SECOND) {
    if (registry_totals(server->registry, &server->totals, &error))
      server->totals_counted = now;
    else
      log_warning("the rows for /metrics cannot be counted", "error", error->message, NULL);
  }
  return server->totals;
}

static void
add_totals(GString *out, ServerContext *server)
{
  RegistryTotals totals = present_totals(server);
  metrics_gauge(out, "assay_repositories",
                "Repositories; counted once a minute, as the next three.",
                (double)totals.repositories);
  metrics_gauge(out, "assay_manifests", "Manifests, of all repositories.",
                (double)totals.manifests);
  metrics_gauge(out, "assay_blobs", "Blobs, each once.", (double)totals.blobs);
  metrics_gauge(out, "assay_blob_bytes", "Bytes of all blobs.", (double)totals.blob_bytes);
}

static void
add_chain_times(GString *out, const ServerContext *server)
{
  g_autoptr(SigningSet) set = signing_get(server->signing);
  static const char name[] = "assay_signing_certificate_expiry_seconds";
  bool any = false;
  for (guint i = 0; i < set->keys->len; i++) {
    const SigningKey *key = g_ptr_array_index(set->keys, i);
    if (key->certificates_until == 0)
      continue;
    if (!any)
      metrics_head(out, name, "When the certificates of a signing key end, in seconds since 1970.");
    any = true;
    metrics_sample(out, name, (double)key->certificates_until / G_USEC_PER_SEC, "key", key->name,
                   NULL);
  }
}

static void
health_metrics(Request *request)
{
  ServerContext *server = server_context(request);
  g_autoptr(GString) out = g_string_new(NULL);
  metrics_head(out, "assay_build_info", "The running version.");
  metrics_sample(out, "assay_build_info", 1, "version", ASSAY_VERSION, NULL);
  metrics_gauge(out, "process_resident_memory_bytes", "Resident memory.",
                (double)memory_resident());
  metrics_gauge(out, "process_start_time_seconds", "Start, in seconds since 1970.",
                (double)server->started / G_USEC_PER_SEC);
  metrics_gauge(out, "assay_disk_free_bytes", "Free space in the data folder.",
                (double)disk_free(server->data_folder));
  metrics_gauge(out, "assay_uploads_open", "Upload sessions held in memory.",
                registry_open_uploads(server->registry));
  CertificateTimes times;
  if (http_server_certificate(request_http_server(request), &times))
    metrics_gauge(out, "assay_tls_certificate_expiry_seconds",
                  "When the server's certificate expires, in seconds since 1970.",
                  (double)times.until);
  add_chain_times(out, server);
  add_totals(out, server);
  pipeline_write_metrics(server->pipeline, out);
  jobs_write_metrics(server->jobs, out);
  http_server_write_metrics(request_http_server(request), out);
  metrics_write(out);
  respond_text(request, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", out->str);
}

const Route health_routes[] = {
    {"GET", "/", "root", VERB_NONE, ON_NOTHING, WORK_AT_ONCE, .finish = health_root},
    {"GET", "/healthz", "healthz", VERB_NONE, ON_NOTHING, WORK_PROBE_AT_ONCE,
     .finish = health_live},
    {"GET", "/readyz", "readyz", VERB_NONE, ON_NOTHING, WORK_PROBE, .finish = health_ready},
    {"GET", "/metrics", "metrics", VERB_READ_METRICS, ON_SYSTEM, WORK_PROBE,
     .finish = health_metrics},
    {NULL},
};
