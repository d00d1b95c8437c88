/* Time stamps; see the header. */
#include "sign/formats/timestamp.h"

#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "sign/formats/certificates.h"
#include "text/der.h"

#define STAMP_TYPE       "1.2.840.113549.1.9.16.1.4" /* id-ct-TSTInfo */
#define CERTIFICATES_MAX 10
#define HASH_MAX         64

/* --- what is stamped, and when --- */

typedef struct {
  gnutls_digest_algorithm_t algorithm;
  Slice hash;
  int64_t time;
  Slice nonce; /* its bytes; empty: there is none */
} Stamp;

static bool
find_algorithm(Slice oid, gnutls_digest_algorithm_t *algorithm)
{
  static const uint8_t sha2[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02};
  static const gnutls_digest_algorithm_t of_last[] = {GNUTLS_DIG_UNKNOWN, GNUTLS_DIG_SHA256,
                                                      GNUTLS_DIG_SHA384, GNUTLS_DIG_SHA512};
  if (oid.size != sizeof sha2 + 1 || memcmp(oid.data, sha2, sizeof sha2) != 0)
    return false;
  uint8_t last = oid.data[sizeof sha2];
  *algorithm = last < G_N_ELEMENTS(of_last) ? of_last[last] : GNUTLS_DIG_UNKNOWN;
  return *algorithm != GNUTLS_DIG_UNKNOWN;
}

/* "20261124011546Z", maybe with a fraction. */
static bool
read_time(Slice text, int64_t *seconds)
{
  static const int widths[] = {4, 2, 2, 2, 2, 2};
  int parts[G_N_ELEMENTS(widths)] = {0};
  size_t at = 0;
  if (text.size < 15 || text.data[text.size - 1] != 'Z')
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(widths); i++) {
    for (int j = 0; j < widths[i]; j++, at++) {
      if (!g_ascii_isdigit(text.data[at]))
        return false;
      parts[i] = parts[i] * 10 + (text.data[at] - '0');
    }
  }
  g_autoptr(GDateTime) moment =
      g_date_time_new_utc(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
  if (moment == NULL)
    return false;
  *seconds = g_date_time_to_unix(moment);
  return *seconds > 0;
}

/* What may follow the time: how exact it is, whether stamps are in order, and the nonce. */
static Slice
nonce_of(Slice rest)
{
  Slice skipped, nonce;
  der_take(&rest, DER_LIST, &skipped);
  der_take(&rest, DER_BOOLEAN, &skipped);
  return der_take(&rest, DER_INTEGER, &nonce) ? nonce : SLICE_EMPTY;
}

static bool
read_stamp(Slice info, Stamp *stamp, GError **error)
{
  Slice fields, imprint, algorithm, skipped, oid, time;
  if (der_take(&info, DER_LIST, &fields) && der_take(&fields, DER_INTEGER, &skipped) &&
      der_take(&fields, DER_OID, &skipped) && der_take(&fields, DER_LIST, &imprint) &&
      der_take(&imprint, DER_LIST, &algorithm) && der_take(&algorithm, DER_OID, &oid) &&
      der_take(&imprint, DER_BYTES, &stamp->hash) && der_take(&fields, DER_INTEGER, &skipped) &&
      der_take(&fields, DER_TIME, &time) && read_time(time, &stamp->time)) {
    stamp->nonce = nonce_of(fields);
    return find_algorithm(oid, &stamp->algorithm) ||
           error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "the time stamp is of another hash than SHA-2");
  }
  return error_set(error, ASSAY_ERROR_INVALID, "the time stamp is damaged");
}

static bool
check_imprint(const Stamp *stamp, Slice stamped, GError **error)
{
  uint8_t hash[HASH_MAX];
  int size = gnutls()->hash_get_len(stamp->algorithm);
  if (size > 0 && size <= HASH_MAX && stamp->hash.size == (size_t)size &&
      gnutls()->hash_fast(stamp->algorithm, stamped.data, stamped.size, hash) >= 0 &&
      memcmp(hash, stamp->hash.data, stamp->hash.size) == 0)
    return true;
  return error_set(error, ASSAY_ERROR_MISMATCH, "the time stamp is of something else");
}

/* What it shall be of. */
typedef struct {
  Slice stamped;
  const Slice *nonce;     /* NULL: nobody asked for one */
  const GPtrArray *links; /* that the token may leave out; or NULL */
  const GPtrArray *roots;
} Wanted;

static bool
check_nonce(const Stamp *stamp, const Wanted *wanted, GError **error)
{
  if (wanted->nonce == NULL)
    return true;
  Slice given = stamp->nonce, asked = *wanted->nonce;
  while (asked.size > 1 && asked.data[0] == 0)
    asked = slice_sub(asked, 1, asked.size);
  if (given.size > 1 && given.data[0] == 0)
    given = slice_sub(given, 1, given.size);
  return slice_equal(given, asked) ||
         error_set(error, ASSAY_ERROR_MISMATCH, "the time stamp answers another request");
}

/* --- who stamped --- */

