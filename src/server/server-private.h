/* What handlers reach through request_context(). */
#pragma once

#include "access/access.h"
#include "pipeline/pipeline.h"
#include "registry/collect.h"
#include "registry/registry.h"
#include "registry/scrub.h"
#include "server/http/http.h"
#include "server/manifest_cache.h"
#include "server/setup_link.h"
#include "sign/signer.h"
#include "signing/signing.h"

/* Of all rooms, ended by NULL. */
extern const Schema *const server_schemas[];

typedef struct Collection Collection;
typedef struct AdmissionDesk AdmissionDesk;
typedef struct HarborScans HarborScans;

typedef struct {
  const Config *config;
  const char *data_folder;
  bool read_only; /* the data folder's file system, since the start: nothing is ever written */
  SqlPool *sql;
  Access *access;
  Signing *signing;
  Signer *signer;
  TimestampAuthority *times;    /* who stamps what the server signs; or NULL */
  const char **signature_hosts; /* signing_settings_hosts() */
  SigningJobs *signing_jobs;
  Jobs *jobs;
  Registry *registry;
  Pipeline *pipeline;
  Scrub *scrub;
  Collection *collection;
  AdmissionDesk *admission;
  HarborScans *harbor;
  Cache *manifests;
  SetupLink *setup;
  HttpServer *http; /* set once it listens: requests ask request_http_server() */
  int64_t started;  /* microseconds since 1970 */
  /* Which request holds which upload (id -> Request), and which ids others wait for. */
  GMutex holders_lock;
  GHashTable *upload_holders, *uploads_wanted;
  /* What /metrics last counted, and when (g_get_monotonic_time(), 0: never). */
  GMutex totals_lock;
  RegistryTotals totals;
  int64_t totals_counted;
} ServerContext;

static inline ServerContext *
server_context(const Request *request)
{
  return request_context(request);
}
