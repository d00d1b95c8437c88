/* Attestors as rows, and as signatures are verified by; see the header. */
#include "base/enum_names.h"
#include "signing/signing.h"

static void
set_times(AttestorKey *key, const TrustedKey *row)
{
  key->not_before = row->not_before / G_USEC_PER_SEC;
  key->not_after = row->not_after / G_USEC_PER_SEC;
  key->revoked_at = row->revoked / G_USEC_PER_SEC;
}

static bool
add_trusted(Attestor *attestor, const GPtrArray *keys, GError **error)
{
  for (guint i = 0; i < keys->len; i++) {
    const TrustedKey *row = g_ptr_array_index(keys, i);
    PublicKey *public = public_key_read(slice_from_string(row->public), error);
    if (public == NULL)
      return false;
    set_times(attestor_add_key(attestor, public, row->name), row);
  }
  return true;
}

/* The present one, and those before it. */
static bool
add_ours(Attestor *attestor, const SigningKey *key, GError **error)
{
  PublicKey *public = public_key_read(slice_from_string(key->public), error);
  if (public == NULL)
    return false;
  attestor_add_key(attestor, public, key->name)->revoked_at = key->revoked / G_USEC_PER_SEC;
  return add_trusted(attestor, key->former, error);
}

/* @text: or NULL */
static bool
add_file(Attestor *attestor, AttestorFile kind, const char *text, GError **error)
{
  return text == NULL || attestor_read(attestor, kind, slice_from_string(text), error);
}

static bool
add_files(Attestor *attestor, AttestorFile kind, GStrv texts, GError **error)
{
  for (char **text = texts; text != NULL && *text != NULL; text++)
    if (!add_file(attestor, kind, *text, error))
      return false;
  return true;
}

static bool
add_roots(Attestor *attestor, const AttestorRow *row, GError **error)
{
  for (guint i = 0; row->identities != NULL && i < row->identities->len; i++) {
    const TrustedIdentity *identity = g_ptr_array_index(row->identities, i);
    attestor_add_identity(attestor, identity->subject, identity->name, identity->issuer);
  }
  return add_file(attestor, ATTESTOR_ROOTS, row->roots, error) &&
         add_file(attestor, ATTESTOR_TIME_ROOTS, row->time_roots, error) &&
         add_file(attestor, ATTESTOR_TRUSTED_ROOT, row->trusted_root, error) &&
         add_files(attestor, ATTESTOR_REKOR, row->rekor, error) &&
         add_files(attestor, ATTESTOR_CTLOG, row->ctlogs, error) &&
         attestor_close(attestor, false, error);
}

Attestor *
signing_attestor(const SigningSet *set, const AttestorRow *row, GError **error)
{
  g_autoptr(Attestor) attestor = attestor_new(row->name);
  const SigningKey *ours = row->key == NULL ? NULL : signing_set_key(set, row->key);
  unsigned format = 0;
  attestor->description = g_strdup(row->description);
  for (size_t i = 0; row->formats != NULL && row->formats[i] != NULL; i++)
    if (enum_find(signature_format_names, row->formats[i], &format))
      attestor->formats |= 1u << format;
  if ((ours != NULL && !add_ours(attestor, ours, error)) ||
      !add_trusted(attestor, row->keys, error) || !add_roots(attestor, row, error)) {
    g_prefix_error(error, "attestor %s: ", row->name);
    return NULL;
  }
  return g_steal_pointer(&attestor);
}

GPtrArray *
signing_attestors(const SigningSet *set)
{
  GPtrArray *attestors = g_ptr_array_new_with_free_func((GDestroyNotify)attestor_free);
  for (guint i = 0; i < set->attestors->len; i++) {
    Attestor *attestor = signing_attestor(set, g_ptr_array_index(set->attestors, i), NULL);
    if (attestor != NULL)
      g_ptr_array_add(attestors, attestor);
  }
  return attestors;
}
