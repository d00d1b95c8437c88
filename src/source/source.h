/* Where an image to scan comes from, in the transports of containers/image
 * (containers-transports(5)):
 *
 *   oci:DIR[:TAG]   oci-archive:FILE[:TAG]   docker-archive:FILE[:REF]   dir:DIR
 *   docker://HOST[:PORT]/REPO[:TAG|@DIGEST]   rootfs:DIR   sbom:FILE   sbom:docker://...
 *
 * and without one of these in front, where what is meant is plain.
 *
 * The last three are Assay's own: an unpacked system, and an SBOM (inspect/sboms/sboms.h), in a
 * file or in a registry.
 *
 * A source gives a manifest, a config and its layers as file descriptors; it checks the digests of
 * manifest and config, and leaves the layers' to the worker (their diff_id). Archives are unpacked
 * by the worker, never here. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/cancellable.h"
#include "base/progress.h"
#include "inspect/configuration_inspection.h"
#include "inspect/inspection.h"
#include "oci/image_config.h"
#include "oci/manifest.h"

typedef struct ImageSource ImageSource;

typedef struct {
  const char *platform; /* "linux/amd64", which member of an index; NULL: this machine's */
  bool insecure;        /* docker://: plain HTTP and bad certificates are accepted */
  const char
      *authfile; /* docker://: auth.json; NULL: the usual places of containers-auth.json(5) */
  const char *credentials;   /* docker://: "USER:PASSWORD" instead of an entry there, or NULL */
  const char *authorization; /* docker://: instead of both, as in RemoteOptions, or NULL */
  const char *ca_file;       /* docker://: authorities besides the system's, PEM, or NULL */
  const char *cert_dir;    /* docker://: instead of the places of containers-certs.d(5), or NULL */
  uint64_t manifest_bytes; /* of a manifest or index */
  bool allow_uncaged;      /* as in InspectionInput */
} ImageSourceOptions;

/* A @target without a transport is guessed: a path by what lies there, a name with a registry's
 * host as docker://. What cannot be is ASSAY_ERROR_INVALID, with what was perhaps meant in the
 * message. (transfer full) */
ImageSource *image_source_open(const char *target, const ImageSourceOptions *options,
                               const InspectionLimits *limits, const Progress *progress,
                               Cancellable *cancellable, GError **error);
void image_source_free(ImageSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageSource, image_source_free)

/* With its transport, also where that was guessed. */
const char *image_source_target(const ImageSource *source);
const Digest *image_source_manifest_digest(const ImageSource *source); /* NULL for rootfs: */
const ImageConfig *image_source_config(const ImageSource *source);     /* NULL for rootfs: */
/* Adds to @image what its config and its history show (configuration_inspection.h); nothing for
 * rootfs:. */
bool image_source_inspect_config(const ImageSource *source, const WorkerLimits *limits,
                                 Cancellable *cancellable, ImageInventory *image, GError **error);
unsigned image_source_layer_count(const ImageSource *source);
/* Of the packed bytes; NULL where the transport knows none (docker-archive:, rootfs:). */
const Digest *image_source_layer_digest(const ImageSource *source, unsigned index);
/* Ready to be inspected; downloads it first when it is remote. Valid as long as the source. Any
 * number of threads may do so at once, each for a layer of its own. */
bool image_source_layer(ImageSource *source, unsigned index, InspectionInput *input,
                        const Progress *progress, Cancellable *cancellable, GError **error);
/* Whether who opened the source could read the layer there, without reading it: false too where the
 * source does not tell. Only of docker:// is it asked; what is a file here, is here. */
bool image_source_has_layer(const ImageSource *source, unsigned index, Cancellable *cancellable);
/* layer_check_tables() of the manifest's descriptor, with LayerInventory.tables. */
bool image_source_check_tables(const ImageSource *source, unsigned index, const GPtrArray *tables,
                               GError **error);
/* Closes a layer that will not be asked for again: what was downloaded of it is gone. */
void image_source_drop_layer(ImageSource *source, unsigned index);
