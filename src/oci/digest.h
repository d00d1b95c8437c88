/* Digests of the OCI image specification (image-spec, descriptor.md#digests): `algorithm:hex`.
 * sha256 and sha512 only. Pure functions over Nettle. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/json_table.h"
#include "base/slice.h"

typedef enum { DIGEST_SHA256, DIGEST_SHA512 } DigestAlgorithm;

#define DIGEST_TEXT_MAX 136 /* "sha512:" + 128 hex digits + NUL, rounded up */

typedef struct {
  char text[DIGEST_TEXT_MAX]; /* "sha256:<64 lower-case hex digits>", NUL-terminated */
} Digest;

/* Lower-case hex of the right length, known algorithm; ASSAY_ERROR_INVALID or _UNSUPPORTED. */
bool digest_parse(const char *text, Digest *digest, GError **error);
bool digest_is_valid(const char *text);
DigestAlgorithm digest_algorithm(const Digest *digest);
/* Points after the colon. */
const char *digest_hex(const Digest *digest);
/* 63 bits of it: the key of a row. Two of ten million meet with a chance of one in 100,000, and who
 * tries can make two that do: what is stored under a key is compared. */
int64_t digest_number(const Digest *digest);
bool digest_equal(const Digest *a, const Digest *b);

/* A Digest as a string; with `otherwise` one that is not known is "". */
extern const JsonKind json_digest;

/* The digest of @bytes. */
Digest digest_of(DigestAlgorithm algorithm, Slice bytes);

/* Digest of bytes that come in parts. */
typedef struct DigestStream DigestStream;
DigestStream *digest_stream_new(DigestAlgorithm algorithm);
void digest_stream_update(DigestStream *stream, Slice bytes);
/* The digest of all so far; the stream can go on. */
Digest digest_stream_current(const DigestStream *stream);
void digest_stream_free(DigestStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DigestStream, digest_stream_free)
