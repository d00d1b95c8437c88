/* Stamps of CT logs; see the header. */
#include "sign/formats/certificate_log.h"

#include <string.h>

#include "base/error.h"
#include "oci/digest.h"
#include "sign/formats/fulcio.h"
#include "sign/formats/trusted_root.h"
#include "text/der.h"

/* 1.3.6.1.4.1.11129.2.4.2 */
#define STAMPS_OID SLICE_LITERAL("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02")

/* What a log signs of a certificate (RFC 6962, 3.2). */
enum { SIGNED_STAMP = 0, ENTRY_PRECERTIFICATE = 1, VERSION_1 = 0 };

typedef struct {
  Slice log, time, extensions, signature;
} Stamp;

/* --- TLS's encoding (RFC 5246, section 4) --- */

static bool
take_number(Slice *rest, size_t size, uint64_t *number)
{
  Slice bytes;
  if (!slice_take(rest, size, &bytes))
    return false;
  *number = 0;
  for (size_t i = 0; i < size; i++)
    *number = *number << 8 | bytes.data[i];
  return true;
}

static bool
take_sized(Slice *rest, Slice *taken)
{
  uint64_t size;
  return take_number(rest, 2, &size) && slice_take(rest, (size_t)size, taken);
}

static void
add_number(GByteArray *out, size_t size, uint64_t number)
{
  for (size_t i = size; i > 0; i--) {
    uint8_t byte = (uint8_t)(number >> (8 * (i - 1)));
    g_byte_array_append(out, &byte, 1);
  }
}

static void
add_bytes(GByteArray *out, Slice bytes)
{
  g_byte_array_append(out, bytes.data, (guint)bytes.size);
}

/* --- */

static bool
read_stamp(Slice bytes, Stamp *stamp)
{
  uint8_t version;
  Slice algorithm;
  return slice_take_uint8(&bytes, &version) && version == VERSION_1 &&
         slice_take(&bytes, 32, &stamp->log) && slice_take(&bytes, 8, &stamp->time) &&
         take_sized(&bytes, &stamp->extensions) && slice_take(&bytes, 2, &algorithm) &&
         take_sized(&bytes, &stamp->signature) && bytes.size == 0;
}

/* The certificate as it was before the stamps were put in: without them. (transfer full) NULL: it
 * has none. */
static GByteArray *
before_stamps(const CertificateParts *parts, Slice *stamps)
{
  g_autoptr(GByteArray) kept = g_byte_array_new();
  g_autoptr(GByteArray) list = g_byte_array_new(), whole = g_byte_array_new();
  Slice rest = parts->extensions, oid, value, extension;
  bool found = false;
  while (certificate_next_extension(&rest, &oid, &value, &extension)) {
    if (!slice_equal(oid, STAMPS_OID)) {
      add_bytes(kept, extension);
      continue;
    }
    if (found || !der_take(&value, DER_BYTES, stamps))
      return NULL;
    found = true;
  }
  if (!found || rest.size > 0)
    return NULL;
  add_bytes(whole, parts->head);
  if (kept->len > 0) {
    der_add(list, DER_LIST, slice_new(kept->data, kept->len));
    der_add(whole, DER_CONTEXT + 3, slice_new(list->data, list->len));
  }
  GByteArray *fields = g_byte_array_new();
  der_add(fields, DER_LIST, slice_new(whole->data, whole->len));
  return fields;
}

static bool
is_by(const TransparencyLog *log, const Stamp *stamp, const GByteArray *fields, Slice issuer)
{
  CertificateParts parts;
  uint8_t hash[32];
  if (!certificate_parts(issuer, &parts))
    return false;
  transparency_hash(parts.key, SLICE_EMPTY, SLICE_EMPTY, hash);
  g_autoptr(GByteArray) text = g_byte_array_new();
  add_number(text, 1, VERSION_1);
  add_number(text, 1, SIGNED_STAMP);
  add_bytes(text, stamp->time);
  add_number(text, 2, ENTRY_PRECERTIFICATE);
  add_bytes(text, slice_new(hash, sizeof hash));
  add_number(text, 3, fields->len);
  add_bytes(text, slice_new(fields->data, fields->len));
  add_number(text, 2, stamp->extensions.size);
  add_bytes(text, stamp->extensions);
  return public_key_verify(log->key, public_key_cosign_algorithm(log->key),
                           slice_new(text->data, text->len), stamp->signature);
}

static bool
is_by_any(const Stamp *stamp, const GByteArray *fields, const GPtrArray *issuers,
          const GPtrArray *logs)
{
  uint64_t milliseconds = 0;
  Slice time = stamp->time;
  take_number(&time, 8, &milliseconds);
  for (guint i = 0; i < logs->len; i++) {
    const TransparencyLog *log = g_ptr_array_index(logs, i);
    if (!slice_equal(slice_from_bytes(log->id), stamp->log) ||
        !validity_holds(&log->validity, (int64_t)(milliseconds / 1000)))
      continue;
    for (guint j = 0; j < issuers->len; j++)
      if (is_by(log, stamp, fields, slice_from_bytes(g_ptr_array_index(issuers, j))))
        return true;
  }
  return false;
}

bool
certificate_log_verify(Slice certificate, const GPtrArray *issuers, const GPtrArray *logs,
                       GError **error)
{
  CertificateParts parts;
  Slice list = SLICE_EMPTY, stamps, bytes;
  Stamp stamp;
  g_autoptr(GByteArray) fields =
      certificate_parts(certificate, &parts) ? before_stamps(&parts, &list) : NULL;
  if (fields == NULL || !take_sized(&list, &stamps))
    return error_set(error, ASSAY_ERROR_MISMATCH, "its certificate has no stamp of a CT log");
  for (unsigned i = 0; i < CERTIFICATE_STAMPS_MAX && take_sized(&stamps, &bytes); i++)
    if (read_stamp(bytes, &stamp) && is_by_any(&stamp, fields, issuers, logs))
      return true;
  return error_set(error, ASSAY_ERROR_MISMATCH,
                   "its certificate has no stamp of a CT log that is trusted");
}
