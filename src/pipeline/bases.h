/* On which image another was built: the stored one whose unpacked layers are the first of its own,
 * and no others, of the same platform; of several the one with most layers. One with all of its
 * layers is it where its own history goes on from that one's. So the layers tell, and
 * not what an image says of itself: what its manifest's annotations name counts where the layers
 * tell nothing. Only images that were scanned are known by their layers, for a scan finds that the
 * layers are what the config says. */
#pragma once

#include "pipeline/pipeline.h"
#include "registry/known_names.h"

/* An image with more layers is the base of none. */
#define BASE_LAYERS_MAX 256u

typedef struct {
  /* Where it is stored, by the best of its names (registry/known_names.h); NULL: it is not, and the
   * annotations alone name it. */
  char *repository;
  char *tag;     /* or NULL: it has none */
  Digest digest; /* of the image; "" where it is not stored */
  /* What `tag` names now, where that is another image than this one; or NULL. */
  char *moved_to;
  int64_t moved;     /* when, microseconds since 1970 */
  GPtrArray *layers; /* char *: digests of the layers of the built image that are its; none: they
                        do not tell */
  GPtrArray *own;    /* char *: those of the layers above them */
  char *platform;    /* of both: "linux/amd64"; or NULL */
  char *named,
      *named_digest; /* what the annotations say: its name, the digest that it had; or NULL */
} BaseImage;
void base_image_free(BaseImage *base);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BaseImage, base_image_free)

/* The base of @manifest, an image that is scanned; *base: NULL where none is known that may be
 * seen. Blocks on the database, and reads the image's config. (transfer full) */
bool pipeline_image_base(Pipeline *pipeline, const Digest *manifest, NameSeen seen, void *data,
                         BaseImage **base, GError **error);
/* The image of the same platform that @base->tag names now and @base->repository holds. ABSENT:
 * none that is scanned. */
Found pipeline_newer_base(Pipeline *pipeline, const BaseImage *base, Digest *image, GError **error);
/* Whether findings of that layer (NULL: of none) come from the base; false also where that is not
 * known, and where the image has the same layer again above the base. */
bool base_image_has(const BaseImage *base, const char *layer);
