/* The sources of a suite: what its Sources and Packages files say of each. Pure. */
#pragma once

#include <glib.h>

#include "advisory/feeds/feed.h"
#include "base/slice.h"

/* A file of the mirror that has the changelog in it. */
typedef enum { CHANGELOG_IN_TAR, CHANGELOG_IN_DIFF, CHANGELOG_IN_DEB } ChangelogPlace;
typedef struct {
  char *path; /* in the mirror: "pool/updates/main/o/openssl/openssl_3.0.16-1.debian.tar.xz" */
  char *sha256;
  uint64_t size;
  ChangelogPlace place;
} ChangelogFile;

#define CHANGELOG_DEBS_MAX 3 /* of the binary packages, the smallest, kept for their changelogs */

typedef struct {
  char *name, *version;
  ChangelogFile source; /* path NULL: none that we know to read */
  char *installable;    /* the newest version that Packages has binaries of; NULL: none */
  /* Smallest first, of that version: for mirrors that carry no sources. */
  ChangelogFile debs[CHANGELOG_DEBS_MAX];
} DebianSource;
void debian_source_free(DebianSource *source);

/* name -> DebianSource, the newest version of each. */
GHashTable *debian_sources_new(void);

/* Adds what a Sources file lists. The count of stanzas without name, version or directory is added
 * to *@skipped. */
void debian_sources_add(GHashTable *sources, Slice text, const FeedSink *sink, uint64_t *skipped);

/* Notes which versions a Packages file has binaries of. */
void debian_sources_note_packages(GHashTable *sources, Slice text);
