/* What proves when a signature was made, for an attestor: that it is in a log that he trusts, and
 * since when, and time stamps. Nothing blocks. */
#pragma once

#include "sign/attestor.h"

/* Moments at which it was there already, in seconds since 1970. */
#define PROOF_TIMES_MAX 8u
typedef struct {
  int64_t times[PROOF_TIMES_MAX];
  unsigned count;
} Proof;

/* @verifier: the certificate, or the SubjectPublicKeyInfo of the key, that it is by, in DER. False:
 * the attestor demands a log, and it is in none; ASSAY_ERROR_MISMATCH in words that go on from "a
 * signature". */
bool proof_find(const Attestor *attestor, const Signature *signature, Slice verifier, Proof *proof,
                GError **error);
/* The first of them; 0: none. */
int64_t proof_first(const Proof *proof);

/* Whether the signature's certificate leads to an authority of @attestor, and was good at each
 * moment of @proof, or at @otherwise where there is none; and, where he names CT logs, whether one
 * of them has it. Of authorities whose certificates are short-lived there must be a proof.
 * ASSAY_ERROR_MISMATCH in words. */
bool proof_check_certificate(const Attestor *attestor, const Signature *signature,
                             const Proof *proof, int64_t otherwise, GError **error);
