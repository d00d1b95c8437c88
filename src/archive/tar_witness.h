/* A second reader of tar headers, by the rules of Go's archive/tar, by which docker, podman,
 * containerd and umoci unpack. libarchive is more lenient, and resolves doubtful headers in another
 * way: a package database could be in what is unpacked and not in what was inspected.
 * LayerReader asks this one whether it read the same entry, and refuses the layer where it did not.
 *
 * It gets the bytes of the tar in any pieces, and keeps what a header and its extensions take (1
 * MiB at most). Pure: no log, no global state. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

typedef enum {
  TAR_SEEN_FILE, /* and whatever has content and no other kind */
  TAR_SEEN_FOLDER,
  TAR_SEEN_SYMLINK,
  TAR_SEEN_HARDLINK,
  TAR_SEEN_DEVICE,
  TAR_SEEN_PIPE,
} TarSeenKind;

typedef struct {
  TarSeenKind kind;
  char *name, *target; /* as written, not UTF-8; of all but links the target says nothing */
  uint64_t size;       /* of a file: with the holes of a sparse one */
} TarSeen;

void tar_seen_free(TarSeen *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TarSeen, tar_seen_free)

typedef struct TarWitness TarWitness;

/* (transfer full) */
TarWitness *tar_witness_new(void);
void tar_witness_free(TarWitness *witness);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TarWitness, tar_witness_free)

void tar_witness_feed(TarWitness *witness, Slice bytes);

/* The next entry of those whose headers were fed, or NULL: there is none. (transfer full) */
TarSeen *tar_witness_take(TarWitness *witness);

/* Whether the first block, whole or not, has the checksum of a header: what libarchive takes for no
 * tar at all may be one for others. */
bool tar_witness_has_begun(const TarWitness *witness);

/* What makes it read no further, behind the entries that can be taken, or NULL. (transfer none) */
const char *tar_witness_trouble(const TarWitness *witness);
