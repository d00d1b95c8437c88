/* Bills of materials of images: writing one, and keeping it beside its image; see the header.
 *
 * The order of the steps makes it safe to stop between any two of them: the blobs and the manifest
 * are stored, the older one is deleted, then the row is written. What was stopped is due still, and
 * done once more it gives the same bytes, which are there already. */
#include "pipeline/sboms.h"

#include <string.h>

#include "artifact/sbom.h"
#include "base/error.h"
#include "base/log.h"
#include "base/metrics.h"
#include "oci/media_type.h"
#include "pipeline/pipeline-private.h"
#include "pipeline/sboms-private.h"

METRIC(kept_total, COUNTER("assay_sboms_kept_total",
                           "Bills of materials that were stored beside their image."));

/* --- writing --- */

/* Signatures and the like may look like images, and are scanned as such; nothing unpacks them. */
static bool
unpacks(const ImageInventory *inventory)
{
  for (guint i = 0; i < inventory->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(inventory->layers, i);
    if (*layer->diff_id.text != '\0')
      return true;
  }
  return false;
}

char *
pipeline_write_sbom(Pipeline *pipeline, const char *repository, const Digest *image,
                    const ImageInventory *inventory, const ReportWriter *writer, int64_t *created,
                    GError **error)
{
  g_autoptr(Manifest) manifest = images_load_manifest(pipeline->sql, image->text, error);
  /* What nothing unpacks may have any config. */
  bool wanted = unpacks(inventory);
  g_autoptr(ImageConfig) config =
      manifest == NULL ? NULL
                       : images_load_config(pipeline->blobs, manifest, wanted ? error : NULL);
  if (manifest == NULL || (config == NULL && wanted))
    return NULL;
  g_autofree char *target =
      repository == NULL ? g_strdup(image->text) : g_strconcat(repository, "@", image->text, NULL);
  *created = config == NULL ? 0 : image_config_time(config);
  const Report report = {.target = target,
                         .digest = image->text,
                         .inventory = inventory,
                         .packages = inventory->packages->len,
                         .created = *created};
  const ReportStyle style = {.width = 0};
  /* The text is the caller's, and points to neither. */
  /* cppcheck-suppress returnDanglingLifetime */
  return writer->write(&report, &style);
}

/* --- keeping --- */

/* What it is kept beside. */
typedef struct {
  Pipeline *pipeline;
  const char *repository;
  Digest image;
  StoredManifest *stored;
} Beside;

static char *
manifest_of(const Beside *beside, Artifact *artifact)
{
  artifact->subject = artifact_descriptor(beside->stored->media_type, beside->image.text,
                                          g_bytes_get_size(beside->stored->bytes));
  char *text = artifact_manifest(artifact);
  g_clear_pointer(&artifact->subject, json_decref);
  return text;
}

static bool
put(const Beside *beside, Artifact *artifact, Slice document, Digest *digest, GError **error)
{
  Registry *registry = beside->pipeline->registry;
  Slice config = SLICE_LITERAL(ARTIFACT_EMPTY);
  Digest empty = digest_of(DIGEST_SHA256, config);
  g_autofree char *manifest = manifest_of(beside, artifact);
  g_autoptr(GBytes) bytes = g_bytes_new(manifest, strlen(manifest));
  g_auto(PushedManifest) pushed = {{{0}}, NULL, NULL};
  *digest = digest_of(DIGEST_SHA256, slice_from_bytes(bytes));
  if (!registry_blob_put(registry, beside->repository, &empty, config, error) ||
      !registry_blob_put(registry, beside->repository, &artifact->digest, document, error) ||
      !registry_manifest_put(registry, beside->repository, digest->text, NULL,
                             MEDIA_TYPE_OCI_MANIFEST, bytes, &pushed, error))
    return false;
  pipeline_manifest_arrived(beside->pipeline, beside->repository, digest, pushed.manifest);
  return true;
}

