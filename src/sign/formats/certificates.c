/* The certificates of signatures; see the header. */
#include "sign/formats/certificates.h"

#include <string.h>

#include "base/calendar.h"
#include "base/error.h"
#include "base/gnutls_library.h"
#include "sign/formats/fulcio.h"
#include "text/glob.h"

#define CHAIN_MAX 16u
#define NAMES_MAX 64u

typedef struct {
  gnutls_x509_crt_t list[CERTIFICATE_ROOTS_MAX];
  unsigned count;
} Certificates;

static void
certificates_clear(Certificates *certificates)
{
  for (unsigned i = 0; i < certificates->count; i++)
    gnutls()->x509_crt_deinit(certificates->list[i]);
  certificates->count = 0;
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Certificates, certificates_clear)

static bool
add(Certificates *certificates, Slice der, GError **error)
{
  const gnutls_datum_t bytes = {(unsigned char *)(uintptr_t)der.data, (unsigned)der.size};
  gnutls_x509_crt_t *place = &certificates->list[certificates->count];
  if (der.size > G_MAXINT || gnutls()->x509_crt_init(place) < 0)
    return error_set(error, ASSAY_ERROR_INVALID, "a certificate is too large");
  certificates->count++;
  int status = gnutls()->x509_crt_import(*place, &bytes, GNUTLS_X509_FMT_DER);
  return status >= 0 || error_set(error, ASSAY_ERROR_INVALID, "a certificate is damaged: %s",
                                  gnutls()->strerror(status));
}

static bool
add_all(Certificates *certificates, const GPtrArray *list, unsigned most, GError **error)
{
  if (list->len > most)
    return error_set(error, ASSAY_ERROR_INVALID, "there are more than %u certificates", most);
  for (guint i = 0; i < list->len; i++)
    if (!add(certificates, slice_from_bytes(g_ptr_array_index(list, i)), error))
      return false;
  return true;
}

bool
certificates_read(Slice pem, unsigned most, GPtrArray *list, GError **error)
{
  gnutls_x509_crt_t *read = NULL;
  unsigned count = 0;
  const gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem.data, (unsigned)pem.size};
  int status = gnutls()->x509_crt_list_import2(&read, &count, &text, GNUTLS_X509_FMT_PEM, 0);
  if (status < 0)
    return error_set(error, ASSAY_ERROR_INVALID, "there is no certificate in PEM: %s",
                     gnutls()->strerror(status));
  bool good = count <= most;
  for (unsigned i = 0; i < count; i++) {
    gnutls_datum_t der = {NULL, 0};
    good = good && gnutls()->x509_crt_export2(read[i], GNUTLS_X509_FMT_DER, &der) >= 0;
    if (der.data != NULL)
      g_ptr_array_add(list, g_bytes_new(der.data, der.size));
    (*gnutls()->free)(der.data);
    gnutls()->x509_crt_deinit(read[i]);
  }
  (*gnutls()->free)(read);
  return good || error_set(error, ASSAY_ERROR_LIMIT, "there are more than %u certificates", most);
}

PublicKey *
certificate_key(Slice der, GError **error)
{
  g_auto(Certificates) one = {.count = 0};
  gnutls_pubkey_t key;
  if (!add(&one, der, error))
    return NULL;
  if (gnutls()->pubkey_init(&key) < 0)
    return NULL;
  int status = gnutls()->pubkey_import_x509(key, one.list[0], 0);
  if (status < 0) {
    gnutls()->pubkey_deinit(key);
    error_set(error, ASSAY_ERROR_INVALID, "a certificate's key cannot be read: %s",
              gnutls()->strerror(status));
    return NULL;
  }
  return public_key_new(NULL, key, ALGORITHM_COUNT, error);
}

/* --- names --- */

static char *
name_of(gnutls_x509_crt_t certificate)
{
  gnutls_datum_t name = {NULL, 0};
  if (gnutls()->x509_crt_get_dn3(certificate, &name, 0) < 0)
    return NULL;
  char *text = slice_to_printable(slice_new(name.data, name.size), 1024);
  (*gnutls()->free)(name.data);
  return text;
}

/* An address, a host or a URI. (transfer full); NULL: that is none, *more: whether others follow */
static char *
alternative_name(gnutls_x509_crt_t certificate, unsigned index, bool *more)
{
  char name[1024];
  size_t size = sizeof name;
  int type = gnutls()->x509_crt_get_subject_alt_name(certificate, index, name, &size, NULL);
  *more = type != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
  return (type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_RFC822NAME || type == GNUTLS_SAN_URI) &&
                 size < sizeof name && strnlen(name, size) == size
             ? g_strndup(name, size)
             : NULL;
}

