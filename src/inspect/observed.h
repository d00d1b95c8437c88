/* What was observed in the layers of an image, and which of it is there in the end. */
#pragma once

#include "inventory/image.h"

/* For each layer, which of its LayerInventory.reads count in the end. */
typedef struct ReadsInForce ReadsInForce;
ReadsInForce *reads_in_force_new(const GPtrArray *layers);
void reads_in_force_free(ReadsInForce *reads);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReadsInForce, reads_in_force_free)
/* @place: where the image has it (image_tree.h), or its path; must live as long. */
void reads_in_force_add(ReadsInForce *reads, unsigned layer, unsigned read, const char *place);

/* Fills @image->observations. Secrets and malicious files stay when an upper layer removes their
 * file, or has another in its place, for whoever has the image has them, and are marked; all else
 * must be there in the end. */
void observed_of_image(ImageInventory *image, const ReadsInForce *reads);