/* What holds it (an index, a tag that is immutable, a quarantine) keeps the older one, too. */
static bool
delete_older(const Beside *beside, const char *text, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (registry_manifest_delete(beside->pipeline->registry, beside->repository, text, &failure))
    return true;
  if (failure->domain != REGISTRY_ERROR) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  if (!g_error_matches(failure, REGISTRY_ERROR, REGISTRY_MANIFEST_UNKNOWN))
    log_info("an older bill of materials stays beside the newer one", "repository",
             beside->repository, "digest", text, "reason", failure->message, NULL);
  return true;
}

static bool
make(const Beside *beside, const ImageInventory *inventory, const ReportWriter *writer,
     Digest *digest, GError **error)
{
  Artifact artifact;
  int64_t created = 0;
  g_autofree char *text = pipeline_write_sbom(beside->pipeline, beside->repository, &beside->image,
                                              inventory, writer, &created, error);
  if (text == NULL)
    return false;
  Slice document = slice_from_string(text);
  sbom_artifact_init(&artifact, writer->media_type, document, created);
  bool stored = put(beside, &artifact, document, digest, error);
  sbom_artifact_clear(&artifact);
  metric_add(&kept_total, stored);
  return stored;
}

static bool
replace(const Beside *beside, const ImageSummary *summary, SbomFormat format,
        const KeptSbom *former, GError **error)
{
  Digest digest = {""};
  const char *name = sbom_format_names[format];
  g_autoptr(SharedItem) item = pipeline_image_inventory(beside->pipeline, &beside->image,
                                                        image_summary_weight(summary), error);
  const ImageInventory *inventory = item == NULL ? NULL : shared_item_value(item);
  if (inventory == NULL)
    return false;
  bool listed = unpacks(inventory);
  if (listed && !make(beside, inventory, report_writer_find(name), &digest, error))
    return false;
  if (former->referrer != NULL && strcmp(former->referrer, digest.text) != 0 &&
      !delete_older(beside, former->referrer, error))
    return false;
  const KeptSbom kept = {.format = (char *)(uintptr_t)name,
                         .detectors = summary->detectors,
                         .referrer = listed ? digest.text : NULL};
  return sboms_note(beside->pipeline->sql, beside->repository, beside->image.text, &kept, error);
}

bool
pipeline_find_sbom(Pipeline *pipeline, const char *repository, const Digest *image, char **digest,
                   GError **error)
{
  g_auto(KeptSbom) kept = {NULL};
  Found found = sboms_find(pipeline->sql, repository, image->text, &kept, error);
  *digest = found == FOUND ? g_steal_pointer(&kept.referrer) : NULL;
  return found != FAILED;
}

/* The image went, or is not scanned: then there is nothing to list. */
static bool
is_gone(GError **failure)
{
  bool gone = g_error_matches(*failure, REGISTRY_ERROR, REGISTRY_MANIFEST_UNKNOWN) ||
              g_error_matches(*failure, REGISTRY_ERROR, REGISTRY_NAME_UNKNOWN);
  if (gone)
    g_clear_error(failure);
  return gone;
}

bool
sboms_keep(Pipeline *pipeline, const char *repository, const char *manifest, SbomFormat format,
           GError **error)
{
  g_autoptr(GError) failure = NULL;
  Beside beside = {.pipeline = pipeline, .repository = repository};
  if (!digest_parse(manifest, &beside.image, error))
    return false;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(pipeline->registry, repository, manifest, &failure);
  if (stored == NULL && is_gone(&failure))
    return true;
  g_autoptr(ImageSummary) summary =
      stored == NULL ? NULL : pipeline_image_summary(pipeline, &beside.image, &failure);
  g_auto(KeptSbom) kept = {NULL};
  if (summary == NULL ||
      sboms_find(pipeline->sql, repository, manifest, &kept, &failure) == FAILED) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  bool current = kept.current && kept.detectors == summary->detectors &&
                 strcmp(kept.format, sbom_format_names[format]) == 0;
  if (summary->state != SCAN_DONE || current)
    return true;
  beside.stored = stored;
  return replace(&beside, summary, format, &kept, error);
}
