/* Which Maven artifact an archive is that has no pom.properties of its own: by its file name, its
 * manifest and the folders of its classes. Pure.
 *
 * What nothing says is the group. It is taken from what names it for sure (Gradle's
 * "group#artifact;version", Jenkins' Group-Id), from known artifacts whose classes or module are
 * where they should be, else from names of domains in the manifest, else from the folder of its
 * classes, where the artifact is named by that. Where there is none, it is the artifact's own name,
 * as the artifacts of Maven's first years have it: such a name meets an advisory of theirs alone.
 */
#pragma once

#include "archive/zip.h"
#include "inspect/programs/java_file_name.h"
#include "inspect/programs/java_manifest.h"

typedef struct {
  char *group, *artifact, *version;
} JavaIdentity;

/* False: nobody can say. */
bool java_identity_find(JavaIdentity *identity, const JavaFileName *name,
                        const JavaManifest *manifest, const ZipFile *zip);
void java_identity_clear(JavaIdentity *identity);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(JavaIdentity, java_identity_clear)
