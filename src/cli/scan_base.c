/* A base is known by its layers as they unpack; see the header. */
#include "cli/scan_base.h"

#include <string.h>

#include "base/error.h"
#include "oci/chain_id.h"

/* Whether the layers of @base are the first of those of @image. */
static bool
begins_with(const ImageConfig *image, const ImageConfig *base)
{
  if (base->diff_ids->len == 0 || base->diff_ids->len > image->diff_ids->len)
    return false;
  for (guint i = 0; i < base->diff_ids->len; i++)
    if (!digest_equal(g_ptr_array_index(base->diff_ids, i), g_ptr_array_index(image->diff_ids, i)))
      return false;
  return true;
}

ReportBase *
scan_base_open(const ScanSetup *setup, const char *target, const ImageSource *image, GError **error)
{
  g_autoptr(ImageSource) source = scan_setup_source(setup, target, error);
  if (source == NULL)
    return NULL;
  const ImageConfig *config = image_source_config(image), *of_base = image_source_config(source);
  if (config == NULL || of_base == NULL || !begins_with(config, of_base)) {
    error_set(error, ASSAY_ERROR_INVALID,
              "--base: %s is not what %s was built on: its layers are not the first of that image",
              image_source_target(source), image_source_target(image));
    return NULL;
  }
  if (image_source_layer_digest(image, 0) == NULL) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "--base: the layers of %s have no digests, by which findings name theirs; copy it "
              "with skopeo to oci:FOLDER, and scan that",
              image_source_target(image));
    return NULL;
  }
  ReportBase *base = g_new0(ReportBase, 1);
  const Digest *digest = image_source_manifest_digest(source);
  base->repository = g_strdup(image_source_target(source));
  base->digest = digest == NULL ? NULL : g_strdup(digest->text);
  base->layers = of_base->diff_ids->len;
  base->platform = image_config_platform(of_base);
  base->findings = g_new0(ReportOrigins, 1);
  return base;
}

/* A layer that the image has again above the base is its own. */
static bool
is_of_base(const ReportBase *base, const ImageSource *image, const char *layer)
{
  bool found = false;
  for (unsigned i = 0; layer != NULL && i < image_source_layer_count(image); i++) {
    const Digest *digest = image_source_layer_digest(image, i);
    if (digest != NULL && strcmp(digest->text, layer) == 0)
      found = i < base->layers;
  }
  return found;
}

void
scan_base_mark(ReportBase *base, const ImageSource *image, const GPtrArray *findings)
{
  for (guint i = 0; i < findings->len; i++) {
    Finding *finding = g_ptr_array_index(findings, i);
    bool of_base = is_of_base(base, image, finding->layer);
    g_free(finding->origin);
    finding->origin = g_strdup(of_base ? "base" : "own");
    if (of_base)
      base->findings->of_base++;
    else
      base->findings->own++;
  }
}
