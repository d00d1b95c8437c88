/* META-INF/MANIFEST.MF of Java's archives: what it says of the archive itself. After the JAR File
 * Specification. Pure. */
#pragma once

#include "base/slice.h"

typedef enum {
  JAVA_GROUP_ID, /* of Jenkins' plugins */
  JAVA_ARTIFACT_ID,
  JAVA_SHORT_NAME,
  JAVA_EXTENSION_NAME,
  JAVA_SYMBOLIC_NAME, /* of OSGi, without its directives */
  JAVA_BUNDLE_NAME,
  JAVA_BUNDLE_VERSION,
  JAVA_TITLE, /* Implementation- */
  JAVA_VERSION,
  JAVA_VENDOR,
  JAVA_VENDOR_ID,
  JAVA_SPECIFICATION_TITLE,
  JAVA_SPECIFICATION_VERSION,
  JAVA_SPECIFICATION_VENDOR,
  JAVA_PLUGIN_VERSION,
  JAVA_MODULE,
  JAVA_CREATED_BY,
  JAVA_LICENSE,
  JAVA_PLUGIN_LICENSE,
  JAVA_NAME, /* of a section after the first: "org/apache/axis" */
  JAVA_ATTRIBUTES,
} JavaAttribute;

typedef struct {
  char *values[JAVA_ATTRIBUTES]; /* NULL: it is not there */
} JavaManifest;

/* Those of the first section; of one that says nothing of a version, those of the first section
 * that does. */
void java_manifest_read(JavaManifest *manifest, Slice text);
void java_manifest_clear(JavaManifest *manifest);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(JavaManifest, java_manifest_clear)
