/* What an image could do without, told by names, and by what files are equal. Pure. */
#pragma once

#include <stdbool.h>

#include "archive/layer.h"
#include "inspect/detector.h"
#include "inventory/weights.h"

/* Rises like a detector's version, when files are of other kinds than they were. */
#define MINIMALITY_VERSION 4u

/* Files of so many bytes and more are looked at for equal ones. */
#define CONTENT_MIN ((uint64_t)16 * 1024)
extern const Detector contents_detector;

/* Of what kind the file, or link, at a normalised path is, as far as that tells. Cheap, for it is
 * asked of every entry. */
WeightKind weight_kind_of(const char *path);
/* How many bytes of @path, with a slash at the end, name the folder that makes it one of @kind
 * (WEIGHT_CACHE or WEIGHT_TEMPORARY): "root/.cache/pip/"; 0: it is none. */
size_t weight_folder_of(const char *path, WeightKind kind);
/* Whether the file can be run with the rights of its owner or group. */
bool weight_is_set_id(const LayerEntry *entry);
/* Whether a package of a distribution (purl type: "deb") is for building programs: a compiler, its
 * parts, make, headers. What programs need to run (libgcc-s1, gcc-12-base) is not. */
bool package_is_build_tool(const char *type, const char *name);
