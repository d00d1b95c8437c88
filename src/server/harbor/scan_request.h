/* What Harbor asks for: an image of a registry, and which reports of it (the body of POST /scan of
 * goharbor/pluggable-scanner-spec 1.2). Pure. */
#pragma once

#include "base/slice.h"
#include "oci/digest.h"
#include "server/harbor/harbor_settings.h"

/* What a report may be, bits of a set. */
typedef enum {
  HARBOR_REPORT_VULNERABILITIES = 1,
  HARBOR_REPORT_SPDX = 2,
  HARBOR_REPORT_CYCLONEDX = 4,
} HarborReport;
#define HARBOR_REPORTS      3u
#define HARBOR_REPORTS_ALL  7u
#define HARBOR_REPORTS_SBOM (HARBOR_REPORT_SPDX | HARBOR_REPORT_CYCLONEDX)

#define HARBOR_SPDX      "application/spdx+json"
#define HARBOR_CYCLONEDX "application/vnd.cyclonedx+json"
/* The bit of an SBOM's media type; 0: it is none of these. @type: or NULL. */
unsigned harbor_sbom_of(const char *type);

typedef struct {
  char *host; /* of the registry, which is listed */
  bool plain; /* ... and speaks plain HTTP */
  /* By which it is pulled, "Basic ..." or "Bearer ..."; "": by nothing. A secret. */
  char *authorization;
  char *repository, *tag, *mime_type; /* the tag: or NULL */
  Digest digest;
  unsigned reports; /* HarborReport */
} ScanRequest;
void scan_request_clear(ScanRequest *request);
/* The credential, as soon as it is needed no more. */
void scan_request_forget_secret(ScanRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScanRequest, scan_request_clear)

#define SCAN_REQUEST_BYTES_MAX ((size_t)256 * 1024)

/* False with *status: 400 (no JSON, or a value of the wrong type), 422 (a value that is missing,
 * wrong or not allowed), 501 (an artifact or report that is not ours). *request is then to be
 * cleared as well. No message has the credential. */
bool scan_request_read(Slice text, const HarborSettings *settings, ScanRequest *request,
                       unsigned *status, GError **error);
