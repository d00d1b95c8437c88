/* The artifact and the version in the name of a Java archive. Pure. */
#pragma once

#include <glib.h>

typedef struct {
  char *artifact, *version; /* or NULL */
} JavaFileName;

/* "guava-31.1-jre.jar", "log4j-1.2-api-2.17.1.jar", "org.eclipse.osgi_3.18.0.v2022.jar". */
void java_file_name_read(JavaFileName *name, const char *file_name);
void java_file_name_clear(JavaFileName *name);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(JavaFileName, java_file_name_clear)
