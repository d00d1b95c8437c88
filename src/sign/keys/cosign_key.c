/* Opening and sealing cosign's key files; see the header. */
#include "sign/keys/cosign_key.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

#define BEGIN "-----BEGIN ENCRYPTED "
#define TYPE  "SIGSTORE PRIVATE KEY-----"
#define OLDER "COSIGN PRIVATE KEY-----"
#define SALT  32u
/* What sigstore writes, and the most that we work for a file: its memory is 128 N r bytes. */
#define N_OURS 65536u
#define N_MOST (1u << 18)
#define R_MOST 8u
#define P_MOST 4u
#define R_OURS 8u
#define P_OURS 1u
#define LINE   64

/* The base64 of the file, without its lines. (transfer full) NULL: it is none. */
static char *
armoured(Slice file)
{
  g_autofree char *text = slice_to_string(file);
  char *start = strstr(text, BEGIN);
  if (start == NULL)
    return NULL;
  start += strlen(BEGIN);
  if (g_str_has_prefix(start, TYPE))
    start += strlen(TYPE);
  else if (g_str_has_prefix(start, OLDER))
    start += strlen(OLDER);
  else
    return NULL;
  char *end = strstr(start, "-----END ");
  return end == NULL ? NULL : g_strndup(start, (size_t)(end - start));
}

bool
cosign_key_is(Slice file)
{
  g_autofree char *text = armoured(file);
  return text != NULL;
}

/* A member of base64. (transfer full) NULL: there is none. */
static GBytes *
bytes_of(const json_t *object, const char *name)
{
  const char *text = json_string_value(json_object_get(object, name));
  gsize size = 0;
  guchar *bytes = text == NULL ? NULL : g_base64_decode(text, &size);
  return bytes == NULL ? NULL : g_bytes_new_take(bytes, size);
}

static bool
number_of(const json_t *object, const char *name, uint64_t most, uint64_t *value)
{
  const json_t *number = json_object_get(object, name);
  json_int_t found = json_integer_value(number);
  *value = (uint64_t)found;
  return json_is_integer(number) && found >= 1 && (uint64_t)found <= most;
}

static bool
derive(const json_t *file, const char *password, uint8_t key[crypto_secretbox_KEYBYTES],
       GError **error)
{
  const json_t *kdf = json_object_get(file, "kdf"), *params = json_object_get(kdf, "params");
  const char *name = json_string_value(json_object_get(kdf, "name"));
  g_autoptr(GBytes) salt = bytes_of(kdf, "salt");
  uint64_t n, r, p;
  if (g_strcmp0(name, "scrypt") != 0 || salt == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "a cosign key whose password is not by scrypt");
  if (!number_of(params, "N", N_MOST, &n) || !number_of(params, "r", R_MOST, &r) ||
      !number_of(params, "p", P_MOST, &p))
    return error_set(error, ASSAY_ERROR_LIMIT, "a cosign key that asks for too much of scrypt");
  Slice by = slice_from_bytes(salt);
  if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)password, strlen(password), by.data,
                                            by.size, n, (uint32_t)r, (uint32_t)p, key,
                                            crypto_secretbox_KEYBYTES) != 0)
    return error_set(error, ASSAY_ERROR_INVALID, "a cosign key whose numbers scrypt refuses");
  return true;
}

static void
wipe(gpointer data)
{
  sodium_free(data);
}

