/* The certificates of a key that signs; see the header. */
#include "sign/formats/signing_chain.h"

#include <string.h>

#include "base/calendar.h"
#include "base/error.h"
#include "base/gnutls_library.h"
#include "sign/formats/certificates.h"
#include "sign/formats/notation.h"

#define PURPOSES_MAX 32u

typedef struct {
  gnutls_x509_crt_t list[NOTATION_CHAIN_MAX];
  unsigned count;
} Chain;

static void
chain_clear(Chain *chain)
{
  for (unsigned i = 0; i < chain->count; i++)
    gnutls()->x509_crt_deinit(chain->list[i]);
  chain->count = 0;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Chain, chain_clear)

GPtrArray *
signing_chain_read(Slice pem, GError **error)
{
  g_autoptr(GPtrArray) chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  if (pem.size > SIGNING_CHAIN_FILE_MAX) {
    error_set(error, ASSAY_ERROR_LIMIT, "the certificates have more than %zu bytes",
              SIGNING_CHAIN_FILE_MAX);
    return NULL;
  }
  return certificates_read(pem, CERTIFICATE_ROOTS_MAX, chain, error) ? g_steal_pointer(&chain)
                                                                     : NULL;
}

static bool
open_chain(const GPtrArray *certificates, Chain *chain, GError **error)
{
  if (certificates->len == 0 || certificates->len > NOTATION_CHAIN_MAX)
    return error_set(error, ASSAY_ERROR_INVALID, "there are %u certificates, not 1 to %u",
                     certificates->len, NOTATION_CHAIN_MAX);
  for (guint i = 0; i < certificates->len; i++) {
    Slice der = slice_from_bytes(g_ptr_array_index(certificates, i));
    const gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)der.data, (unsigned)der.size};
    if (gnutls()->x509_crt_init(&chain->list[i]) < 0)
      return error_set(error, ASSAY_ERROR_IO, "no memory for certificates");
    chain->count++;
    int status = gnutls()->x509_crt_import(chain->list[i], &bytes, GNUTLS_X509_FMT_DER);
    if (status < 0)
      return error_set(error, ASSAY_ERROR_INVALID, "certificate %u is damaged: %s", i + 1,
                       gnutls()->strerror(status));
  }
  return true;
}

/* --- whose it is --- */

static bool
check_leaf_key(const GPtrArray *certificates, const PublicKey *key, GError **error)
{
  SignatureAlgorithm algorithm;
  if (!public_key_notation_algorithm(key, &algorithm)) {
    g_autofree char *words = public_key_in_words(key);
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "the Notary Project has no signatures by %s (it has them by RSA of 2048 to "
                     "4096 bits and by ECDSA)",
                     words);
  }
  g_autoptr(PublicKey) leaf =
      certificate_key(slice_from_bytes(g_ptr_array_index(certificates, 0)), error);
  if (leaf == NULL)
    return false;
  return strcmp(public_key_fingerprint(leaf), public_key_fingerprint(key)) == 0 ||
         error_set(error, ASSAY_ERROR_MISMATCH,
                   "the first certificate is of another key (%s) than the one that signs (%s)",
                   public_key_fingerprint(leaf), public_key_fingerprint(key));
}

/* --- what its extensions say --- */

static bool
is_authority(gnutls_x509_crt_t certificate, unsigned *critical, int *below)
{
  unsigned authority = 0;
  *critical = 0;
  *below = -1;
  return gnutls()->x509_crt_get_basic_constraints(certificate, critical, &authority, below) >= 0 &&
         authority != 0;
}

static bool
check_leaf_usage(gnutls_x509_crt_t leaf, GError **error)
{
  unsigned usage = 0, critical = 0;
  const unsigned allowed = GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_NON_REPUDIATION;
  if (gnutls()->x509_crt_get_key_usage(leaf, &usage, &critical) >= 0 && critical != 0 &&
      (usage & GNUTLS_KEY_DIGITAL_SIGNATURE) != 0 && (usage & ~allowed) == 0)
    return true;
  return error_set(
      error, ASSAY_ERROR_INVALID,
      "the key's certificate must have the usage \"digital signature\" alone, and that "
      "must be critical");
}

