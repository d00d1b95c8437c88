/* What a stored manifest is for rules that sign: an image at all, one that passes, one that repairs
 * another. Blocks on the database. */
#pragma once

#include "pipeline/signing_jobs.h"

/* What is beside another is its signature, or an SBOM: those are known by it. */
bool sign_is_image(const Manifest *manifest);
/* Scanned, and let out by all checks but signatures; of an index, all that is in it. False without
 * *error: not so, or not yet. */
bool sign_passes(const SigningRooms *rooms, const char *repository, const StoredManifest *stored,
                 const Manifest *manifest, GError **error);
/* FOUND: it says which image it repairs (oci/repair_mark.h), or one of an index does, and that one
 * is known here: by an annotation in any repository, by a label in the same one, for labels are
 * inherited by what is built on an image. ABSENT: it says nothing of that. FAILED with
 * ASSAY_ERROR_DENIED: what it names is not known. */
Found sign_finds_repair(const SigningRooms *rooms, const char *repository,
                        const StoredManifest *stored, const Manifest *manifest, GError **error);
