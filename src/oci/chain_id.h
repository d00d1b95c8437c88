/* What layers that lie upon each other are called together: the ChainID of image-spec v1.1
 * (config.md, "Layer ChainID"), and what an image runs on. Images whose unpacked layers are the
 * same have the same, however the layers were compressed. Pure functions. */
#pragma once

#include "oci/image_config.h"

/* Digest, of the first layer, of the first two, and so on; at most @most of them. @diff_ids:
 * Digest *, bottom first. (transfer full) */
GArray *chain_ids(const GPtrArray *diff_ids, guint most);
/* Whether a layer unpacks to an archive without entries, as some builders add for a step that
 * changes no file. */
bool diff_id_is_of_nothing(const Digest *diff_id);
/* "linux/amd64", "linux/arm/v7": the names that mean the same are one, as containerd has it; at
 * most 100 bytes of ASCII. (transfer full) */
char *image_config_platform(const ImageConfig *config);
