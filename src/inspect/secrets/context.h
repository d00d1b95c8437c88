/* What kind of file a path names, for secrets: where a name beside a value says little, because
 * somebody else wrote the file for everybody. Pure. */
#pragma once

#include <stdbool.h>

typedef enum {
  SECRET_CONTEXT_OWN,    /* an application's own file, a configuration: every rule counts */
  SECRET_CONTEXT_OTHERS, /* of a package, a bundle, a document or a test: not the generic rules */
  SECRET_CONTEXT_MANUAL, /* a document or test of a package: only what a checksum proves */
} SecretContext;

/* @path: as LayerEntry has it. */
SecretContext secret_context_of(const char *path);
