/* The layers of a target, with the cache of this user, and what they have to say; see the header.
 */
#include "cli/scan_layers.h"

#include <string.h>

#include "base/fd.h"
#include "cli/source_options.h"
#include "source/layer_cache.h"
#include "source/layers.h"

/* More of them would hide what is asked for. */
#define LAYER_NOTES_SHOWN 20

ImageInventory *
scan_layers(ImageSource *source, const ScanLayersOptions *options, GError **error)
{
  g_autofree char *path = g_build_filename(g_get_user_cache_dir(), "assay", "inventories", NULL);
  auto_fd int cache = options->no_cache ? -1 : layer_cache_open(path);
  layer_cache_set_secret_key(cache);
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

/* A setuid program is everyday. */
GPtrArray *
scan_layer_notes(const ImageInventory *inventory)
{
  GPtrArray *notes = g_ptr_array_new_with_free_func(g_free);
  unsigned shown = 0;
  for (guint i = 0; i < inventory->layers->len; i++) {
    const LayerInventory *layer = g_ptr_array_index(inventory->layers, i);
    for (guint j = 0; j < layer->notes->len; j++) {
      const LayerNote *note = g_ptr_array_index(layer->notes, j);
      if (strcmp(note->kind, "setuid") == 0 || shown++ >= LAYER_NOTES_SHOWN)
        continue;
      g_ptr_array_add(notes, g_strdup_printf("layer %u: %s: %s: %s", i + 1, note->kind, note->path,
                                             note->detail));
    }
  }
  if (shown > LAYER_NOTES_SHOWN)
    g_ptr_array_add(notes,
                    g_strdup_printf("%u more notes on the layers", shown - LAYER_NOTES_SHOWN));
  return notes;
}