static bool
check_leaf_purposes(gnutls_x509_crt_t leaf, GError **error)
{
  static const char *const refused[] = {GNUTLS_KP_ANY,
                                        GNUTLS_KP_TLS_WWW_SERVER,
                                        GNUTLS_KP_TLS_WWW_CLIENT,
                                        GNUTLS_KP_EMAIL_PROTECTION,
                                        GNUTLS_KP_TIME_STAMPING,
                                        NULL};
  for (unsigned i = 0; i < PURPOSES_MAX; i++) {
    char purpose[128];
    size_t size = sizeof purpose;
    int status = gnutls()->x509_crt_get_key_purpose_oid(leaf, i, purpose, &size, NULL);
    if (status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
      return true;
    if (status < 0 || g_strv_contains(refused, purpose))
      break;
  }
  return error_set(error, ASSAY_ERROR_INVALID,
                   "the key's certificate must be for signing code, and for nothing else");
}

static bool
check_leaf(gnutls_x509_crt_t leaf, GError **error)
{
  unsigned critical;
  int below;
  if (is_authority(leaf, &critical, &below))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "the first certificate is an authority's: wanted is the key's own, first");
  return check_leaf_usage(leaf, error) && check_leaf_purposes(leaf, error);
}

/* @depth: how many authorities are below it. */
static bool
check_authority(gnutls_x509_crt_t certificate, unsigned depth, GError **error)
{
  unsigned usage = 0, critical = 0, usage_critical = 0;
  int below;
  if (!is_authority(certificate, &critical, &below) || critical == 0 ||
      (below >= 0 && (unsigned)below < depth))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "certificate %u may not vouch for the one before it: its basic constraints "
                     "must be critical, and allow that",
                     depth + 2);
  return (gnutls()->x509_crt_get_key_usage(certificate, &usage, &usage_critical) >= 0 &&
          usage_critical != 0 && (usage & GNUTLS_KEY_KEY_CERT_SIGN) != 0) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "certificate %u must have the usage \"certificate signing\", and that must be "
                   "critical",
                   depth + 2);
}

/* --- by whom it is --- */

static bool
is_by(gnutls_x509_crt_t certificate, gnutls_x509_crt_t issuer)
{
  unsigned found = 0;
  return gnutls()->x509_crt_check_issuer(certificate, issuer) != 0 &&
         gnutls()->x509_crt_verify(certificate, &issuer, 1,
                                   GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
                                       GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS |
                                       GNUTLS_VERIFY_DISABLE_CA_SIGN,
                                   &found) >= 0 &&
         found == 0;
}

/* A self-signed one is last, and nothing follows it. */
static bool
check_order(const Chain *chain, GError **error)
{
  for (unsigned i = 0; i < chain->count; i++) {
    bool is_last = i + 1 == chain->count;
    bool is_root = gnutls()->x509_crt_check_issuer(chain->list[i], chain->list[i]) != 0;
    if (is_last && !is_root)
      return error_set(error, ASSAY_ERROR_INVALID,
                       "the certificates do not end with a root: all of them are wanted, the key's "
                       "own first and the root last");
    if (!is_last && (is_root || !is_by(chain->list[i], chain->list[i + 1])))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "certificate %u is not by the one that follows it: wanted are the key's own "
                       "first, each by the next, and the root last",
                       i + 1);
  }
  return true;
}

bool
signing_chain_check(const GPtrArray *certificates, const PublicKey *key, GError **error)
{
  g_auto(Chain) chain = {.count = 0};
  if (!open_chain(certificates, &chain, error) || !check_leaf_key(certificates, key, error) ||
      !check_order(&chain, error) || !check_leaf(chain.list[0], error))
    return false;
  for (unsigned i = 1; i < chain.count; i++)
    if (!check_authority(chain.list[i], i - 1, error))
      return false;
  return true;
}

/* --- time --- */

ChainTimes
signing_chain_times(const GPtrArray *certificates)
{
  ChainTimes times = {0, G_MAXINT64};
  g_auto(Chain) chain = {.count = 0};
  if (!open_chain(certificates, &chain, NULL))
    return (ChainTimes){0, 0};
  for (unsigned i = 0; i < chain.count; i++) {
    times.from = MAX(times.from, gnutls()->x509_crt_get_activation_time(chain.list[i]));
    times.until = MIN(times.until, gnutls()->x509_crt_get_expiration_time(chain.list[i]));
  }
  return times;
}

bool
signing_chain_good(ChainTimes times, int64_t now, GError **error)
{
  if (now >= times.from && now <= times.until)
    return true;
  bool early = now < times.from;
  g_autofree char *moment = calendar_moment(early ? times.from : times.until);
  return error_set(error, ASSAY_ERROR_INVALID,
                   early ? "the key's certificates are good only from %s on"
                         : "the key's certificates were good until %s",
                   moment);
}
