/* What the two halves of rootfs: share: the files at fixed places (rootfs.c), and those that
 * detectors want anywhere (rootfs_walk.c), each into one tar. */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <linux/openat2.h>

#include "source/source-private.h"

/* As if a path were in a chroot. */
#define INSIDE (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

typedef struct {
  const char *root_path;
  int root;
  const InspectionLimits *limits;
  uint64_t bytes; /* of the files at fixed places so far, which the worker holds */
  uint64_t all_bytes;
  struct archive *tar;
  GHashTable *taken; /* texts of rootfs_take() */
  Cancellable *cancellable;
} RootReader;

/* Writes the head of an entry, which @size bytes follow for AE_IFREG. */
bool rootfs_begin_entry(const RootReader *reader, const char *path, unsigned type, unsigned mode,
                        uint64_t size, GError **error);
/* @fd: from where it stands. */
bool rootfs_copy_content(const RootReader *reader, int fd, const char *path, uint64_t size,
                         GError **error);
/* A symbolic link to @target, a path from the root on. */
bool rootfs_add_link(const RootReader *reader, const char *path, const char *target,
                     GError **error);
/* A file is read once, whatever links lead to it, for each @reason. False: it was already. */
bool rootfs_take(RootReader *reader, const struct stat *status, const char *reason);

/* Adds what detectors want wherever it is, of all that is below the root. */
bool rootfs_walk(RootReader *reader, GError **error);
