/* What is known of an image's packages: worked out when it is asked for, and for a large image once
 * for all who ask at the same time. */
#include <string.h>

#include "base/error.h"
#include "base/metrics.h"
#include "inventory/image.h"
#include "pipeline/pipeline-private.h"
#include "verdict/completeness.h"

/* Up to so much an image costs too little to make anybody wait for another. */
#define LIGHT_WEIGHT 1000u

METRIC(large_images, COUNTER_OF("assay_large_images_total",
                                "Times that packages or findings of a large image were worked out, "
                                "and that those of another request did.",
                                "of", "by"));

typedef void *(*Work)(Pipeline *pipeline, const Digest *manifest, GError **error);

ImageInventory *
findings_load_layers(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  g_autoptr(Manifest) parsed = images_load_manifest(pipeline->sql, manifest->text, error);
  if (parsed == NULL)
    return NULL;
  g_autoptr(ImageSummary) summary = pipeline_image_summary(pipeline, manifest, error);
  if (summary == NULL)
    return NULL;
  LayerLooks looks = {
      .pipeline = pipeline, .image = manifest, .manifest = parsed, .detectors = summary->detectors};
  ImageInventory *inventory = looks_load_layers(&looks, error);
  /* It went with a layer that has come back since: only a scan makes it again. */
  if (inventory == NULL && looks.missing)
    pipeline_take_up_image(pipeline, manifest->text, false);
  return inventory;
}

static void *
load_layers(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  return findings_load_layers(pipeline, manifest, error);
}

/* Its packages, distribution and gaps: of the rows, where there are some. */
static ImageInventory *
load_rows(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  ImageInventory *inventory = NULL;
  if (!packages_load(pipeline->sql, manifest->text, &inventory, error))
    return NULL;
  return inventory != NULL ? inventory : findings_load_layers(pipeline, manifest, error);
}

static bool
set_none(Pipeline *pipeline, GError **error)
{
  g_autofree char *why = pipeline_describe_advisories(pipeline);
  bool yet = g_str_has_prefix(why, "none yet");
  return error_set(error, ASSAY_ERROR_NOT_FOUND, "there are no advisories%s%s", yet ? "" : ": ",
                   yet ? why + strlen("none") : why);
}

bool
findings_check_advisories(Pipeline *pipeline, GError **error)
{
  return pipeline_has_advisories(pipeline) || set_none(pipeline, error);
}

/* By other advisories, or none, where those that are open turn out to be damaged. */
MatchResult *
pipeline_match(Pipeline *pipeline, const ImageInventory *inventory, GError **error)
{
  for (;;) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
    if (advisories == NULL) {
      set_none(pipeline, error);
      return NULL;
    }
    g_autoptr(MatchResult) result = match_image(advisories, inventory, &failure);
    if (advisories_lost(pipeline, advisories, &failure))
      continue;
    if (failure != NULL)
      g_propagate_error(error, g_steal_pointer(&failure));
    return g_steal_pointer(&result);
  }
}

static void *
match_now(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  g_autoptr(ImageInventory) inventory = load_rows(pipeline, manifest, error);
  if (inventory == NULL)
    return NULL;
  /* What has no packages needs no advisories. */
  return inventory->packages->len == 0 && inventory->observations->len > 0 &&
                 !pipeline_has_advisories(pipeline)
             ? match_observed(inventory)
             : pipeline_match(pipeline, inventory, error);
}

static SharedItem *
wrap(void *value, GDestroyNotify free_value)
{
  return value == NULL ? NULL : shared_item_new(value, free_value);
}

static void
count(const char *what, const char *by)
{
  series_add(metric_series(&large_images, what, by, NULL), 1);
}

/* @weight: image_summary_weight(). */
static SharedItem *
work_once(Pipeline *pipeline, const char *what, const Digest *manifest, unsigned weight, Work work,
          GDestroyNotify free_value, GError **error)
{
  /* Before it is worked out: what changes meanwhile makes it old. */
  uint64_t judgement = __atomic_load_n(&pipeline->judgement, __ATOMIC_ACQUIRE);
  if (weight <= LIGHT_WEIGHT)
    return wrap(work(pipeline, manifest, error), free_value);
  g_autofree char *key = g_strdup_printf("%s of %s", what, manifest->text);
  SharedItem *item = NULL;
  switch (share_begin(pipeline->share, key, judgement, &item)) {
  case SHARE_READY:
    count(what, "sharing");
    return item;
  case SHARE_LATER:
    error_set(error, ASSAY_ERROR_BUSY, "the %s of large images are being worked out; ask again",
              what);
    return NULL;
  case SHARE_MINE:
    count(what, "work");
    break;
  }
  item = wrap(work(pipeline, manifest, error), free_value);
  share_end(pipeline->share, key, item, weight);
  pipeline_tell(pipeline);
  return item;
}

SharedItem *
pipeline_image_inventory(Pipeline *pipeline, const Digest *manifest, unsigned weight,
                         GError **error)
{
  return work_once(pipeline, "packages", manifest, weight, load_layers,
                   (GDestroyNotify)image_inventory_free, error);
}

SharedItem *
pipeline_image_findings(Pipeline *pipeline, const Digest *manifest, unsigned weight, GError **error)
{
  return work_once(pipeline, "findings", manifest, weight, match_now,
                   (GDestroyNotify)match_result_free, error);
}

MatchResult *
pipeline_image_observed(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  g_autoptr(ImageInventory) inventory = load_rows(pipeline, manifest, error);
  return inventory == NULL ? NULL : match_observed(inventory);
}

GPtrArray *
findings_gaps(Pipeline *pipeline, const Digest *manifest, GError **error)
{
  g_autoptr(ImageInventory) inventory = load_rows(pipeline, manifest, error);
  return inventory == NULL ? NULL : completeness_gaps(inventory, NULL);
}

bool
pipeline_statements_image(Pipeline *pipeline, const PolicySet *policy, const char *repository,
                          const Digest *manifest, ImageInventory **packages, VexImage *image,
                          GError **error)
{
  *image = (VexImage){.digest = manifest->text};
  if (!policy_set_has_statements(policy, repository))
    return true;
  *packages = load_rows(pipeline, manifest, error);
  if (*packages == NULL)
    return false;
  image->os = (*packages)->os;
  image->inventory = *packages;
  return true;
}

void
pipeline_tidy(Pipeline *pipeline)
{
  share_tidy(pipeline->share);
  early_layers_tidy(pipeline);
  policy_tell_endings(pipeline);
}
