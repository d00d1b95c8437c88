/* The feeds, one file each, and their parsers, which are pure and fuzz targets. Each parser adds
 * the records that it could not understand to *@skipped, and fails with ASSAY_ERROR_INVALID when
 * the whole is not what it should be. What is said of @ecosystem stands with those that use it. */
#pragma once

#include "advisory/feeds/feed.h"

extern const FeedType alpine_secdb_feed, arch_tracker_feed, csaf_feed, debian_repo_feed,
    debian_tracker_feed, epss_feed, kev_feed, osv_feed, oval_feed, retirejs_feed, updateinfo_feed;

/* Alpine's secdb and the security.json of Wolfi and Chainguard. @ecosystem: for a file that names
 * none itself ("distroversion"), or NULL. */
bool alpine_secdb_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                        GError **error);

/* Arch Linux's security tracker: its list of groups. */
bool arch_tracker_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                        GError **error);

/* One CSAF 2.0 document of a distribution of RPMs. @ecosystem: keep what is of it only, or NULL. */
bool csaf_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                GError **error);

/* The Debian security tracker's JSON. */
bool debian_tracker_parse(Slice text, const char *ecosystem, const FeedSink *sink,
                          uint64_t *skipped, GError **error);

/* One record of OSV's schema 1.x. @ecosystem: keep what is of it only (our name or OSV's), or
 * NULL. What would be more than FEED_STATEMENTS_MAX statements gives none: ASSAY_ERROR_LIMIT. */
bool osv_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
               GError **error);

/* updateinfo.xml of an RPM repository whose packages are of @ecosystem. */
bool updateinfo_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                      GError **error);

/* OVAL definitions of patches for RPMs. @ecosystem: keep what is of it only, and what names no
 * release is of it; or NULL. */
bool oval_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                GError **error);

/* RetireJS's jsrepository: statements on packages of npm. */
bool retirejs_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                    GError **error);

/* The overlays: CISA's list of known exploited vulnerabilities (JSON), and EPSS's scores (CSV). */
bool kev_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
               GError **error);
bool epss_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                GError **error);
