/* What services sign; see the header. */
#include "sign/keys/service_sign.h"

#include <string.h>

#include "base/error.h"

const char *
service_algorithm(const ServiceAlgorithm *rows, size_t count, SignatureAlgorithm algorithm,
                  GError **error)
{
  for (size_t i = 0; i < count; i++)
    if (rows[i].algorithm == algorithm)
      return rows[i].name;
  error_set(error, ASSAY_ERROR_UNSUPPORTED, "its service does not sign by %s",
            algorithm_name(algorithm));
  return NULL;
}

static GChecksumType
checksum_of(SignatureAlgorithm algorithm)
{
  switch (algorithm) {
  case ALGORITHM_ES384:
  case ALGORITHM_RS384:
  case ALGORITHM_PS384:
    return G_CHECKSUM_SHA384;
  case ALGORITHM_ES512:
  case ALGORITHM_RS512:
  case ALGORITHM_PS512:
    return G_CHECKSUM_SHA512;
  default:
    return G_CHECKSUM_SHA256;
  }
}

GBytes *
service_digest(SignatureAlgorithm algorithm, Slice message)
{
  GChecksum *checksum = g_checksum_new(checksum_of(algorithm));
  uint8_t digest[64];
  gsize size = sizeof digest;
  for (size_t at = 0; at < message.size;) {
    size_t part = MIN(message.size - at, (size_t)G_MAXINT);
    g_checksum_update(checksum, message.data + at, (gssize)part);
    at += part;
  }
  g_checksum_get_digest(checksum, digest, &size);
  g_checksum_free(checksum);
  return g_bytes_new(digest, size);
}

char *
service_digest_text(SignatureAlgorithm algorithm, Slice message)
{
  if (algorithm == ALGORITHM_SM2_SM3)
    return g_base64_encode(message.data, message.size);
  g_autoptr(GBytes) digest = service_digest(algorithm, message);
  Slice bytes = slice_from_bytes(digest);
  return g_base64_encode(bytes.data, bytes.size);
}

GBytes *
service_signature(SignatureAlgorithm algorithm, const char *base64, GError **error)
{
  gsize size = 0;
  g_autofree guchar *bytes = base64 == NULL ? NULL : g_base64_decode(base64, &size);
  GBytes *signature = size == 0 ? NULL : algorithm_signature(algorithm, slice_new(bytes, size));
  if (signature == NULL)
    error_set(error, ASSAY_ERROR_NETWORK, "its service answered without a signature");
  return signature;
}
