/* What the transports share: a source that is being opened, and the path from a manifest's bytes to
 * its layers. */
#pragma once

#include "source/source.h"

typedef struct {
  Digest digest;         /* of the packed bytes; empty text where the transport knows none */
  const Digest *diff_id; /* in the config */
  char *name;            /* where the transport finds it: a member of an archive; or NULL */
  uint64_t offset, size; /* in fd */
  int fd;                /* -1 until it is opened */
} SourceLayer;

typedef struct {
  const Progress *progress;
  GCancellable *cancellable;
  bool allow_uncaged;
} SourceCall;

typedef struct {
  const char *prefix; /* "oci:" */
  /* Fills in config and layers. @place: what stands behind the prefix. */
  bool (*open)(ImageSource *source, const char *place, const SourceCall *call, GError **error);
  /* Sets fd, offset and size of a layer. */
  bool (*open_layer)(ImageSource *source, SourceLayer *layer, const SourceCall *call,
                     GError **error);
  void (*free_state)(void *state);
} SourceTransport;

struct ImageSource {
  const SourceTransport *transport;
  void *state; /* the transport's own */
  char *target, *platform, *authfile;
  bool insecure, allow_uncaged;
  ConfigLimits limits;
  Digest digest;       /* of the manifest; empty text where there is none */
  ImageConfig *config; /* NULL for rootfs: */
  GPtrArray *layers;   /* SourceLayer */
};

extern const SourceTransport source_oci, source_oci_archive, source_docker_archive, source_dir,
    source_docker, source_rootfs;

/* (transfer none): appended to the source's layers. */
SourceLayer *source_add_layer(ImageSource *source);

/* Reads the blob of @descriptor, whole; the digest is checked by the caller. (transfer full) */
typedef GBytes *(*SourceBlobReader)(ImageSource *source, const Descriptor *descriptor,
                                    const SourceCall *call, GError **error);

/* From the bytes of a manifest or index to config and layers: chooses the member of an index for
 * the platform, and checks every digest on the way (@expected: of @bytes, or NULL). The layers have
 * their digests and sizes. */
bool source_resolve(ImageSource *source, GBytes *bytes, const char *media_type,
                    const Digest *expected, SourceBlobReader read, const SourceCall *call,
                    GError **error);

/* Pairs the config's diff_ids with the layers. */
bool source_take_config(ImageSource *source, GBytes *config, GError **error);

/* An unnamed file on disk that goes away with its descriptor, for what is downloaded or unpacked.
 * -1 with *error. */
int source_temporary_file(GError **error);
