/* What inspection found in a layer, and the overlay of layers into what an image holds. A
 * LayerInventory is made by the worker, travels and is stored as JSON (inventory_to_json() is the
 * format; DETECTOR_VERSION changes when its meaning does), and is never made again for the same
 * layer and version. Parsing the JSON treats it as hostile: the worker that wrote it read hostile
 * bytes. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "inventory/os_release.h"
#include "oci/digest.h"

#define DETECTOR_VERSION 6

/* One installed package. */
typedef struct {
  char *type; /* purl type: "deb", "apk", "rpm" */
  char *name;
  char *version;        /* complete, with epoch, as the distribution's tools print it */
  char *architecture;   /* or NULL */
  char *source_name;    /* never NULL: the package's own name when it names no source */
  char *source_version; /* never NULL, likewise */
  char *module;         /* rpm modularity label "name:stream:...", or NULL */
  char *vendor;   /* who made this build: dpkg's and apk's maintainer, rpm's Vendor; or NULL */
  char *location; /* the database it stands in: "var/lib/dpkg/status" */
  char *files;    /* paths that it owns, each with a LF behind it, where they stand beside the
                     package itself (apk, rpm); or NULL */
} Package;

void package_free(Package *package);

/* Something about the layer itself that a person should know; never fatal. */
typedef struct {
  char *kind; /* "path-escape", "device-node", "setuid", "symlink-loop", "broken-database",
                 "linked-database" */
  char *path;
  char *detail; /* one sentence */
} LayerNote;

typedef struct {
  Digest layer;   /* of the packed bytes; empty text when unknown (rootfs:) */
  Digest diff_id; /* of the unpacked bytes, computed */
  uint64_t packed_bytes, unpacked_bytes, entries;
  GPtrArray *packages;  /* Package */
  GPtrArray *releases;  /* OsRelease, each of another location */
  GPtrArray *locations; /* char *: what detectors read in this layer, each whole */
  GPtrArray *removed;   /* char *: paths that whiteouts remove, or that something else took the
                           place of; "dir/" with a slash: opaque folder. Only those that can matter
                           to a location or an os-release. */
  GPtrArray *unread; /* char *: package databases, or links in their places, of which packages are
                        missing here: what is broken, or leads out of the layer */
  GPtrArray *notes;  /* LayerNote; at most 1000, then one that says so */
  size_t file_bytes; /* spent of LAYER_FILE_BYTES_MAX */
  bool overfull;     /* it has more packages than are kept */
} LayerInventory;

LayerInventory *layer_inventory_new(void);
void layer_inventory_free(LayerInventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerInventory, layer_inventory_free)

/* More than any system that people build has. */
#define LAYER_PACKAGES_MAX  30000
#define LAYER_LOCATIONS_MAX 30000
#define LAYER_REMOVED_MAX   30000
#define LAYER_UNREAD_MAX    1000 /* more are not remembered */
/* The package whose list would pass it, and those behind it, have none. */
#define LAYER_FILE_BYTES_MAX ((size_t)4 * 1024 * 1024)
/* Takes @package over; its source defaults to itself. One whose name or version no system could
 * have (empty, not printable, longer than 1 KiB) leaves its database unread; one too many,
 * `overfull`. */
void layer_inventory_add_package(LayerInventory *inventory, Package *package);

/* Packages of the database at @path are missing: a note of @kind says why. */
void layer_inventory_add_unread(LayerInventory *inventory, const char *kind, const char *path,
                                const char *detail);

#define LAYER_NOTES_MAX 1000
/* Copies, made printable. Behind the last that fits stands one that says there are more. */
void layer_inventory_add_note(LayerInventory *inventory, const char *kind, const char *path,
                              const char *detail);

json_t *layer_inventory_to_json(const LayerInventory *inventory);
LayerInventory *layer_inventory_from_json(const json_t *json, GError **error);

/* Of the inventories of all layers of one image: a manifest may name thousands of layers, and one
 * of them often. Eighty layers that each list 2000 packages stay below. */
#define IMAGE_INVENTORY_BYTES_MAX ((size_t)64 * 1024 * 1024)
/* Drops the lists of files, which no image needs, and adds to *@used what @layer takes of memory:
 * past the maximum, ASSAY_ERROR_LIMIT. */
bool image_inventory_admit(LayerInventory *layer, size_t *used, GError **error);

/* A package of an image, with the layer that brought this version of it. */
typedef struct {
  const Package *package;
  unsigned layer; /* index from the bottom, 0 */
} ImagePackage;

typedef struct {
  OsRelease *os;     /* NULL: no distribution was found */
  GArray *packages;  /* ImagePackage, sorted by type, name, version */
  GPtrArray *unread; /* const char *: what of the layers' `unread` is still there, sorted */
  GPtrArray *layers; /* LayerInventory, bottom first; keeps alive what the others point into */
} ImageInventory;

/* Overlays @layers (bottom first): whiteouts and opaque folders drop what is below; a database that
 * stands again in an upper layer replaces the lower one's packages; a package that the upper one
 * lists unchanged keeps the lower layer as its origin. Takes over the reference. (transfer full) */
ImageInventory *image_inventory_new(GPtrArray *layers);
void image_inventory_free(ImageInventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageInventory, image_inventory_free)
