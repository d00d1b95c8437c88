/* Versions in what Go's linker leaves in a program. Pure. */
#pragma once

#include <stdbool.h>

#include "base/slice.h"

/* That of "go1.22.1 X:loopvar", "go1.26.0-X:jsonv2" or "go1.20.4 (Red Hat 1.20.4-1)" is its numbers
 * and "rc" or "beta". NULL: it has none ("devel go1.23-abc"). (transfer full) */
char *go_toolchain_version(Slice text);

/* What build info says of a main module. */
typedef enum {
  GO_VERSION_NONE,   /* empty, "(devel)" */
  GO_VERSION_PSEUDO, /* of a commit: "v2.0.0-20250102030405-abcdefabcdef" */
  GO_VERSION_REAL,
} GoVersionKind;
GoVersionKind go_version_kind(Slice version);

/* Versions that a build set in variables of the program (-X importpath.name=value), of which the
 * one of the main module is wanted. */
typedef struct {
  char *best; /* or NULL; with "v" */
  unsigned rank;
  bool ambiguous; /* others of this rank say otherwise */
} GoSetVersion;
/* @variable: "main.version"; others than those of versions are left out, and what is no version. */
void go_set_version_add(GoSetVersion *set, Slice main_module, Slice variable, Slice value);
/* All -X of @flags, the value of "-ldflags" in build info. */
void go_set_version_add_flags(GoSetVersion *set, Slice main_module, Slice flags);
/* NULL: there is none, or nobody can say which. (transfer full) */
char *go_set_version_take(GoSetVersion *set);
