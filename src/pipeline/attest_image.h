/* Attesting what a scan found, within the room: the findings as cosign's predicate of
 * vulnerabilities (cosign, specs/COSIGN_VULN_ATTESTATION_SPEC.md), and the bill of materials as
 * CycloneDX. One that says the same is there already is not made again; one that says otherwise
 * takes the place of those that the same key made before. */
#pragma once

#include "pipeline/sign_store.h"

#define ATTEST_VULNERABILITIES_TYPE "https://cosign.sigstore.dev/attestation/vuln/v1"
#define ATTEST_SBOM_TYPE            "https://cyclonedx.org/bom"

/* Of an image whose scan is done, all that the task's rule attests, in the forms that it writes.
 * Holds while nobody else signs the image. */
bool attest_image(const SignTask *task, GError **error);
