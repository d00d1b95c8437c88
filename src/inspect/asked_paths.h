/* Which paths matter to an image's inventory: the places of detectors, and every path that some
 * link makes another name of one. A layer is read for these alone, and says of each what it does
 * there (inventory.h, LayerChange).
 *
 * The idea: a tree of names whose nodes can be joined. A link "x -> var/lib/dpkg" makes "x" and
 * "var/lib/dpkg" one node, so that "x/status" is asked for as well: as the place to which the link
 * leads, and as the name under which something may be written to it. When and in which layer the
 * link is there does not matter here: whatever an unpacker may make of the links, it lands within
 * the asked paths. More than necessary is asked for, never less. Pure; not for several threads. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct AskedPaths AskedPaths;

/* The places of all detectors, with the links that distributions have joined already (/lib,
 * /var/lib/rpm, /etc/os-release): those make nothing grow. (transfer full) */
AskedPaths *asked_paths_new(void);
void asked_paths_free(AskedPaths *paths);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AskedPaths, asked_paths_free)

typedef struct {
  bool asked;        /* the path itself: it is a place, or a folder above one */
  bool is_folder;    /* something below the path is asked for */
  size_t folder;     /* so many bytes of the path are the longest asked folder that it is below */
  uint64_t readings; /* what a file at the path is read by: a set of fixed_places_reading() */
} AskedLook;

/* @path: normalised, as LayerEntry has it; "" is the root. A few hash look-ups. */
AskedLook asked_paths_look(const AskedPaths *paths, const char *path);

typedef enum {
  ASKED_SAME,
  ASKED_TURNED, /* nothing more, but what links with ".." in them mean may be another */
  ASKED_MORE,   /* more is asked for than before */
} AskedGrowth;

/* Adds what a symbolic link at @path means, if it leads to or from anything asked for. Links added
 * later may make it matter: add all until each is ASKED_SAME. */
AskedGrowth asked_paths_add_symlink(AskedPaths *paths, const char *path, const char *target);
/* A hard link: @target is asked for as @path is. When that is a symbolic link, @path is one as
 * well, to what its text means there: add that, too. */
AskedGrowth asked_paths_add_hardlink(AskedPaths *paths, const char *path, const char *target);

/* There are more links than are followed: from then on nothing grows. */
bool asked_paths_overflowed(const AskedPaths *paths);
