/* Bills of materials (SBOMs) of stored images: written for whoever asks, and kept beside the image,
 * as a referrer of its manifest, where its namespace asks for that (Namespace.sbom). Of each image
 * one is kept in each repository that has it: by the inventory that is in force. When that is made
 * anew by other detectors, so is the bill, and the older one is deleted. */
#pragma once

#include "pipeline/pipeline.h"
#include "report/writer.h"

/* The bill of @image by @writer (of_inventory), the same each time for the same @inventory.
 * @repository: how the image is called, or NULL. *created: the time that it bears, seconds since
 * 1970. Reads the image's config. (transfer full) */
char *pipeline_write_sbom(Pipeline *pipeline, const char *repository, const Digest *image,
                          const ImageInventory *inventory, const ReportWriter *writer,
                          int64_t *created, GError **error);

/* *digest: of the manifest of the bill that is kept beside @image in @repository; NULL: none is.
 * (transfer full) */
bool pipeline_find_sbom(Pipeline *pipeline, const char *repository, const Digest *image,
                        char **digest, GError **error);

/* A namespace may ask for others than before: what is due is made in the background. */
void pipeline_keep_sboms(Pipeline *pipeline);