/* Its distinguished name, or else another; Fulcio gives none of the former. (transfer full) */
static char *
in_words(gnutls_x509_crt_t certificate)
{
  bool more = true;
  char *name = name_of(certificate);
  for (unsigned i = 0; i < NAMES_MAX && more && (name == NULL || *name == '\0'); i++) {
    g_free(name);
    name = alternative_name(certificate, i, &more);
  }
  g_autofree char *owned = name;
  return slice_to_printable(
      slice_from_string(name == NULL || *name == '\0' ? "somebody without a name" : name), 1024);
}

char *
certificate_in_words(Slice der)
{
  g_auto(Certificates) one = {.count = 0};
  if (!add(&one, der, NULL))
    return NULL;
  g_autofree char *user = fulcio_user(der);
  g_autofree char *name = user != NULL ? g_strdup(user) : in_words(one.list[0]);
  g_autofree char *issuer = fulcio_issuer(der);
  g_autofree char *text =
      issuer == NULL ? g_strdup(name) : g_strdup_printf("%s (by %s)", name, issuer);
  return slice_to_printable(slice_from_string(text), 1024);
}

/* "C=US, O=A\, B" as "C=US", "O=A\, B". (transfer full) */
static GPtrArray *
parts_of(const char *name)
{
  GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
  GString *part = g_string_new(NULL);
  for (const char *at = name;; at++) {
    if (*at == '\\' && at[1] != '\0') {
      g_string_append_len(part, at++, 2);
    } else if (*at == ',' || *at == '+' || *at == '\0') {
      g_ptr_array_add(parts, g_strdup(g_strstrip(part->str)));
      g_string_truncate(part, 0);
      if (*at == '\0')
        break;
    } else {
      g_string_append_c(part, *at);
    }
  }
  g_string_free(part, TRUE);
  return parts;
}

static bool
has_parts(gnutls_x509_crt_t certificate, const char *wanted)
{
  g_autofree char *name = name_of(certificate);
  if (name == NULL)
    return false;
  g_autoptr(GPtrArray) parts = parts_of(name);
  g_autoptr(GPtrArray) needed = parts_of(wanted);
  for (guint i = 0; i < needed->len; i++)
    if (!g_ptr_array_find_with_equal_func(parts, g_ptr_array_index(needed, i), g_str_equal, NULL))
      return false;
  return true;
}

/* @text: or NULL. (transfer full) */
static bool
is_like(const char *pattern, char *text)
{
  g_autofree char *owned = text;
  return owned != NULL && glob_matches(pattern, owned);
}

static bool
has_name(gnutls_x509_crt_t certificate, const char *pattern)
{
  bool more = true;
  for (unsigned i = 0; i < NAMES_MAX && more; i++)
    if (is_like(pattern, alternative_name(certificate, i, &more)))
      return true;
  return false;
}

bool
certificate_is_of(Slice der, const char *subject, const char *name, const char *issuer)
{
  g_auto(Certificates) one = {.count = 0};
  return add(&one, der, NULL) && (subject == NULL || has_parts(one.list[0], subject)) &&
         (name == NULL || has_name(one.list[0], name) || is_like(name, fulcio_user(der))) &&
         (issuer == NULL || is_like(issuer, fulcio_issuer(der)));
}

/* --- trust --- */

static bool
is_good_at(gnutls_x509_crt_t certificate, int64_t at)
{
  return gnutls()->x509_crt_get_activation_time(certificate) <= at &&
         at <= gnutls()->x509_crt_get_expiration_time(certificate);
}

/* Leaves those that were good then. Whether all were. */
static bool
drop_untimely(Certificates *roots, int64_t at)
{
  unsigned kept = 0, before = roots->count;
  for (unsigned i = 0; i < roots->count; i++) {
    if (is_good_at(roots->list[i], at))
      roots->list[kept++] = roots->list[i];
    else
      gnutls()->x509_crt_deinit(roots->list[i]);
  }
  roots->count = kept;
  return kept == before;
}

