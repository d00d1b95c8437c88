/* What the files of the blob store share. */
#pragma once

#include <dirent.h>

#include "storage/blobs.h"

#define HASH_CHUNK ((size_t)256 * 1024)

struct BlobStore {
  int data_fd;
  int blobs_fd;
  int uploads_fd;
  bool durable;
  bool reserve_given; /* atomic: the room that is left is for deletions */
  bool weak_sync;     /* syncing the whole file system proves nothing there */
  GHashTable *lent;   /* text of a digest -> GBytes; NULL: none, see blob_store_lend() */
};

/* "sha256/ab" and "sha256/ab/<hex>" of a digest. */
typedef struct {
  char folder[16];
  char path[160];
} BlobPath;
BlobPath blob_path(const Digest *digest);
/* Makes the folder where it is missing. -1 on error. */
int blob_open_folder(int parent, const char *name, GError **error);
/* Of @path in @parent; NULL on error. For closedir(). */
DIR *blob_list_folder(int parent, const char *path);
