/* What the two halves of the debian-repo feed share: debian_fetch.c keeps a copy of a suite's head,
 * indices and changelogs, debian_repo.c reads statements out of it.
 *
 *   Release                  what the distribution signed; put in place last, so that all that
 *                            it needs is there
 *   index/SHA256             Sources and Packages
 *   changelogs/NAME_VERSION  debian/changelog of one source; empty when it has none */
#pragma once

#include "advisory/feeds/feed.h"

#define DEBIAN_INDEX_MAX     ((size_t)512 * 1024 * 1024) /* unpacked */
#define DEBIAN_CHANGELOG_MAX ((size_t)4 * 1024 * 1024)   /* what we keep of it, newest first */

#define INDEX_FOLDER     "index"
#define CHANGELOG_FOLDER "changelogs"

bool debian_has_sha256(Slice bytes, const char *sha256);

/* Fetches the changelogs of @sources (name -> DebianSource) that are not there yet, and, when the
 * mirror has a new state (@again), those that it did not have before. One that cannot be had is no
 * error: its update is stated under its own id, and context->messages tells. */
bool debian_fetch_changelogs(FeedContext *context, GHashTable *sources, bool again, bool *changed,
                             GError **error);

bool debian_fetch(FeedContext *context, bool *changed, GError **error);

/* Reads the indices below @folder that @release lists into sources. *@packages_known is false when
 * the suite has no Packages for @architecture. (transfer full): name -> DebianSource */
GHashTable *debian_read_indices(const char *folder, Slice release, const char *architecture,
                                bool *packages_known, const FeedSink *sink, uint64_t *skipped,
                                GError **error);

/* Debian's name for the processor of this machine. */
const char *debian_architecture(void);

/* Whether the feed reads the changelog of @source: all, or those that `sources` names. */
bool debian_wants_changelog(const FeedSettings *config, const char *source);

/* (transfer full) */
char *debian_changelog_path(const char *folder, const char *source, const char *version);
