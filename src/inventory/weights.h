/* What the entries of a layer weigh, by path: enough to tell, for a whole image, what a later layer
 * removes or replaces, and what the image could do without. A path is a hash of 40 bits, which is
 * some 8 bytes an entry; the folders above a path have theirs, so that whoever knows a path can ask
 * for it, and for all below a folder. The paths of a few entries are kept beside.
 *
 * Two paths of one hash make a figure wrong by one file, or a gap of integrity that is none. Pure.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* What an image can do without, by where a file is, or by the package that owns it. */
typedef enum {
  WEIGHT_OTHER,
  WEIGHT_CACHE,         /* of package managers */
  WEIGHT_TEMPORARY,     /* temporary files and logs */
  WEIGHT_DOCUMENTATION, /* without licences, which must be shipped */
  WEIGHT_LOCALE,
  WEIGHT_BUILD, /* compilers and build tools, headers, static libraries */
  WEIGHT_MANAGER,
  WEIGHT_SHELL,
  WEIGHT_TOOL, /* to fetch, connect and debug with */
  WEIGHT_KINDS,
} WeightKind;
/* By kind; NULL-ended: "package-cache". */
extern const char *const weight_kind_names[];

typedef enum {
  WEIGHS_FILE,
  WEIGHS_HARDLINK,
  WEIGHS_NOTHING, /* a symbolic link, a device */
  WEIGHS_REMOVED, /* a whiteout: of what lower layers have at the path and below */
  WEIGHS_OPAQUE,  /* of what they have below it */
} WeightType;

typedef struct {
  uint64_t hash;   /* weight_hash() of its path */
  uint64_t size;   /* of a file; of a hard link the index of its file and 1; 0: not in the layer */
  uint32_t folder; /* index of the folder that it is in */
  uint8_t kind, type;
  bool set_id; /* a file, setuid or setgid, which can be run */
  bool linked; /* a file that has a hard link which is not among the entries */
} Weight;

/* What is in a file: equal files have equal hashes. */
typedef struct {
  uint32_t entry; /* its index */
  uint64_t hash;  /* of 40 bits, not 0 */
} WeightContent;

typedef struct {
  uint64_t hash;
  uint32_t parent; /* index of one before it; of the first, the root, 0 */
} WeightFolder;

typedef struct {
  uint64_t files, bytes;
} WeightSum;

typedef struct {
  GArray *folders;              /* WeightFolder; the first is the root */
  GArray *entries;              /* Weight, in the tar's order */
  GArray *contents;             /* WeightContent, of some files, by rising index */
  WeightSum rest[WEIGHT_KINDS]; /* files that are not among the entries */
  bool left_out; /* there is more, files or links or what removes, than the entries have */
} Weights;

/* Entries that are kept, in the order of the tar; and beyond these such as are large or take
 * something away. */
#define WEIGHT_ENTRIES_MAX       60000u
#define WEIGHT_ENTRIES_LARGE_MAX 80000u
#define WEIGHT_LARGE             ((uint64_t)64 * 1024)
#define WEIGHT_FOLDERS_MAX       40000u
/* Bytes, and files, of a whole layer, a million gigabytes: what says more is no weights. Sums over
 * all layers of an image do not wrap around so. */
#define WEIGHT_SUM_MAX ((uint64_t)1 << 50)

/* With the root. (transfer full) */
Weights *weights_new(void);
void weights_free(Weights *weights);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Weights, weights_free)

/* Of the first @size bytes of a normalised path; "" is the root. */
uint64_t weight_hash(const char *path, size_t size);
uint64_t weight_hash_of(const char *path);
/* A hash as a key of tables that hash and compare pointers. */
static inline void *
weight_key(uint64_t hash)
{
  return GSIZE_TO_POINTER((gsize)hash);
}
/* Of a checksum, for WeightContent; 0 of 0. */
uint64_t weight_content_hash(uint64_t checksum);

/* As text: base64. (transfer full) */
char *weights_to_text(const Weights *weights);
/* NULL: it is no such text, or its sums are more than any layer has. (transfer full) */
Weights *weights_from_text(const char *text);
