/* Debian changelogs (deb-changelog(5)): which vulnerabilities the entries say they fix. Pure. */
#pragma once

#include "base/slice.h"

typedef struct {
  Slice package, version, distributions; /* "openssl", "3.0.16-1~deb12u1", "bookworm-security" */
  Slice body;                            /* the lines between the head and the signature */
} ChangelogEntry;

/* Splits off the next entry, newest first; lines that belong to none are passed over. */
bool changelog_next_entry(Slice *rest, ChangelogEntry *entry);

/* Splits off the next CVE number that *@text mentions; @id takes "CVE-2024-12345" in capitals. At
 * most 12 digits follow the year. */
#define CVE_TEXT_MAX 32
bool changelog_next_cve(Slice *text, char id[CVE_TEXT_MAX]);

/* The first "DSA-1234-1" or "DLA-1234-1" of @text, or the empty slice. */
Slice changelog_find_advisory(Slice text);

/* The changelog that a diff of format 1.0 creates: what it adds to debian/changelog. (transfer
 * full), NULL when it has none. */
GBytes *changelog_from_diff(Slice diff);
