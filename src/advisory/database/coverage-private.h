/* What the feeds of a build speak of: which ecosystems, and packages of which architectures there.
 * Not thread-safe. */
#pragma once

#include <glib.h>

typedef struct Coverage Coverage;
Coverage *coverage_new(void);
void coverage_free(Coverage *coverage);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Coverage, coverage_free)

/* @feed, which is only compared, speaks of @architectures ("noarch,x86_64") of @ecosystem. NULL: of
 * all; "": of the ecosystem, but perhaps of no package. */
void coverage_add(Coverage *coverage, const char *ecosystem, const char *architectures,
                  gconstpointer feed);
void coverage_forget(Coverage *coverage, gconstpointer feed);

/* Ecosystem -> "aarch64,x86_64", or "" where it is all of them. (transfer none), until the next
 * call. */
GHashTable *coverage_list(Coverage *coverage);
