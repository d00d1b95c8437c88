/* What services sign: digests, by names of their own. Pure. */
#pragma once

#include "sign/keys/public_key.h"

/* What a service calls an algorithm. */
typedef struct {
  SignatureAlgorithm algorithm;
  const char *name;
} ServiceAlgorithm;
/* Of @count rows. NULL: ASSAY_ERROR_UNSUPPORTED. */
const char *service_algorithm(const ServiceAlgorithm *rows, size_t count,
                              SignatureAlgorithm algorithm, GError **error);
/* The digest that @algorithm signs, of @message. (transfer full) */
GBytes *service_digest(SignatureAlgorithm algorithm, Slice message);
/* In base64; of ALGORITHM_SM2_SM3, @message is the digest already (key_kind.h). (transfer full) */
char *service_digest_text(SignatureAlgorithm algorithm, Slice message);
/* A member of an answer as a signature: base64 of what GnuTLS has. (transfer full) NULL with
 * *error. */
GBytes *service_signature(SignatureAlgorithm algorithm, const char *base64, GError **error);
