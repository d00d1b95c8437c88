/* What an image holds: the packages that the package managers of its unpacked layers list, and the
 * distribution. inspect/overlay.h makes it of the layers' inventories. */
#pragma once

#include <glib.h>

#include "inventory/layer.h"

/* A package of an image, with the layer that brought this version of it. */
typedef struct {
  const Package *package;
  unsigned layer;       /* index from the bottom, 0 */
  bool by_owner;        /* of what a scan stored: the distribution looks after it by its owner */
  const Package *owner; /* of an application: the distribution's package that owns its files, in
                           this image; or NULL */
} ImagePackage;
/* For g_array_sort(): by all that matching looks at; those that are the same, what is installed
 * before what is declared, what is used before what is for development alone, what nobody owns
 * before what the distribution looks after, and then in the order of their layers and of the files'
 * names. */
int image_package_compare(gconstpointer a, gconstpointer b);
/* Whether no distribution installed it: its type is none of a distribution's packages. */
bool package_is_of_application(const Package *package);

typedef struct {
  OsRelease *os;     /* NULL: no distribution was found */
  GArray *packages;  /* ImagePackage, sorted by all that matching looks at; each once */
  GArray *doubles;   /* ImagePackage, likewise: the other places of what is at several; of what a
                        scan stored, the first of them */
  GPtrArray *united; /* Package: those of several places that differ in what is linked; or NULL */
  guint left_out;    /* packages that image_inventory_drop_development() took out */
  GPtrArray *unread; /* char *: what counts as unscanned, and why; sorted */
  GPtrArray *observations; /* ImageObservation */
  GPtrArray *commands;     /* char *: what the history says made each layer, without its secrets, ""
                              where     that is not known; empty: it does not tell, or nobody asked */
  GPtrArray *layers; /* LayerInventory, bottom first; keeps alive what the others point into */
  GPtrArray *gaps;   /* char *: of what a scan stored, what completeness_gaps() said then of all but
                        the advisories; `unread` is empty, and the layers have only their digests and
                        packages. NULL: it was made of the layers, which tell */
} ImageInventory;

/* Takes out the packages that lock files alone name, for development. Returns how many. */
guint image_inventory_drop_development(ImageInventory *inventory);

/* What is linked of @package (Package.symbols) is from here on what is of it or of the same at
 * another place, whose are @symbols, or NULL. */
void image_package_unite(ImageInventory *inventory, ImagePackage *package, const char *symbols);

/* The other files that show what @package is. (transfer container): const char *, in the order of
 * their layers; NULL: there are none. */
GPtrArray *image_package_places(const ImageInventory *inventory, const ImagePackage *package);

/* The command that made a layer, by `commands`; NULL: not known. (transfer none) */
const char *image_inventory_command(const ImageInventory *inventory, unsigned layer);

/* Without anything yet. (transfer full) */
ImageInventory *image_inventory_empty(void);
void image_inventory_free(ImageInventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageInventory, image_inventory_free)
