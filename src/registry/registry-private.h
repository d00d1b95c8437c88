/* What the files of the registry share. */
#pragma once

#include "registry/registry.h"

struct Registry {
  BlobStore *blobs;
  SqlPool *sql;
  ConfigLimits limits;
  /* Finishing an upload makes its file visible and then its row: a reader. Deleting a blob removes
   * the row and then the file: the writer. So a file is never removed between the two steps of a
   * push. */
  GRWLock blob_files;
  GMutex uploads_lock; /* guards `uploads` and each RegistryUpload.taken */
  GHashTable *uploads; /* id -> RegistryUpload: sessions whose hash is in memory */
  uint64_t generation; /* atomic */
};

/* Sets REGISTRY_ERROR; always false. */
bool registry_error_set(GError **error, RegistryErrorCode code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Counts a committed change. */
void registry_changed(Registry *registry);

/* REGISTRY_NAME_INVALID unless @repository follows the grammar. */
bool registry_check_name(const char *repository, GError **error);

/* REGISTRY_NAME_UNKNOWN unless the repository was ever pushed to. */
bool registry_check_known(SqlConnection *db, const char *repository, GError **error);

bool registry_add_repository(SqlConnection *db, const char *repository, GError **error);
bool registry_link_blob(SqlConnection *db, const char *repository, const Digest *digest,
                        GError **error);

/* True when a row comes back; *error tells a failure from none. */
bool registry_row_exists(SqlRows *rows, GError **error);
