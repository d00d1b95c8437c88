/* Storing what a key signed beside its image, within the room: what is signed is worked out by
 * sign_image.c and attest_image.c. */
#pragma once

#include "pipeline/signing_jobs.h"
#include "sign/formats/write.h"

/* One manifest that is signed by one rule. */
typedef struct {
  const SigningRooms *rooms;
  const SigningRule *rule;
  const SigningKey *row;
  Key *key;
  const GPtrArray *chain; /* the key's certificates; NULL: no format needs any */
  const char *repository;
  const char *reference; /* "HOST/REPOSITORY:TAG" */
  const StoredManifest *stored;
  SigningOutcome *outcome;
  Cancellable *cancellable;
} SignTask;

SignedSubject sign_subject(const SignTask *task);
SigningMeans sign_means(const SignTask *task);
/* What the tag sha256-HEX@suffix has; NULL without *error: nothing. (transfer full) */
bool sign_existing(const SignTask *task, const char *suffix, StoredManifest **existing,
                   GError **error);
/* @existing: what the artifact's tag had (sign_existing()). ASSAY_ERROR_CHANGED: somebody else
 * wrote the tag meanwhile, whose signature would be lost. Blobs first, then the manifest, and then
 * the record: a stop in between is mended by the next try, which finds the signature and records
 * it. */
bool sign_store(const SignTask *task, const SignedArtifact *artifact,
                const StoredManifest *existing, GError **error);
/* @made: of what is made anew by age, when (microseconds since 1970); 0: it is made once.
 * @format: of signature_format_names, in which it is stored. @attests: the type of its predicate,
 * or NULL. @content: which one it is, of several of that type or format; or NULL. */
/* @anew: it was made now, and not found. */
bool sign_note(const SignTask *task, const char *format, const char *attests, const char *content,
               const Digest *manifest, int64_t made, bool anew, GError **error);
