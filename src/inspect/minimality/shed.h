/* What an image could shed: the weights of its layers laid over each other. Pure.
 *
 * A path is there until an upper layer has something else at it, or removes it or a folder that it
 * is in; by the paths that layers write, as finds.h has it. What is hidden so is in the image all
 * the same. */
#pragma once

#include "inventory/image.h"
#include "inventory/weights.h"
#include "oci/image_config.h"

typedef enum {
  SHED_REMOVED,  /* a later layer removes the file: its bytes are shipped, and never seen */
  SHED_REPLACED, /* a later layer has another file of its path, or the same one has */
  SHED_CACHE,    /* from here on as WeightKind, of what is there in the end */
  SHED_TEMPORARY,
  SHED_DOCUMENTATION,
  SHED_LOCALE, /* of languages that the image does not set */
  SHED_BUILD,
  SHED_DUPLICATE, /* there is another file of the same content, which came first */
  SHED_MANAGER,
  SHED_SHELL,
  SHED_TOOL,
  SHED_SET_ID, /* beside its other kind */
  SHED_KINDS,
} ShedKind;
extern const char *const shed_kind_names[];
/* Whether its bytes count in sums of what could go: not those of files that may have another kind,
 * or are only an offer to an attacker. */
bool shed_kind_counts(ShedKind kind);

typedef struct {
  Digest digest; /* of the packed bytes, or empty */
  uint64_t packed_bytes;
  WeightSum files;            /* all regular files of its tar */
  WeightSum sums[SHED_KINDS]; /* of these */
  char *command;              /* of the history that made it; NULL: not known */
  bool known;                 /* false: nothing is known of its files */
  bool in_part;               /* it has more files than are kept by their paths */
} ShedLayer;

typedef struct {
  ShedKind kind;
  char *path;
  uint64_t bytes;
  unsigned layer; /* from the bottom, 1 */
  unsigned by;    /* the layer that hides it; 0: none */
  char *same_as;  /* of a DUPLICATE: the path of the other; NULL: it is not kept */
} ShedFile;

typedef struct {
  const Package *package;
  unsigned layer; /* from the bottom, 1 */
} ShedPackage;

typedef struct {
  GArray *layers;   /* ShedLayer, bottom first */
  GPtrArray *files; /* ShedFile: by kind, the largest first. Programs and set-id files all, up to
                       LAYER_NAMED_MAX a layer; others as far as they are large */
  GArray *packages; /* ShedPackage: build tools, the largest first */
  WeightSum sums[SHED_KINDS];
  uint64_t bytes; /* that could go: of the kinds that count */
  bool at_least;  /* of some layers not all is known: there may be more */
} Shed;

/* @config: or NULL: it is not known, and no language is set. @image must outlive it. (transfer
 * full)
 */
Shed *shed_of_image(const ImageInventory *image, const ImageConfig *config);
void shed_free(Shed *shed);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shed, shed_free)
