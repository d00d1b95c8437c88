/* Where dpkg puts the files of packages aside: /var/lib/dpkg/diversions, three lines each: the
 * path, where its package's file is instead, and the package that has the path, or ":". What is at
 * the path is meant to be another's. */
#include "inspect/integrity/integrity.h"

static void
read_diversions(Slice bytes, const char *location, LayerInventory *into)
{
  Slice path, aside, package;
  while (slice_next_line(&bytes, &path) && slice_next_line(&bytes, &aside) &&
         slice_next_line(&bytes, &package)) {
    g_autofree char *text = slice_to_utf8(slice_sub(path, 1, SIZE_MAX));
    const Observation fact = {
        .kind = OBSERVED_FACT, .rule = INTEGRITY_DIVERSION, .path = location, .shown = text};
    if (path.size > 1 && integrity_looks_at(text))
      layer_inventory_add_observation(into, &fact);
  }
}

const Detector dpkg_diversions_detector = {
    .name = "dpkg-diversions",
    .version = 1,
    .places = (const char *const[]){"var/lib/dpkg/diversions", NULL},
    .observes = true,
    .read = read_diversions,
};