static bool
check_times(const Certificates *chain, int64_t at, GError **error)
{
  for (unsigned i = 0; i < chain->count; i++) {
    if (is_good_at(chain->list[i], at))
      continue;
    int64_t begin = gnutls()->x509_crt_get_activation_time(chain->list[i]);
    int64_t end = gnutls()->x509_crt_get_expiration_time(chain->list[i]);
    g_autofree char *name = in_words(chain->list[i]);
    g_autofree char *moment = calendar_moment(begin > at ? begin : end);
    return error_set(error, ASSAY_ERROR_MISMATCH, "the certificate of %s %s %s", name,
                     begin > at ? "is good only from" : "was good only until", moment);
  }
  return true;
}

/* Whether its extensions let it sign. */
static bool
check_usage(gnutls_x509_crt_t leaf, CertificatePurpose purpose, GError **error)
{
  unsigned usage = 0, critical;
  unsigned signs = purpose == CERTIFICATE_STAMPS_TIME
                       ? GNUTLS_KEY_DIGITAL_SIGNATURE | GNUTLS_KEY_NON_REPUDIATION
                       : GNUTLS_KEY_DIGITAL_SIGNATURE;
  int status = gnutls()->x509_crt_get_key_usage(leaf, &usage, &critical);
  return status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE || (status >= 0 && (usage & signs) != 0) ||
         error_set(error, ASSAY_ERROR_MISMATCH, "the certificate is not for signatures");
}

static bool
check_trust(Certificates *chain, Certificates *roots, CertificatePurpose purpose, GError **error)
{
  static const char *const purposes[] = {[CERTIFICATE_SIGNS_CODE] = GNUTLS_KP_CODE_SIGNING,
                                         [CERTIFICATE_STAMPS_TIME] = GNUTLS_KP_TIME_STAMPING};
  gnutls_typed_vdata_st wanted = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                  .data = (unsigned char *)(uintptr_t)purposes[purpose]};
  gnutls_x509_trust_list_t list;
  unsigned found = 0;
  if (gnutls()->x509_trust_list_init(&list, 0) < 0)
    return error_set(error, ASSAY_ERROR_IO, "no memory for certificates");
  gnutls()->x509_trust_list_add_cas(list, roots->list, roots->count, 0);
  int status = gnutls()->x509_trust_list_verify_crt2(list, chain->list, chain->count, &wanted, 1,
                                                     GNUTLS_VERIFY_DISABLE_TIME_CHECKS |
                                                         GNUTLS_VERIFY_DISABLE_TRUSTED_TIME_CHECKS |
                                                         GNUTLS_VERIFY_DO_NOT_ALLOW_X509_V1_CA_CRT,
                                                     &found, NULL);
  gnutls()->x509_trust_list_deinit(list, 0);
  if (status >= 0 && found == 0)
    return true;
  g_autofree char *name = in_words(chain->list[0]);
  return error_set(error, ASSAY_ERROR_MISMATCH, "the certificate of %s %s", name,
                   (found & GNUTLS_CERT_PURPOSE_MISMATCH) != 0 ? "is for something else"
                   : (found & (GNUTLS_CERT_SIGNER_NOT_FOUND | GNUTLS_CERT_SIGNER_NOT_CA)) != 0
                       ? "leads to no root that is trusted"
                       : "does not hold");
}

/* The root's as well, whose certificate need not be among the links. */
static bool
check_roots(Certificates *links, Certificates *ends, CertificatePurpose purpose, int64_t at,
            GError **error)
{
  if (drop_untimely(ends, at) || check_trust(links, ends, purpose, NULL))
    return true;
  g_autofree char *name = in_words(links->list[0]);
  g_autofree char *moment = calendar_moment(at);
  return error_set(error, ASSAY_ERROR_MISMATCH,
                   "the certificate of %s leads to no root that was good on %s", name, moment);
}

bool
certificates_verify(const GPtrArray *chain, const GPtrArray *roots, CertificatePurpose purpose,
                    int64_t at, GError **error)
{
  g_auto(Certificates) links = {.count = 0};
  g_auto(Certificates) ends = {.count = 0};
  if (chain->len == 0 || roots->len == 0)
    return error_set(error, ASSAY_ERROR_MISMATCH, "there is no certificate to trust");
  return add_all(&links, chain, CHAIN_MAX, error) &&
         add_all(&ends, roots, CERTIFICATE_ROOTS_MAX, error) &&
         check_trust(&links, &ends, purpose, error) && check_usage(links.list[0], purpose, error) &&
         check_times(&links, at, error) && check_roots(&links, &ends, purpose, at, error);
}