/* (transfer full) */
static GBytes *
unbox(const json_t *file, const uint8_t key[crypto_secretbox_KEYBYTES], GError **error)
{
  const json_t *cipher = json_object_get(file, "cipher");
  g_autoptr(GBytes) nonce = bytes_of(cipher, "nonce"), boxed = bytes_of(file, "ciphertext");
  const char *name = json_string_value(json_object_get(cipher, "name"));
  if (g_strcmp0(name, "nacl/secretbox") != 0 || nonce == NULL ||
      g_bytes_get_size(nonce) != crypto_secretbox_NONCEBYTES || boxed == NULL ||
      g_bytes_get_size(boxed) <= crypto_secretbox_MACBYTES) {
    error_set(error, ASSAY_ERROR_INVALID, "a cosign key that is not sealed by nacl/secretbox");
    return NULL;
  }
  Slice sealed = slice_from_bytes(boxed);
  size_t size = sealed.size - crypto_secretbox_MACBYTES;
  uint8_t *clear = sodium_malloc(size);
  if (clear == NULL) {
    error_set(error, ASSAY_ERROR_IO, "no memory that can be locked for a key");
    return NULL;
  }
  if (crypto_secretbox_open_easy(clear, sealed.data, sealed.size, slice_from_bytes(nonce).data,
                                 key) != 0) {
    sodium_free(clear);
    error_set(error, ASSAY_ERROR_DENIED, "the password does not open it");
    return NULL;
  }
  return g_bytes_new_with_free_func(clear, size, wipe, clear);
}

GBytes *
cosign_key_open(Slice file, const char *password, GError **error)
{
  g_autofree char *text = armoured(file);
  gsize size = 0;
  g_autofree guchar *bytes = text == NULL ? NULL : g_base64_decode(text, &size);
  if (bytes == NULL || sodium_init() < 0) {
    error_set(error, ASSAY_ERROR_INVALID, "no key file of cosign");
    return NULL;
  }
  g_autoptr(json_t) object = json_parse(slice_new(bytes, size), error);
  uint8_t key[crypto_secretbox_KEYBYTES];
  if (object == NULL || !derive(object, password, key, error))
    return NULL;
  GBytes *clear = unbox(object, key, error);
  sodium_memzero(key, sizeof key);
  return clear;
}

static void
set_bytes(json_t *object, const char *name, const uint8_t *bytes, size_t size)
{
  g_autofree char *text = g_base64_encode(bytes, size);
  json_set_string(object, name, text);
}

/* In lines. (transfer full) */
static char *
armour(const char *json)
{
  g_autofree char *text = g_base64_encode((const guchar *)json, strlen(json));
  GString *out = g_string_new(BEGIN TYPE "\n");
  for (size_t at = 0; at < strlen(text); at += LINE)
    g_string_append_printf(out, "%.*s\n", LINE, text + at);
  g_string_append(out, "-----END ENCRYPTED " TYPE "\n");
  return g_string_free(out, FALSE);
}

char *
cosign_key_seal(Slice pkcs8, const char *password)
{
  uint8_t key[crypto_secretbox_KEYBYTES], salt[SALT], nonce[crypto_secretbox_NONCEBYTES];
  if (sodium_init() < 0)
    return NULL;
  randombytes_buf(salt, sizeof salt);
  randombytes_buf(nonce, sizeof nonce);
  if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)password, strlen(password), salt,
                                            sizeof salt, N_OURS, R_OURS, P_OURS, key,
                                            sizeof key) != 0)
    return NULL;
  size_t size = pkcs8.size + crypto_secretbox_MACBYTES;
  g_autofree uint8_t *sealed = g_malloc(size);
  crypto_secretbox_easy(sealed, pkcs8.data, pkcs8.size, nonce, key);
  sodium_memzero(key, sizeof key);
  g_autoptr(json_t) file = json_object();
  json_t *kdf = json_pack("{s:s, s:{s:i, s:i, s:i}}", "name", "scrypt", "params", "N", N_OURS, "r",
                          R_OURS, "p", P_OURS);
  json_t *cipher = json_pack("{s:s}", "name", "nacl/secretbox");
  set_bytes(kdf, "salt", salt, sizeof salt);
  set_bytes(cipher, "nonce", nonce, sizeof nonce);
  json_object_set_new(file, "kdf", kdf);
  json_object_set_new(file, "cipher", cipher);
  set_bytes(file, "ciphertext", sealed, size);
  g_autofree char *json = json_to_text(file);
  return armour(json);
}
