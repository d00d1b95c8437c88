/* GET /api/v1/images/{digest}/sbom: what is in an image that was pushed, as a bill of materials. */
#include "base/error.h"
#include "report/writer.h"
#include "server/api/api-private.h"
#include "server/visible.h"

static void
respond_sbom(Request *request, const ReportWriter *writer, const Digest *digest,
             const ImageInventory *inventory, const ImageSummary *summary)
{
  const char *repository = request_query(request, "repository");
  g_autofree char *target = repository == NULL ? g_strdup(digest->text)
                                               : g_strconcat(repository, "@", digest->text, NULL);
  const Report report = {.target = target,
                         .digest = digest->text,
                         .inventory = inventory,
                         .packages = inventory->packages->len,
                         .created = summary->scanned / G_USEC_PER_SEC};
  const ReportStyle style = {.width = 0};
  g_autofree char *text = writer->write(&report, &style);
  respond_text(request, MHD_HTTP_OK, writer->media_type, text);
}

/* ?format= is one of those that list what there is; ?repository= is how the image is called. */
static void
api_sbom(Request *request)
{
  g_autoptr(GError) error = NULL;
  Pipeline *pipeline = server_context(request)->pipeline;
  const char *format = request_query(request, "format");
  const ReportWriter *writer = report_writer_find(format != NULL ? format : "cyclonedx");
  Digest digest;
  unsigned packages;
  if (writer == NULL || !writer->of_inventory) {
    api_refuse(request, "?format= must be cyclonedx or spdx");
    return;
  }
  const char *repository = request_query(request, "repository");
  if (repository != NULL && !visible_repository(request, VERB_READ_FINDINGS, repository))
    return;
  if (!api_scanned_image(request, &digest, &packages))
    return;
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, &digest, &error);
  g_autoptr(SharedItem) item =
      summary == NULL ? NULL : pipeline_image_inventory(pipeline, &digest, packages, &error);
  if (api_waits(request, error))
    return;
  const ImageInventory *inventory = item == NULL ? NULL : shared_item_value(item);
  if (inventory == NULL)
    respond_error(request, error);
  else
    respond_sbom(request, writer, &digest, inventory, summary);
}

const Route api_sbom_routes[] = {
    {"GET", "/api/v1/images/<digest>/sbom", "api-sbom", VERB_READ_FINDINGS, ON_WHAT_ONE_MAY,
     WORK_HEAVY, .finish = api_sbom},
    {NULL},
};
