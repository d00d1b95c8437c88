/* What another registry has of an image, as a node would pull it: the manifest, those of an index,
 * and the signatures beside each, verified. Blocks on the network, for ASK_SECONDS at most. */
#pragma once

#include "pipeline/pipeline.h"
#include "remote/client.h"

#define ASK_SECONDS 30u
/* Manifests in an index, and in indexes in it. */
#define SEEN_MEMBERS_MAX 32u

typedef struct {
  Digest digest;
  bool is_index;
  char *os, *architecture;     /* as the index says; NULL: it does not */
  ImageSignatures *signatures; /* NULL: the policy asks for none */
} SeenManifest;

/* Immutable, counted. */
typedef struct {
  GPtrArray *manifests; /* SeenManifest: the image, then the images of an index */
  uint64_t trust;       /* elsewhere_trust() when it was verified */
  int64_t turns;   /* when the signatures may count otherwise, microseconds since 1970; 0: never */
  int64_t read;    /* when all of it was read, g_get_monotonic_time() */
  uint64_t serial; /* no other has it */
  bool incomplete; /* some could not be read */
} SeenImage;
SeenImage *seen_image_ref(SeenImage *seen);
void seen_image_unref(SeenImage *seen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SeenImage, seen_image_unref)

/* "HOST/REPOSITORY", by whose policy an image of @name is judged. (transfer full) */
char *elsewhere_repository(const Reference *name);

/* @text: image_name_text(). @options: by which credentials. @before (or NULL): what was seen of the
 * same name before; where the registry has the same, and it is younger than @keep microseconds, it
 * is it that comes back. ASSAY_ERROR_NOT_FOUND: there is no such image; _DENIED, _NETWORK,
 * _TIMEOUT, _LIMIT. (transfer full) */
SeenImage *elsewhere_ask(Pipeline *pipeline, const char *text, RemoteOptions options,
                         SeenImage *before, int64_t keep, Cancellable *cancellable, GError **error);
