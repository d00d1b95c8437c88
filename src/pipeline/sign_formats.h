/* Signing one manifest in each format that its rule wants, within the room. */
#pragma once

#include "pipeline/sign_store.h"

/* What @rule needs of the key beside signing: the certificates of Notation's format, into *chain
 * (transfer full); NULL without *error where no format needs any. ASSAY_ERROR_INVALID: there are
 * none, or they have ended. */
bool sign_formats_chain(const SigningRule *rule, const SigningKey *key, GPtrArray **chain,
                        GError **error);
/* All are made before one is stored: what fails leaves nothing. What is there already by the task's
 * key, and with its certificates, is not made again. Holds while nobody else signs the image. */
bool sign_formats(const SignTask *task, GError **error);
