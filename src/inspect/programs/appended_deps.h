/* Applications of .NET in one file: what belongs to the program is appended to it, and among that
 * is its deps.json, which is never packed (Microsoft.NET.HostModel, Bundle). Where it is, only the
 * end of the file says. So it is looked for as the file streams by, by the words that it begins
 * with. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/slice.h"

typedef struct {
  uint64_t start; /* where what is appended begins; 0: nothing is looked for */
  bool found, whole;
  GByteArray *text; /* the document, as far as it came by; before it is found, what may begin it */
  size_t counted;   /* bytes of it that were looked at for its end */
  unsigned depth;
  bool quoted, escaped;
} AppendedDeps;

/* The next bytes of the file, which begin @at. Keeps 8 MiB at most. */
void appended_deps_add(AppendedDeps *deps, uint64_t at, Slice bytes);
/* All of the document; empty: there is none. Valid as long as @deps is. */
Slice appended_deps_text(const AppendedDeps *deps);
void appended_deps_clear(AppendedDeps *deps);
