/* What Harbor asks for: a request for a scan, and the report that Accept wants. */
#include "server/harbor/accept.h"
#include "server/harbor/scan_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static char core[] = "http://core:8080", *listed[] = {core, NULL};
  static const HarborSettings settings = {.registries = listed};
  g_auto(ScanRequest) request = {0};
  unsigned status = 0;
  if (scan_request_read(slice_new(data, size), &settings, &request, &status, NULL)) {
    g_assert_cmpstr(request.host, ==, "core:8080");
    g_assert_cmpuint(request.reports & ~HARBOR_REPORTS_ALL, ==, 0);
  } else {
    g_assert_true(status == 400 || status == 422 || status == 501);
  }
  g_autofree char *accept = g_strndup((const char *)data, size);
  const char *media_type = NULL;
  bool wants = harbor_wants(accept, &media_type) != HARBOR_WANTS_NOTHING_OF_OURS;
  g_assert_true(wants == (media_type != NULL));
  return 0;
}
