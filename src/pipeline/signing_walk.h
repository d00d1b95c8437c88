/* Going through all manifests of the registry that signing may be about, in the order of their
 * repositories and digests, whatever comes and goes meanwhile. Blocks on the database. */
#pragma once

#include "base/cancellable.h"
#include "registry/registry.h"

typedef struct {
  bool (*covers)(void *data, const char *repository);
  /* False without *error ends the walk. */
  bool (*image)(void *data, const char *repository, const StoredImage *image, GError **error);
} SigningWalk;

/* After @digest of @repository, which may go meanwhile, or from the first (NULL both). False with
 * *error, when it was ended, or is cancelled. */
bool signing_walk(Registry *registry, const SigningWalk *walk, void *data, const char *repository,
                  const char *digest, Cancellable *cancellable, GError **error);