static bool
is_signer(gnutls_pkcs7_t token, const gnutls_datum_t *der)
{
  gnutls_x509_crt_t certificate;
  /* GnuTLS loses memory over a key that it cannot read. */
  g_autoptr(PublicKey) key = certificate_key(slice_new(der->data, der->size), NULL);
  if (key == NULL || gnutls()->x509_crt_init(&certificate) < 0)
    return false;
  bool signer = gnutls()->x509_crt_import(certificate, der, GNUTLS_X509_FMT_DER) >= 0 &&
                gnutls()->pkcs7_verify_direct(token, certificate, 0, NULL,
                                              GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
                                                  GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS) >= 0;
  gnutls()->x509_crt_deinit(certificate);
  return signer;
}

/* Adds a certificate to the chain; the signer's is the first. */
static void
add_link(gnutls_pkcs7_t token, GPtrArray *chain, const gnutls_datum_t *der, bool *found)
{
  bool signer = !*found && is_signer(token, der);
  g_ptr_array_insert(chain, signer ? 0 : -1, g_bytes_new(der->data, der->size));
  *found = *found || signer;
}

/* Its certificates and @links, that of the signer first; NULL: none of them signed it. (transfer
 * full) */
static GPtrArray *
find_chain(gnutls_pkcs7_t token, const GPtrArray *links, GError **error)
{
  g_autoptr(GPtrArray) chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  bool found = false;
  int count = MIN(gnutls()->pkcs7_get_crt_count(token), CERTIFICATES_MAX);
  for (int i = 0; i < count; i++) {
    gnutls_datum_t der = {NULL, 0};
    if (gnutls()->pkcs7_get_crt_raw2(token, (unsigned)i, &der) < 0)
      continue;
    add_link(token, chain, &der, &found);
    (*gnutls()->free)(der.data);
  }
  for (guint i = 0; links != NULL && i < links->len; i++) {
    Slice link = slice_from_bytes(g_ptr_array_index(links, i));
    const gnutls_datum_t der = {(unsigned char *)(uintptr_t)link.data, (unsigned)link.size};
    if (!g_ptr_array_find_with_equal_func(chain, g_ptr_array_index(links, i),
                                          (GEqualFunc)g_bytes_equal, NULL))
      add_link(token, chain, &der, &found);
  }
  if (found)
    return g_steal_pointer(&chain);
  error_set(error, ASSAY_ERROR_MISMATCH, "the time stamp is by none of its certificates");
  return NULL;
}

static bool
is_of_stamps(gnutls_pkcs7_t token)
{
  const char *type = gnutls()->pkcs7_get_embedded_data_oid(token);
  return g_strcmp0(type, STAMP_TYPE) == 0 && gnutls()->pkcs7_get_signature_count(token) == 1;
}

static int64_t
verify(gnutls_pkcs7_t token, const Wanted *wanted, GError **error)
{
  gnutls_datum_t info = {NULL, 0};
  Stamp stamp = {.time = 0};
  if (!is_of_stamps(token) || gnutls()->pkcs7_get_embedded_data(token, 0, &info) < 0) {
    error_set(error, ASSAY_ERROR_INVALID, "it is no time stamp");
    return 0;
  }
  bool good = read_stamp(slice_new(info.data, info.size), &stamp, error) &&
              check_imprint(&stamp, wanted->stamped, error) && check_nonce(&stamp, wanted, error);
  (*gnutls()->free)(info.data);
  g_autoptr(GPtrArray) chain = good ? find_chain(token, wanted->links, error) : NULL;
  bool anybody = wanted->nonce != NULL && wanted->roots->len == 0;
  if (chain == NULL ||
      (!anybody &&
       !certificates_verify(chain, wanted->roots, CERTIFICATE_STAMPS_TIME, stamp.time, error)))
    return 0;
  return stamp.time;
}

static int64_t
open_token(Slice token, const Wanted *wanted, GError **error)
{
  gnutls_pkcs7_t parsed;
  const gnutls_datum_t der = {(unsigned char *)(uintptr_t)token.data, (unsigned)token.size};
  if (token.size > TIMESTAMP_MAX || gnutls()->pkcs7_init(&parsed) < 0) {
    error_set(error, ASSAY_ERROR_LIMIT, "the time stamp is too large");
    return 0;
  }
  int64_t time = 0;
  int status = gnutls()->pkcs7_import(parsed, &der, GNUTLS_X509_FMT_DER);
  if (status < 0)
    error_set(error, ASSAY_ERROR_INVALID, "it is no time stamp: %s", gnutls()->strerror(status));
  else
    time = verify(parsed, wanted, error);
  gnutls()->pkcs7_deinit(parsed);
  return time;
}

Slice
timestamp_token(Slice bytes)
{
  Slice answer, status, content, rest = bytes;
  return der_take(&rest, DER_LIST, &answer) && der_take(&answer, DER_LIST, &status) &&
                 (rest = answer, der_take(&rest, DER_LIST, &content))
             ? answer
             : bytes;
}

int64_t
timestamp_verify(Slice token, Slice stamped, const GPtrArray *links, const GPtrArray *roots,
                 GError **error)
{
  const Wanted wanted = {stamped, NULL, links, roots};
  return open_token(timestamp_token(token), &wanted, error);
}

int64_t
timestamp_check(Slice token, Slice stamped, Slice nonce, const GPtrArray *roots, GError **error)
{
  const Wanted wanted = {stamped, &nonce, NULL, roots};
  return open_token(token, &wanted, error);
}
