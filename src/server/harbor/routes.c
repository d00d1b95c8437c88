/* GET /harbor/api/v1/metadata, POST /harbor/api/v1/scan, GET /harbor/api/v1/scan/ID/report: what
 * Harbor asks a scanner. */
#include <string.h>

#include "access/audit/audit.h"
#include "base/calendar.h"
#include "base/json.h"
#include "oci/media_type.h"
#include "server/harbor/accept.h"
#include "server/harbor/harbor.h"
#include "server/harbor/reports.h"
#include "server/harbor/scans.h"

#define METADATA_TYPE "application/vnd.scanner.adapter.metadata+json; version=1.1"
#define SCAN_TYPE     "application/vnd.scanner.adapter.scan.response+json; version=1.0"
/* Seconds. Most scans are of layers that are known by then. */
#define REFRESH_AFTER "2"

/* Until the operator lists registries there is no scanner here. */
static void
begin(Request *request)
{
  if (*server_context(request)->config->harbor.registries == NULL)
    respond_oci_error(request, MHD_HTTP_NOT_FOUND, "NOT_FOUND",
                      "this Assay is no scanner for Harbor: its operator lists the registries that "
                      "it may pull from in `harbor.registries`",
                      NULL);
}

/* Who asks, as scans remember it. (transfer full) */
static char *
asker_of(const Request *request)
{
  const Principal *who = request_principal(request);
  return g_strconcat(principal_kind_name(who->kind), ":", who->name, NULL);
}

/* --- metadata --- */

static json_t *
capability(const char *type, json_t *produces)
{
  return json_pack("{s:s,s:[ss],s:o}", "type", type, "consumes_mime_types", MEDIA_TYPE_OCI_MANIFEST,
                   MEDIA_TYPE_DOCKER_MANIFEST, "produces_mime_types", produces);
}

/* When what the advisories say was last fetched, of the newest feed. */
static void
add_database(Request *request, json_t *properties)
{
  g_autofree char *generation = NULL;
  g_autoptr(GPtrArray) feeds = pipeline_feeds(server_context(request)->pipeline, &generation, NULL);
  int64_t newest = 0;
  for (guint i = 0; feeds != NULL && i < feeds->len; i++)
    newest = MAX(newest, ((const AdvisoryFeedStatus *)g_ptr_array_index(feeds, i))->updated);
  g_autofree char *text = calendar_moment(newest / G_USEC_PER_SEC);
  if (newest > 0)
    json_set_string(properties, "harbor.scanner-adapter/vulnerability-database-updated-at", text);
}

static void
metadata(Request *request)
{
  json_t *sbom = capability("sbom", json_pack("[s]", HARBOR_SBOM_1_0));
  json_object_set_new(sbom, "additional_attributes",
                      json_pack("{s:[ss]}", "sbom_media_types", HARBOR_SPDX, HARBOR_CYCLONEDX));
  json_t *properties =
      json_pack("{s:s,s:s}", "harbor.scanner-adapter/scanner-type", "os-package-vulnerability",
                "harbor.scanner-adapter/registry-authorization-type", "Basic");
  add_database(request, properties);
  g_autoptr(json_t) body = json_pack(
      "{s:o,s:[oo],s:o}", "scanner", harbor_scanner_to_json(), "capabilities",
      capability("vulnerability", json_pack("[ss]", HARBOR_REPORT_1_1, HARBOR_REPORT_1_0)), sbom,
      "properties", properties);
  g_autofree char *text = json_to_text(body);
  respond_text(request, MHD_HTTP_OK, METADATA_TYPE, text);
}

/* --- asking --- */

