/* The list of the kinds of keys, and what is the same for all; see the header. */
#include "sign/keys/key.h"

#include <string.h>

#include "base/error.h"
#include "sign/keys/key-private.h"
#include "sign/keys/sm2.h"

static const KeyKind *const kinds[] = {
    &file_key_kind,   &pkcs11_key_kind, &vault_key_kind,   &aws_key_kind,
    &google_key_kind, &azure_key_kind,  &alibaba_key_kind, &tencent_key_kind,
};

const char *const key_algorithms[] = {"ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072",
                                      "rsa-4096",   "ed25519",    "sm2",      NULL};

struct Key {
  gatomicrefcount references;
  char *name; /* key_name() */
  const KeyKind *kind;
  OpenedKey opened;
};

/* A name without a scheme is a file's. */
static const KeyKind *
find_kind(const char *uri, const char **rest, GError **error)
{
  size_t scheme = strcspn(uri, ":/");
  if (uri[scheme] != ':') {
    *rest = uri;
    return &file_key_kind;
  }
  *rest = uri + scheme + 1;
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strlen(kinds[i]->scheme) == scheme && strncmp(kinds[i]->scheme, uri, scheme) == 0)
      return kinds[i];
  GString *known = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    g_string_append_printf(known, "%s%s:", i == 0 ? "" : ", ", kinds[i]->scheme);
  error_set(error, ASSAY_ERROR_UNSUPPORTED, "key %.*s: there is no such kind of key (wanted: %s)",
            (int)strcspn(uri, "?"), uri, known->str);
  g_string_free(known, TRUE);
  return NULL;
}

/* What stands behind its "?" may be a secret that was written there by mistake. */
char *
key_name(const char *uri)
{
  return g_strndup(uri, strcspn(uri, "?"));
}

Key *
key_new(const char *uri, const KeyKind *kind, OpenedKey opened)
{
  Key *key = g_new0(Key, 1);
  g_atomic_ref_count_init(&key->references);
  key->name = key_name(uri);
  key->kind = kind;
  key->opened = opened;
  return key;
}

Key *
key_open(const char *uri, const KeyOptions *options, Cancellable *cancellable, GError **error)
{
  static const KeyOptions none;
  const char *rest;
  const KeyKind *kind = find_kind(uri, &rest, error);
  OpenedKey opened = {NULL, NULL, NULL};
  if (kind == NULL)
    return NULL;
  if (!kind->open(rest, options == NULL ? &none : options, &opened, cancellable, error)) {
    g_autofree char *name = key_name(uri);
    g_prefix_error(error, "key %s: ", name);
    return NULL;
  }
  return key_new(uri, kind, opened);
}

Key *
key_ref(Key *key)
{
  g_atomic_ref_count_inc(&key->references);
  return key;
}

void
key_free(Key *key)
{
  if (key == NULL || !g_atomic_ref_count_dec(&key->references))
    return;
  key->kind->free(key->opened.state);
  public_key_free(key->opened.public);
  g_free(key->opened.version);
  g_free(key->name);
  g_free(key);
}

const PublicKey *
key_public(const Key *key)
{
  return key->opened.public;
}

const char *
key_version(const Key *key)
{
  return key->opened.version == NULL ? "" : key->opened.version;
}

static GBytes *
ask(Key *key, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable, GError **error)
{
  uint8_t digest[SM2_DIGEST_SIZE];
  if (key->kind->signs_digests && algorithm == ALGORITHM_SM2_SM3) {
    g_autoptr(GBytes) public = public_key_to_der(key->opened.public);
    if (!sm2_digest(slice_from_bytes(public), message, digest, error))
      return NULL;
    message = slice_new(digest, sizeof digest);
  }
  return key->kind->sign(key->opened.state, algorithm, message, cancellable, error);
}

GBytes *
key_sign(Key *key, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
         GError **error)
{
  if (!public_key_fits(key->opened.public, algorithm)) {
    g_autofree char *words = public_key_in_words(key->opened.public);
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "key %s: it is %s, which does not sign by %s",
              key->name, words, algorithm_name(algorithm));
    return NULL;
  }
  g_autoptr(GBytes) signature = ask(key, algorithm, message, cancellable, error);
  if (signature == NULL) {
    if (!key->kind->names_key)
      g_prefix_error(error, "key %s: ", key->name);
    return NULL;
  }
  if (!public_key_verify(key->opened.public, algorithm, message, slice_from_bytes(signature))) {
    error_set(error, ASSAY_ERROR_MISMATCH,
              "key %s: what it gave is no signature by its public key; it was turned over, or "
              "answers for another",
              key->name);
    return NULL;
  }
  return g_steal_pointer(&signature);
}

bool
key_make(const char *uri, const char *algorithm, const KeyOptions *options,
         Cancellable *cancellable, GError **error)
{
  static const KeyOptions none;
  const char *rest;
  const KeyKind *kind = find_kind(uri, &rest, error);
  if (kind == NULL)
    return false;
  if (!g_strv_contains(key_algorithms, algorithm)) {
    g_autofree char *known = g_strjoinv(", ", (char **)(uintptr_t)key_algorithms);
    return error_set(error, ASSAY_ERROR_INVALID, "%s: there is no such key (wanted: %s)", algorithm,
                     known);
  }
  if (kind->make == NULL)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "key %.*s: this kind makes no keys; make it where it is kept",
                     (int)strcspn(uri, "?"), uri);
  if (kind->make(rest, algorithm, options == NULL ? &none : options, cancellable, error))
    return true;
  g_autofree char *name = key_name(uri);
  g_prefix_error(error, "key %s: ", name);
  return false;
}
