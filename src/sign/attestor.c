/* Who vouches for images; see the header. */
#include "sign/attestor.h"

#include "base/error.h"
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
  g_free(identity->issuer);
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
  attestor->sigstore = trusted_root_new();
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
  trusted_root_free(attestor->sigstore);
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
attestor_add_identity(Attestor *attestor, const char *subject, const char *name, const char *issuer)
{
  AttestorIdentity *identity = g_new0(AttestorIdentity, 1);
  identity->subject = g_strdup(subject);
  identity->name = g_strdup(name);
  identity->issuer = g_strdup(issuer);
  g_ptr_array_add(attestor->identities, identity);
}

static bool
read_roots(Slice pem, GPtrArray *roots, GError **error)
{
  return certificates_read(pem, CERTIFICATE_ROOTS_MAX - roots->len, roots, error);
}

bool
attestor_read(Attestor *attestor, AttestorFile kind, Slice file, GError **error)
{
  switch (kind) {
  case ATTESTOR_ROOTS:
    return read_roots(file, attestor->roots, error);
  case ATTESTOR_TIME_ROOTS:
    return read_roots(file, attestor->time_roots, error);
  case ATTESTOR_TRUSTED_ROOT:
    return trusted_root_read(file, attestor->sigstore, error);
  case ATTESTOR_REKOR:
    return trusted_root_add_log(file, attestor->sigstore->logs, error);
  case ATTESTOR_CTLOG:
    return trusted_root_add_log(file, attestor->sigstore->certificate_logs, error);
  }
  return false;
}

bool
attestor_is_keyless(const Attestor *attestor)
{
  return attestor->sigstore->authorities->len > 0 ||
         (attestor->roots->len > 0 && attestor->sigstore->logs->len > 0);
}

bool
attestor_close(Attestor *attestor, bool anybody, GError **error)
{
  if (!attestor_is_keyless(attestor) || anybody)
    return true;
  for (guint i = 0; i < attestor->identities->len; i++) {
    const AttestorIdentity *identity = g_ptr_array_index(attestor->identities, i);
    if (identity->issuer == NULL)
      return error_set(error, ASSAY_ERROR_INVALID,
                       "identities: say by which `issuer` (OIDC) each is, as Fulcio has it");
  }
  if (attestor->identities->len > 0)
    return true;
  if (attestor->keys->len == 0 || attestor->roots->len > 0)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "identities: say whose certificates are meant, and by which `issuer`");
  g_ptr_array_set_size(attestor->sigstore->authorities, 0);
  return true;
}

bool
attestor_takes(const Attestor *attestor, SignatureFormat format)
{
  return attestor->formats == 0 || (attestor->formats & 1u << format) != 0;
}