static void
scan(Request *request)
{
  ServerContext *context = server_context(request);
  g_auto(ScanRequest) asked = {0};
  g_autoptr(GError) error = NULL;
  unsigned status = MHD_HTTP_BAD_REQUEST;
  if (!scan_request_read(slice_from_bytes(request_body(request)), &context->config->harbor, &asked,
                         &status, &error)) {
    respond_oci_error(request, status, "INVALID", error->message, NULL);
    return;
  }
  g_autofree char *image =
      g_strdup_printf("%s/%s@%s", asked.host, asked.repository, asked.digest.text);
  g_autofree char *asker = asker_of(request);
  g_autofree char *id = harbor_scans_ask(context->harbor, &asked, asker);
  if (id == NULL) {
    respond_oci_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "UNAVAILABLE",
                      "too many scans wait already; ask again later", NULL);
    response_header(request, "Retry-After", "30");
    return;
  }
  audit_note(NOTE_SCAN_ASKED, image, verb_name(VERB_SCAN), NULL);
  g_autoptr(json_t) body = json_pack("{s:s}", "id", id);
  g_autofree char *text = json_to_text(body);
  respond_text(request, MHD_HTTP_ACCEPTED, SCAN_TYPE, text);
}

/* --- the report --- */

/* Of one bit; 0 after it responded. */
static unsigned
wanted(Request *request, const char **media_type)
{
  g_autofree char *accept = request_header_joined(request, "Accept");
  const char *type = request_query(request, "sbom_media_type");
  switch (harbor_wants(accept, media_type)) {
  case HARBOR_WANTS_VULNERABILITIES:
    return HARBOR_REPORT_VULNERABILITIES;
  case HARBOR_WANTS_SBOM:
    if (harbor_sbom_of(type) != 0)
      return harbor_sbom_of(type);
    respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID",
                      "?sbom_media_type= must be " HARBOR_SPDX " or " HARBOR_CYCLONEDX, NULL);
    return 0;
  case HARBOR_WANTS_NOTHING_OF_OURS:
    break;
  }
  respond_oci_error(request, MHD_HTTP_NOT_IMPLEMENTED, "UNSUPPORTED",
                    "Accept: the reports are " HARBOR_REPORT_1_1 ", " HARBOR_REPORT_1_0
                    " and " HARBOR_SBOM_1_0,
                    NULL);
  return 0;
}

static void
respond_report(Request *request, HarborScanState state, const char *media_type, GBytes *text,
               const char *error)
{
  switch (state) {
  case HARBOR_SCAN_UNKNOWN:
    respond_oci_error(
        request, MHD_HTTP_NOT_FOUND, "NOT_FOUND",
        "there is no such scan of yours: its report is kept for an hour, and not over "
        "a restart of Assay; ask for the scan again",
        NULL);
    break;
  case HARBOR_SCAN_PENDING:
    respond_empty(request, MHD_HTTP_FOUND);
    response_header(request, "Refresh-After", REFRESH_AFTER);
    break;
  case HARBOR_SCAN_FAILED:
    respond_oci_error(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "INTERNAL", error, NULL);
    break;
  case HARBOR_SCAN_DONE:
    if (text != NULL)
      respond_bytes(request, MHD_HTTP_OK, media_type, text);
    else
      respond_oci_error(request, MHD_HTTP_BAD_REQUEST, "INVALID",
                        "the scan was not asked for this report (enabled_capabilities)", NULL);
    break;
  }
}

static void
report(Request *request)
{
  const char *media_type = NULL;
  unsigned kind = wanted(request, &media_type);
  if (kind == 0)
    return;
  g_autoptr(GBytes) text = NULL;
  g_autofree char *error = NULL, *asker = asker_of(request);
  HarborScanState state =
      harbor_scans_look(server_context(request)->harbor, request_parameter(request, "id"), asker,
                        kind, &text, &error);
  respond_report(request, state, media_type, text, error);
}

const Route harbor_routes[] = {
    {"GET", "/harbor/api/v1/metadata", "harbor-metadata", VERB_SCAN, ON_SYSTEM, WORK_WAITS,
     .begin = begin, .finish = metadata},
    {"POST", "/harbor/api/v1/scan", "harbor-scan", VERB_SCAN, ON_SYSTEM, WORK_WAITS, .begin = begin,
     .finish = scan, .body_limit = SCAN_REQUEST_BYTES_MAX},
    {"GET", "/harbor/api/v1/scan/<id>/report", "harbor-report", VERB_SCAN, ON_SYSTEM, WORK_WAITS,
     .begin = begin, .finish = report},
    {NULL},
};
