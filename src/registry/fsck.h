/* Comparing what the metadata says with what lies on the disk, and the manifests' rows with their
 * text, while nobody else has the data folder open. What collection goes by (manifest_references)
 * is checked here against the manifests themselves. */
#pragma once

#include "registry/registry.h"

typedef enum {
  FSCK_MISSING_BLOB,      /* a row whose file is not there */
  FSCK_DAMAGED_BLOB,      /* a file of another size than its row says, or of other bytes */
  FSCK_UNKNOWN_FILE,      /* a file in the place of a blob of which there is no row */
  FSCK_UNKNOWN_LINK,      /* a repository's, to a blob of which there is no row */
  FSCK_DAMAGED_MANIFEST,  /* its text has another digest, or cannot be read */
  FSCK_MISSING_REFERENCE, /* a manifest's, to what its text says that it needs */
  FSCK_UNKNOWN_REFERENCE, /* of a manifest that is not there */
  FSCK_UNKNOWN_UPLOAD     /* a row of an upload whose bytes are not there */
} FsckKind;
extern const char *const fsck_kind_names[]; /* "missing-blob", ... */

typedef struct {
  FsckKind kind;
  const char *object;     /* a digest, "team/app@sha256:...", an upload's id */
  const char *repository; /* of a row that has one, or NULL */
  const char *detail;     /* what is wrong with it, and who needs it; or NULL */
  bool repaired;
} FsckFinding;

typedef struct {
  bool repair;  /* what can be; else only what is wrong is said */
  bool content; /* reads all blobs and compares their digests: as long as the disk takes */
  void (*found)(const FsckFinding *finding, void *data);   /* copies what it keeps */
  bool (*step)(uint64_t done, uint64_t total, void *data); /* false ends it */
  void *data;
} FsckOptions;

/* Repairs: a blob that is missing or damaged is forgotten, so that clients are told to push it
 * again, and damaged bytes are moved to `damaged/`; unknown files and rows go; missing references
 * are written. A manifest that is damaged has to be pushed again. False: *error, or ended. */
bool registry_fsck(Registry *registry, const FsckOptions *options, GError **error);
