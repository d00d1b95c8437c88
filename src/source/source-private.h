/* What the transports share: a source that is being opened, and the path from a manifest's bytes to
 * its layers. */
#pragma once

#include <sys/stat.h>

#include "remote/client.h"
#include "source/source.h"

typedef struct {
  Digest digest;           /* of the packed bytes; empty text where the transport knows none */
  const Digest *diff_id;   /* in the config */
  char *name;              /* where the transport finds it: a member of an archive; or NULL */
  GHashTable *annotations; /* in the manifest; or NULL */
  uint64_t offset, size;   /* in fd */
  int fd;                  /* -1 until it is opened */
} SourceLayer;

typedef struct {
  const Progress *progress;
  Cancellable *cancellable;
  bool allow_uncaged;
} SourceCall;

typedef struct {
  const char *prefix; /* "oci:" */
  /* Fills in config and layers. @place: what follows the prefix. */
  bool (*open)(ImageSource *source, const char *place, const SourceCall *call, GError **error);
  /* Sets fd, offset and size of a layer. */
  bool (*open_layer)(ImageSource *source, SourceLayer *layer, const SourceCall *call,
                     GError **error);
  void (*free_state)(void *state);
  /* Whether a layer is there that was not opened; NULL: all are. */
  bool (*has_layer)(const ImageSource *source, const SourceLayer *layer, Cancellable *cancellable);
} SourceTransport;

struct ImageSource {
  const SourceTransport *transport;
  void *state; /* the transport's own */
  char *target, *platform, *authfile, *credentials, *authorization, *ca_file, *cert_dir;
  bool insecure, allow_uncaged;
  InspectionLimits limits;
  uint64_t manifest_bytes;
  Digest digest;        /* of the manifest; empty text where there is none */
  ImageConfig *config;  /* NULL for rootfs: */
  GBytes *config_bytes; /* as they are; NULL for rootfs: */
  GPtrArray *layers;    /* SourceLayer */
};

extern const SourceTransport source_oci, source_oci_archive, source_docker_archive, source_dir,
    source_docker, source_rootfs, source_sbom;

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

/* The registry of docker://HOST/REPOSITORY..., of which @place is what follows the colon. (transfer
 * full) */
Remote *source_remote(const ImageSource *source, const char *place, const SourceCall *call,
                      GError **error);
/* The SBOM that @place, as above, names in a registry, or that lies beside what it names: not
 * parsed. *@path, its place in the layer that is made of it, is another where it is known which
 * image it is about (inspect/sboms/sboms.h). ASSAY_ERROR_NOT_FOUND: none does; _INVALID: several
 * do. (transfer full) */
GBytes *source_fetch_sbom(ImageSource *source, const char *place, const SourceCall *call,
                          char **path, GError **error);

/* Pairs the config's diff_ids with the layers. */
bool source_take_config(ImageSource *source, GBytes *config, GError **error);

/* "PATH[:REFERENCE]": the path ends at the first colon, as containers-transports(5) has it.
 * *@reference: what is after it, or NULL. Pure. (transfer full) */
char *source_split_place(const char *place, const char **reference);

/* Names for a message that tells what there is to choose from: the first few of @count, and how
 * many more. */
void source_list_name(GString *list, unsigned *count, const char *name);
void source_list_end(GString *list, unsigned count);

/* The target with its transport, by what lies at a path or by the form of a name. (transfer full)
 */
char *source_guess_target(const char *target, const InspectionLimits *limits,
                          const SourceCall *call, GError **error);
/* Whether @target is HOST[:PORT]/..., with a host that is one: it has a dot, a port, or is
 * localhost. Pure. */
bool source_names_registry(const char *target);

/* What manifest.json of an archive of `docker save` says of the image that @reference names (NULL:
 * the only one). Pure; a fuzz target. */
typedef struct {
  char *config;
  GPtrArray *layers; /* char *: names of members */
} DockerArchiveImage;
bool docker_archive_parse(Slice text, const char *reference, DockerArchiveImage *image,
                          GError **error);
void docker_archive_image_clear(DockerArchiveImage *image);

/* Opens @path below @folder as openat2(2) does with @resolve, and gives its @status. What is no
 * regular file is not opened for reading, since to open a device may do something: its descriptor
 * is good for nothing. -1 with errno. */
int source_open_file(int folder, const char *path, uint64_t resolve, struct stat *status);
