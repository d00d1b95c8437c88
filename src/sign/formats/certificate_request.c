/* Requests for certificates; see the header. */
#include "sign/formats/certificate_request.h"

#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "text/der.h"

static bool
tell(int status, const char *what, GError **error)
{
  return status >= 0 ||
         error_set(error, ASSAY_ERROR_FAILED, "the request for a certificate: %s: %s", what,
                   gnutls()->strerror(status));
}

static bool
fill(gnutls_x509_crq_t request, const PublicKey *public, const char *subject, GError **error)
{
  const char *where = NULL;
  if (gnutls()->x509_crq_set_dn(request, subject, &where) < 0)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "\"%s\" is no distinguished name (wanted is one as CN=release,O=Example)",
                     subject);
  return tell(gnutls()->x509_crq_set_version(request, 1), "its version", error) &&
         tell(gnutls()->x509_crq_set_pubkey(request, public_key_handle(public)), "its key",
              error) &&
         tell(gnutls()->x509_crq_set_key_usage(request, GNUTLS_KEY_DIGITAL_SIGNATURE), "its usage",
              error) &&
         tell(gnutls()->x509_crq_set_key_purpose_oid(request, GNUTLS_KP_CODE_SIGNING, 0),
              "its purpose", error);
}

/* The part that is signed, of a request that any key has signed: GnuTLS signs by keys that it has,
 * and ours may be anywhere. (transfer full) */
static GBytes *
info_of(gnutls_x509_crq_t request, gnutls_x509_privkey_t other, GError **error)
{
  gnutls_privkey_t handle;
  gnutls_datum_t der = {NULL, 0};
  if (!tell(gnutls()->privkey_init(&handle), "memory", error))
    return NULL;
  bool done =
      tell(gnutls()->privkey_import_x509(handle, other, 0), "a key", error) &&
      tell(gnutls()->x509_crq_privkey_sign(request, handle, GNUTLS_DIG_SHA256, 0), "its form",
           error) &&
      tell(gnutls()->x509_crq_export2(request, GNUTLS_X509_FMT_DER, &der), "its form", error);
  gnutls()->privkey_deinit(handle);
  if (!done)
    return NULL;
  Slice rest = slice_new(der.data, der.size), all, info;
  GBytes *bytes = der_take(&rest, DER_LIST, &all) && der_take_whole(&all, DER_LIST, &info)
                      ? g_bytes_new(info.data, info.size)
                      : NULL;
  (*gnutls()->free)(der.data);
  if (bytes == NULL)
    error_set(error, ASSAY_ERROR_FAILED, "the request for a certificate cannot be read");
  return bytes;
}

