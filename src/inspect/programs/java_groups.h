/* Groups of artifacts that many images have, and whose archives have no pom.properties: they are
 * built by other tools than Maven. */
#pragma once

#include "archive/zip.h"
#include "inspect/programs/java_manifest.h"

/* Of an artifact of that name whose module, or whose folder of classes, is that of the group; or
 * NULL. The name alone says nothing: others have used it as well. */
const char *java_group_of(const char *artifact, const JavaManifest *manifest, const ZipFile *zip);

/* The folder that holds all classes, as far as the artifact's name begins with the last part of it:
 * "io.opencensus" of opencensus-api, whose classes are in io/opencensus/. NULL: there is none such.
 * (transfer full) */
char *java_group_of_classes(const char *artifact, const ZipFile *zip);
