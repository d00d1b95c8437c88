/* What an image says of the image that it repairs: the same with newer packages, say. Whoever
 * repairs images writes REPAIR_OF into what he makes; Copacetic (project-copacetic/copacetic,
 * pkg/types/lineage.go, pkg/patch/build.go and manifest.go, pkg/buildkit/buildkit.go) writes marks
 * of its own. A mark is a claim of whoever pushed the image, and proves nothing. Pure functions.
 *
 * Annotations are of this very manifest. Labels of a config are also those of whatever is built on
 * a repaired image, which repairs nothing. */
#pragma once

#include "oci/image_config.h"
#include "oci/manifest.h"
#include "oci/reference.h"

/* The annotation of a manifest or index, or the label of a config: the digest of the image that it
 * repairs. Whatever repairs images here writes it into the manifest's annotations. */
#define REPAIR_OF "vnd.assay.repair.of"

typedef struct {
  bool repaired;        /* it says that it repairs another */
  bool inherited;       /* a label says so: an image that it is built on may have said it */
  Digest digest;        /* which one; "": it does not say so by digest */
  Reference *reference; /* ... by name; or NULL */
} RepairMark;
void repair_mark_clear(RepairMark *mark);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RepairMark, repair_mark_clear)

/* @config: of an image; NULL: it is an index, or cannot be read. What is no digest or name is not
 * said. */
void repair_mark_read(const Manifest *manifest, const ImageConfig *config, RepairMark *mark);
