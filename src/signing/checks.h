/* What an attestor and a rule must have, alone and beside the others of a set, before they are
 * written. Nothing blocks. */
#pragma once

#include "signing/signing.h"

/* Sets the fingerprints of its keys. ASSAY_ERROR_INVALID; _NOT_FOUND: what it names is not there.
 */
bool signing_check_attestor(const SigningSet *set, const AttestorRow *row, GError **error);
bool signing_check_rule(const SigningSet *set, const SigningRule *rule, GError **error);
