/* The tables of the registry: repositories, blobs, manifests, tags, uploads, references. Only this
 * room's statements name them, except where pipeline/ joins its images to repositories. */
#pragma once

#include "storage/schema.h"

extern const Schema registry_schema;