/* (transfer full) */
static GBytes *
describe(const PublicKey *public, const char *subject, GError **error)
{
  gnutls_x509_crq_t request;
  gnutls_x509_privkey_t other;
  if (!tell(gnutls()->x509_crq_init(&request), "memory", error))
    return NULL;
  GBytes *info = NULL;
  if (tell(gnutls()->x509_privkey_init(&other), "memory", error)) {
    if (tell(gnutls()->x509_privkey_generate(other, GNUTLS_PK_ECDSA,
                                             GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
             "a key", error) &&
        fill(request, public, subject, error))
      info = info_of(request, other, error);
    gnutls()->x509_privkey_deinit(other);
  }
  gnutls()->x509_crq_deinit(request);
  return info;
}

/* --- the signature --- */

static const uint8_t sha2[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02};

/* What an algorithm of RSA is called: its OID, and "null". */
static void
add_rsa(GByteArray *out, uint8_t last, Slice parameters)
{
  const uint8_t oid[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last};
  g_autoptr(GByteArray) all = g_byte_array_new();
  der_add(all, DER_OID, slice_new(oid, sizeof oid));
  g_byte_array_append(all, parameters.data, (guint)parameters.size);
  der_add(out, DER_LIST, slice_new(all->data, all->len));
}

/* RFC 4055, section 3.1: the hash, the mask's hash, which is the same, and the salt's length, which
 * is the hash's. */
static void
add_pss(GByteArray *out, uint8_t hash, uint8_t salt)
{
  static const uint8_t null[] = {0x05, 0x00};
  g_autoptr(GByteArray) oid = g_byte_array_new(), identifier = g_byte_array_new(),
                        whole = g_byte_array_new(), mask = g_byte_array_new(),
                        number = g_byte_array_new(), parts = g_byte_array_new(),
                        parameters = g_byte_array_new();
  g_byte_array_append(oid, sha2, sizeof sha2);
  g_byte_array_append(oid, &hash, 1);
  der_add(identifier, DER_OID, slice_new(oid->data, oid->len));
  g_byte_array_append(identifier, null, sizeof null);
  der_add(whole, DER_LIST, slice_new(identifier->data, identifier->len));
  add_rsa(mask, 0x08, slice_new(whole->data, whole->len));
  der_add_number(number, slice_new(&salt, 1));
  der_add(parts, 0xa0, slice_new(whole->data, whole->len));
  der_add(parts, 0xa1, slice_new(mask->data, mask->len));
  der_add(parts, 0xa2, slice_new(number->data, number->len));
  der_add(parameters, DER_LIST, slice_new(parts->data, parts->len));
  add_rsa(out, 0x0a, slice_new(parameters->data, parameters->len));
}

/* ecdsa-with-SHA256 and its likes (RFC 5758). */
static void
add_ecdsa(GByteArray *out, uint8_t last)
{
  const uint8_t oid[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last};
  g_autoptr(GByteArray) all = g_byte_array_new();
  der_add(all, DER_OID, slice_new(oid, sizeof oid));
  der_add(out, DER_LIST, slice_new(all->data, all->len));
}

static void
add_algorithm(GByteArray *out, SignatureAlgorithm algorithm)
{
  static const uint8_t null[] = {0x05, 0x00};
  switch (algorithm) {
  case ALGORITHM_ES256:
    return add_ecdsa(out, 0x02);
  case ALGORITHM_ES384:
    return add_ecdsa(out, 0x03);
  case ALGORITHM_ES512:
    return add_ecdsa(out, 0x04);
  case ALGORITHM_PS256:
    return add_pss(out, 0x01, 32);
  case ALGORITHM_PS384:
    return add_pss(out, 0x02, 48);
  case ALGORITHM_PS512:
    return add_pss(out, 0x03, 64);
  default:
    return add_rsa(out, 0x0b, slice_new(null, sizeof null)); /* sha256WithRSAEncryption */
  }
}

/* (transfer full) */
static char *
to_pem(const GByteArray *request)
{
  const gnutls_datum_t der = {request->data, request->len};
  gnutls_datum_t pem = {NULL, 0};
  if (gnutls()->pem_base64_encode2("CERTIFICATE REQUEST", &der, &pem) < 0)
    return NULL;
  char *text = g_strndup((const char *)pem.data, pem.size);
  (*gnutls()->free)(pem.data);
  return text;
}

static char *
sign_info(Key *key, SignatureAlgorithm algorithm, GBytes *info, Cancellable *cancellable,
          GError **error)
{
  static const uint8_t no_bits_left = 0;
  g_autoptr(GBytes) made = key_sign(key, algorithm, slice_from_bytes(info), cancellable, error);
  g_autoptr(GBytes) signature =
      made == NULL ? NULL : algorithm_signature_for_gnutls(algorithm, slice_from_bytes(made));
  if (signature == NULL)
    return NULL;
  g_autoptr(GByteArray) bits = g_byte_array_new(), parts = g_byte_array_new(),
                        request = g_byte_array_new();
  g_byte_array_append(bits, &no_bits_left, 1);
  g_byte_array_append(bits, g_bytes_get_data(signature, NULL), (guint)g_bytes_get_size(signature));
  g_byte_array_append(parts, g_bytes_get_data(info, NULL), (guint)g_bytes_get_size(info));
  add_algorithm(parts, algorithm);
  der_add(parts, DER_BITS, slice_new(bits->data, bits->len));
  der_add(request, DER_LIST, slice_new(parts->data, parts->len));
  return to_pem(request);
}

char *
certificate_request(Key *key, const char *subject, Cancellable *cancellable, GError **error)
{
  SignatureAlgorithm algorithm;
  g_autoptr(GError) failure = NULL;
  if (strlen(subject) > CERTIFICATE_REQUEST_SUBJECT_MAX) {
    error_set(error, ASSAY_ERROR_INVALID, "the subject has more than %u characters",
              CERTIFICATE_REQUEST_SUBJECT_MAX);
    return NULL;
  }
  if (!public_key_notation_algorithm(key_public(key), &algorithm)) {
    g_autofree char *words = public_key_in_words(key_public(key));
    error_set(error, ASSAY_ERROR_UNSUPPORTED,
              "certificates are for signatures of the Notary Project, which has none by %s", words);
    return NULL;
  }
  g_autoptr(GBytes) info = describe(key_public(key), subject, error);
  if (info == NULL)
    return NULL;
  /* Authorities know PKCS#1 best; there are services whose keys sign by PSS alone. */
  if (public_key_fits(key_public(key), ALGORITHM_RS256)) {
    char *request = sign_info(key, ALGORITHM_RS256, info, cancellable, &failure);
    if (request != NULL || !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED)) {
      if (request == NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
      return request;
    }
  }
  return sign_info(key, algorithm, info, cancellable, error);
}
