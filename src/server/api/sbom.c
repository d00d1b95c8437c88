/* GET /api/v1/images/{digest}/sbom: what is in an image that was pushed, as a bill of materials. */
#include "base/error.h"
#include "pipeline/sboms.h"
#include "server/api/api-private.h"
#include "server/visible.h"

/* ?format= is one of those that list what there is; ?repository= is how the image is called. */
static void
api_sbom(Request *request)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  const char *format = request_query(request, "format");
  const ReportWriter *writer = report_writer_find(format != NULL ? format : "cyclonedx");
  Digest digest;
  unsigned weight;
  if (writer == NULL || !writer->of_inventory) {
    api_refuse(request, "?format= must be cyclonedx or spdx");
    return;
  }
  const char *repository = request_query(request, "repository");
  if (repository != NULL && !visible_repository(request, VERB_READ_FINDINGS, repository))
    return;
  if (!api_scanned_image(request, &digest, &weight))
    return;
  g_autoptr(SharedItem) item = pipeline_image_inventory(pipeline, &digest, weight, &error);
  if (api_waits(request, error))
    return;
  int64_t created = 0;
  g_autofree char *text =
      item == NULL ? NULL
                   : pipeline_write_sbom(pipeline, repository, &digest, shared_item_value(item),
                                         writer, &created, &error);
  if (text == NULL)
    respond_error(request, error);
  else
    respond_text(request, MHD_HTTP_OK, writer->media_type, text);
}

const Route api_sbom_routes[] = {
    {"GET", "/api/v1/images/<digest>/sbom", "api-sbom", VERB_READ_FINDINGS, ON_WHAT_ONE_MAY,
     WORK_HEAVY, .finish = api_sbom},
    {NULL},
};
