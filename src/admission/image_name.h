/* Names of images as a node's runtime reads them (distribution/reference, ParseDockerRef): without
 * a host they are Docker Hub's, without a tag "latest"; where a digest is there, the tag is only a
 * remark. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "oci/reference.h"

/* Registry of images that are named without one. */
#define IMAGE_HOST_DEFAULT "docker.io"

/* As reference_parse(), with the host as the runtime calls it: all names of Docker Hub are
 * "docker.io", a host is in small letters, and has no ":443". ASSAY_ERROR_INVALID. (transfer full)
 */
Reference *image_name_parse(const char *text, GError **error);
/* "docker.io/library/nginx:1.27@sha256:..." (transfer full) */
char *image_name_text(const Reference *image);
/* What it becomes when it is fixed to @digest, written as its author did: "nginx:1.27@sha256:...".
 * One that has a digest stays as it is. (transfer full) */
char *image_name_pinned(const char *text, const char *digest);
/* Whether the whole name fits one of the patterns, in which "*" stands for any characters. @text:
 * image_name_text(). */
bool image_name_is_among(const char *text, const char *const *patterns);
