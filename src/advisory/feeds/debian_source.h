/* The sources of a suite: what its Sources and Packages files say of each. Pure. */
#pragma once

#include <glib.h>

#include "base/slice.h"

typedef enum { CHANGELOG_IN_TAR, CHANGELOG_IN_DIFF } ChangelogPlace;

typedef struct {
  char *name, *version;
  char *directory; /* in the mirror: "pool/updates/main/o/openssl" */
  char *file;      /* that has debian/changelog; NULL: none that we know to read */
  char *sha256;
  uint64_t size;
  ChangelogPlace place;
  char *installable; /* the newest version that Packages has binaries of; NULL: none */
} DebianSource;
void debian_source_free(DebianSource *source);

/* name -> DebianSource, the newest version of each. */
GHashTable *debian_sources_new(void);

/* Adds what a Sources file lists. The count of stanzas without name, version or directory is added
 * to *@skipped. */
void debian_sources_add(GHashTable *sources, Slice text, uint64_t *skipped);

/* Notes which versions a Packages file has binaries of. */
void debian_sources_note_packages(GHashTable *sources, Slice text);
