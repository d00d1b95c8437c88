/* Where the members of an uncompressed tar are in it: how an archive of an image (oci-archive,
 * docker-archive) is read without unpacking it. Untrusted bytes: caged worker only. */
#pragma once

#include "archive/layer.h"

typedef struct {
  char *name;      /* as written, without "/" and "./" in front */
  char *target;    /* of a symbolic or hard link, as written; else NULL */
  uint64_t offset; /* of the content, from the first byte of the tar */
  uint64_t size;   /* of the content; 0 for what is no file */
} TarMember;

/* (transfer full): TarMember. More than @most members, or a name of more than @path_bytes:
 * ASSAY_ERROR_LIMIT; no tar: ASSAY_ERROR_INVALID. */
GPtrArray *tar_index(LayerRead read, void *read_data, unsigned most, unsigned path_bytes,
                     GError **error);
