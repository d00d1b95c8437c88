/* The media types of the image-spec, of Docker's image manifest v2, and of what rides on them: the
 * only place where they are spelled. */
#pragma once

#include <stdbool.h>

#define MEDIA_TYPE_OCI_MANIFEST          "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_TYPE_OCI_INDEX             "application/vnd.oci.image.index.v1+json"
#define MEDIA_TYPE_OCI_ARTIFACT          "application/vnd.oci.artifact.manifest.v1+json"
#define MEDIA_TYPE_OCI_CONFIG            "application/vnd.oci.image.config.v1+json"
#define MEDIA_TYPE_OCI_EMPTY             "application/vnd.oci.empty.v1+json"
#define MEDIA_TYPE_OCI_LAYER             "application/vnd.oci.image.layer.v1.tar"
#define MEDIA_TYPE_OCI_LAYER_GZIP        "application/vnd.oci.image.layer.v1.tar+gzip"
#define MEDIA_TYPE_OCI_LAYER_ZSTD        "application/vnd.oci.image.layer.v1.tar+zstd"
#define MEDIA_TYPE_DOCKER_MANIFEST       "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_TYPE_DOCKER_LIST           "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_TYPE_DOCKER_CONFIG         "application/vnd.docker.container.image.v1+json"
#define MEDIA_TYPE_DOCKER_LAYER          "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_TYPE_DOCKER_SCHEMA1        "application/vnd.docker.distribution.manifest.v1+json"
#define MEDIA_TYPE_DOCKER_SCHEMA1_SIGNED "application/vnd.docker.distribution.manifest.v1+prettyjws"
/* Our own: the advisory database as an artifact, and its one layer, the file in a zstd frame. */
#define MEDIA_TYPE_ADVISORIES       "application/vnd.assay.advisories.v1"
#define MEDIA_TYPE_ADVISORIES_LAYER "application/vnd.assay.advisories.v1+zstd"

bool media_type_is_manifest(const char *type); /* an image manifest: OCI or Docker v2 */
bool media_type_is_index(const char *type);    /* an image index or manifest list */
bool media_type_is_schema1(const char *type);
/* A file system layer in tar form, whatever its compression, "foreign"/nondistributable ones too.
 */
bool media_type_is_layer(const char *type);
/* A layer that the specifications let a registry do without (Windows base layers). */
bool media_type_is_foreign_layer(const char *type);
bool media_type_is_image_config(const char *type);

/* What is behind a media type, beyond tars and configs. */
typedef enum {
  MEDIA_TYPE_UNKNOWN,    /* none of those that we know */
  MEDIA_TYPE_UNREADABLE, /* a file system or a program for some runtimes, in a form that is not read
                          */
  MEDIA_TYPE_DATA,       /* no runtime unpacks it: signatures, charts, models */
} MediaTypeUse;
/* @words: what it is, "a Helm chart"; NULL for MEDIA_TYPE_UNKNOWN. (transfer none) */
MediaTypeUse media_type_use(const char *type, const char **words);
/* A bill of materials, of any format. */
bool media_type_is_sbom(const char *type);
/* Of an in-toto attestation, by itself or in an envelope: of what, its annotations may tell. */
bool media_type_is_attestation(const char *type);
/* "a Helm chart (application/...)"; of what is not known, "an artifact (...)". (transfer full) */
char *media_type_in_words(const char *type);
