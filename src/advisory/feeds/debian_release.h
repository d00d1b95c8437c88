/* The signed head of a Debian or Ubuntu suite: InRelease, its signature, dates and hashes. */
#pragma once

#include <glib.h>

#include "base/cancellable.h"
#include "base/slice.h"

#define DEBIAN_RELEASE_MAX ((size_t)16 * 1024 * 1024)

/* Checks the clear-signed @path with gpgv and @keyring (NULL: the one of the distribution that the
 * file says it is from) and stores what is signed at @output. At least one good signature by a key
 * that is neither expired nor revoked, no bad one, no MD5, SHA-1 or RIPEMD. Runs a process.
 * ASSAY_ERROR_MISMATCH when it does not hold, _NOT_FOUND when keyring or gpgv are missing. */
bool debian_release_verify(const char *path, const char *keyring, const char *output,
                           Cancellable *cancellable, GError **error);

/* Whether gpgv's status lines (--status-fd) tell of a signature to trust. Pure. */
bool debian_release_signature_is_good(Slice status, char **reason);

/* The release text is of @suite, and not past its Valid-Until at @now (seconds since 1970). */
bool debian_release_check(Slice release, const char *suite, int64_t now, GError **error);

/* "debian:12", "ubuntu:22.04", from Origin, Version and Codename. (transfer full) */
char *debian_release_ecosystem(Slice release, GError **error);

/* A file that the release lists in SHA256. */
typedef struct {
  char *path; /* "main/source/Sources.xz" */
  char *sha256;
  uint64_t size;
} DebianIndex;
void debian_index_free(DebianIndex *index);

/* The Sources of all components and the Packages of @architecture, each in the smallest form that
 * we unpack. Paths that leave the suite's folder are left out. (transfer full): DebianIndex */
GPtrArray *debian_release_indices(Slice release, const char *architecture);

/* "Sat, 28 Nov 2026 00:53:02 UTC" in seconds since 1970. */
bool debian_date_parse(const char *text, int64_t *seconds);

/* Nothing but characters of file names, no part that leads upwards. */
bool debian_path_is_safe(const char *path);
