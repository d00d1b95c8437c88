/* Who vouches for images; see the header. */
#include "sign/attestor.h"

#include "base/error.h"
#include "base/gnutls_library.h"
#include "sign/formats/certificates.h"

static void
key_clear(AttestorKey *key)
{
  public_key_free(key->key);
  g_free(key->name);
  g_free(key);
}

static void
identity_free(AttestorIdentity *identity)
{
  g_free(identity->subject);
  g_free(identity->name);
  g_free(identity);
}

Attestor *
attestor_new(const char *name)
{
  Attestor *attestor = g_new0(Attestor, 1);
  attestor->name = g_strdup(name);
  attestor->keys = g_ptr_array_new_with_free_func((GDestroyNotify)key_clear);
  attestor->roots = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  attestor->identities = g_ptr_array_new_with_free_func((GDestroyNotify)identity_free);
  attestor->time_roots = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  return attestor;
}

void
attestor_free(Attestor *attestor)
{
  if (attestor == NULL)
    return;
  g_free(attestor->name);
  g_free(attestor->description);
  g_ptr_array_unref(attestor->keys);
  g_ptr_array_unref(attestor->roots);
  g_ptr_array_unref(attestor->identities);
  g_ptr_array_unref(attestor->time_roots);
  g_free(attestor);
}

AttestorKey *
attestor_add_key(Attestor *attestor, PublicKey *key, const char *name)
{
  AttestorKey *entry = g_new0(AttestorKey, 1);
  entry->key = key;
  entry->name = g_strdup(name != NULL ? name : public_key_fingerprint(key));
  g_ptr_array_add(attestor->keys, entry);
  return entry;
}

void
attestor_add_identity(Attestor *attestor, const char *subject, const char *name)
{
  AttestorIdentity *identity = g_new0(AttestorIdentity, 1);
  identity->subject = g_strdup(subject);
  identity->name = g_strdup(name);
  g_ptr_array_add(attestor->identities, identity);
}

static bool
add_root(GPtrArray *roots, gnutls_x509_crt_t certificate)
{
  gnutls_datum_t der = {NULL, 0};
  if (gnutls()->x509_crt_export2(certificate, GNUTLS_X509_FMT_DER, &der) < 0)
    return false;
  g_ptr_array_add(roots, g_bytes_new(der.data, der.size));
  (*gnutls()->free)(der.data);
  return true;
}

bool
attestor_read_roots(Slice pem, GPtrArray *roots, GError **error)
{
  gnutls_x509_crt_t *list = NULL;
  unsigned count = 0;
  const gnutls_datum_t text = {(unsigned char *)(uintptr_t)pem.data, (unsigned)pem.size};
  int status = gnutls()->x509_crt_list_import2(&list, &count, &text, GNUTLS_X509_FMT_PEM, 0);
  if (status < 0)
    return error_set(error, ASSAY_ERROR_INVALID, "there is no certificate in PEM: %s",
                     gnutls()->strerror(status));
  bool good = roots->len + count <= CERTIFICATE_ROOTS_MAX;
  for (unsigned i = 0; i < count; i++) {
    good = good && add_root(roots, list[i]);
    gnutls()->x509_crt_deinit(list[i]);
  }
  (*gnutls()->free)(list);
  return good || error_set(error, ASSAY_ERROR_LIMIT, "there are more than %u certificates",
                           CERTIFICATE_ROOTS_MAX);
}

bool
attestor_takes(const Attestor *attestor, SignatureFormat format)
{
  return attestor->formats == 0 || (attestor->formats & 1u << format) != 0;
}
