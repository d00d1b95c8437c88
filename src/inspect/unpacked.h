/* The tree that an unpacker makes of the layers of an image, as far as the layers' changes show
 * it: names, folders, links, and of files which layer's entry they are. The unpackers that people
 * use agree on ordinary layers, and each has rules of its own for odd ones; here is one of each
 * kind, written after their code and compared with what they do.
 *
 * Hostile: changes are what a worker says that read hostile bytes. The work is bounded. Pure. */
#pragma once

#include <stdbool.h>

#include "inventory/layer.h"

typedef enum {
  /* Each layer into a folder of its own, laid over each other by the kernel's overlayfs: docker
   * (overlay2), podman, CRI-O, containerd. */
  UNPACKER_OVERLAY,
  /* One layer after another into one folder; a whiteout leaves what its own layer brought. */
  UNPACKER_UMOCI,
  /* The same, where a whiteout removes that too: docker's and podman's vfs, containerd's native and
   * btrfs. */
  UNPACKER_IN_PLACE,
} Unpacker;
#define UNPACKERS 3u

/* The bytes of a file: those of the entry `change` of a layer. */
typedef struct UnpackedFile UnpackedFile;
struct UnpackedFile {
  unsigned layer, change;
  const UnpackedFile *former; /* the file of a lower layer that it took the place of, or NULL */
};

typedef struct UnpackedTree UnpackedTree;

/* @layers: LayerInventory, bottom first; must live as long. (transfer full) */
UnpackedTree *unpacked_tree_new(const GPtrArray *layers, Unpacker unpacker);
void unpacked_tree_free(UnpackedTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(UnpackedTree, unpacked_tree_free)

/* Why this unpacker would give up, or what nobody can say of it: "PATH (layer 2 has ...)"; then the
 * tree is not to be relied on. NULL: nothing. */
const char *unpacked_tree_trouble(const UnpackedTree *tree);

typedef enum {
  UNPACKED_NOTHING, /* neither a file nor a folder, or a link to that */
  UNPACKED_FILE,
  UNPACKED_FOLDER,
  UNPACKED_LOOP,  /* links lead around, or are more than the kernel follows */
  UNPACKED_LINK,  /* of unpacked_tree_look() alone, as the next */
  UNPACKED_OTHER, /* a device, a FIFO */
} UnpackedKind;

/* What opening @path gives, in the tree as root. *file: of a FILE, else NULL. */
UnpackedKind unpacked_tree_open(UnpackedTree *tree, const char *path, const UnpackedFile **file);
/* What is at @path itself, where links on the way are followed and one at its end is not. */
typedef struct {
  UnpackedKind kind;
  unsigned layer;           /* that brought it */
  const UnpackedFile *file; /* of a FILE, else NULL */
  const char *target;       /* of a LINK, else NULL */
  const void *node;         /* the same for all paths of one place; NULL: there is nothing */
} UnpackedPlace;
UnpackedPlace unpacked_tree_look(UnpackedTree *tree, const char *path);
/* What @path is when links on the way are followed, whether the tree has it or not; NULL: links
 * lead around. (transfer full) */
char *unpacked_tree_resolve(UnpackedTree *tree, const char *path);

/* Whether @path itself is a link. */
bool unpacked_tree_is_link(UnpackedTree *tree, const char *path);
/* Whether @path itself is a link that leads to nothing. */
bool unpacked_tree_is_dangling(UnpackedTree *tree, const char *path);

/* The names in the folder @path, sorted; empty when it is none. (transfer full): char * */
GPtrArray *unpacked_tree_list(UnpackedTree *tree, const char *path);
