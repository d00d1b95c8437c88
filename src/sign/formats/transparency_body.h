/* What an entry of Rekor says: whose signature over what it is (sigstore/rekor, pkg/types, and
 * sigstore/rekor-tiles for the second version). Nothing blocks. */
#pragma once

#include "sign/formats/signature.h"

/* Whether @body is the entry of this signature, by @verifier (a certificate or a
 * SubjectPublicKeyInfo in DER), and of what it signed. @kind, @version: what is said of it
 * elsewhere, or NULL. ASSAY_ERROR_MISMATCH, _UNSUPPORTED, _INVALID, in words that go on from "its
 * entry in a log". */
bool log_body_check(Slice body, const char *kind, const char *version, const Signature *signature,
                    Slice verifier, GError **error);
