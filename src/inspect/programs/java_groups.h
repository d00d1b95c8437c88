/* Groups of artifacts that many images have, and whose archives have no pom.properties: they are
 * built by other tools than Maven. */
#pragma once

#include "archive/zip.h"
#include "inspect/programs/java_manifest.h"

/* Of an artifact of that name whose module, or whose folder of classes, is that of the group; or
 * NULL. The name alone says nothing: others have used it as well. */
const char *java_group_of(const char *artifact, const JavaManifest *manifest, const ZipFile *zip);
