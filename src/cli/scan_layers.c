/* The layers of a target, with the cache of this user; see the header. */
#include "cli/scan_layers.h"

#include "base/fd.h"
#include "cli/source_options.h"
#include "source/layer_cache.h"
#include "source/layers.h"

ImageInventory *
scan_layers(ImageSource *source, const ScanLayersOptions *options, GError **error)
{
  g_autofree char *path = g_build_filename(g_get_user_cache_dir(), "assay", "inventories", NULL);
  auto_fd int cache = options->no_cache ? -1 : layer_cache_open(path);
  const SourceLayersOptions how = {
      .cache = cache, .limits = options->limits, .progress = options->progress};
  return source_layers(source, &how, error);
}

ImageInventory *
scan_layers_of(const char *target, const Config *config, const ScanLayersOptions *options,
               ImageSource **source, GError **error)
{
  ScanLayersOptions how = *options;
  g_autoptr(ImageSource) opened = source_options_open(target, config, how.progress, error);
  if (opened == NULL)
    return NULL;
  how.limits = &config->limits.inspection;
  ImageInventory *inventory = scan_layers(opened, &how, error);
  if (inventory != NULL)
    *source = g_steal_pointer(&opened);
  return inventory;
}
