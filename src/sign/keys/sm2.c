/* SM2 with SM3; see the header. Keys are read and written here, and the library gets numbers: its
 * own readers and writers of private keys leave copies behind that nobody wipes. */
#include "sign/keys/sm2.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <sodium.h>
#include <string.h>

#include "base/error.h"
#include "base/library.h"

LIBRARY_NOTE(CRYPTO_LIBRARY);

#define CRYPTO_FUNCTIONS(X)                                                                        \
  X(, BN_bin2bn)                                                                                   \
  X(, BN_clear_free)                                                                               \
  X(, BN_cmp)                                                                                      \
  X(, BN_free)                                                                                     \
  X(, BN_is_zero)                                                                                  \
  X(, BN_sub_word)                                                                                 \
  X(, BN_dup)                                                                                      \
  X(, EC_GROUP_free)                                                                               \
  X(, EC_GROUP_get0_order)                                                                         \
  X(, EC_GROUP_new_by_curve_name_ex)                                                               \
  X(, EC_POINT_free)                                                                               \
  X(, EC_POINT_mul)                                                                                \
  X(, EC_POINT_new)                                                                                \
  X(, EC_POINT_point2oct)                                                                          \
  X(, ERR_clear_error)                                                                             \
  X(, EVP_DigestFinal_ex)                                                                          \
  X(, EVP_DigestInit_ex2)                                                                          \
  X(, EVP_DigestSign)                                                                              \
  X(, EVP_DigestSignInit_ex)                                                                       \
  X(, EVP_DigestUpdate)                                                                            \
  X(, EVP_DigestVerify)                                                                            \
  X(, EVP_DigestVerifyInit_ex)                                                                     \
  X(, EVP_MD_CTX_free)                                                                             \
  X(, EVP_MD_CTX_new)                                                                              \
  X(, EVP_MD_fetch)                                                                                \
  X(, EVP_MD_free)                                                                                 \
  X(, EVP_PKEY_CTX_free)                                                                           \
  X(, EVP_PKEY_CTX_new_from_name)                                                                  \
  X(, EVP_PKEY_CTX_set1_id)                                                                        \
  X(, EVP_PKEY_free)                                                                               \
  X(, EVP_PKEY_fromdata)                                                                           \
  X(, EVP_PKEY_fromdata_init)                                                                      \
  X(, OSSL_LIB_CTX_new)                                                                            \
  X(, OSSL_PARAM_construct_BN)                                                                     \
  X(, OSSL_PARAM_construct_end)                                                                    \
  X(, OSSL_PARAM_construct_octet_string)                                                           \
  X(, OSSL_PARAM_construct_utf8_string)                                                            \
  X(, PKCS8_PRIV_KEY_INFO_free)                                                                    \
  X(, PKCS8_decrypt_ex)                                                                            \
  X(, X509_SIG_free)                                                                               \
  X(, d2i_X509_SIG)                                                                                \
  X(, i2d_PKCS8_PRIV_KEY_INFO)

typedef struct {
  CRYPTO_FUNCTIONS(LIBRARY_MEMBER)
} CryptoLibrary;

static CryptoLibrary crypto;
/* Of our own: no configuration file of the system, no engine or provider, changes what we ask. */
static OSSL_LIB_CTX *context;

static bool
load(GError **error)
{
  static const char *const names[] = {CRYPTO_FUNCTIONS(LIBRARY_NAME) NULL};
  static Library library = {.soname = CRYPTO_LIBRARY, .names = names, .functions = &crypto};
  static gsize made;
  if (!library_load(&library, error))
    return false;
  if (g_once_init_enter(&made)) {
    context = crypto.OSSL_LIB_CTX_new();
    g_once_init_leave(&made, 1);
  }
  return context != NULL || error_set(error, ASSAY_ERROR_IO, "no memory for libcrypto");
}

/* What the library says is for programmers, and of what was asked before. */
static bool
failed(GError **error, AssayErrorCode code, const char *what)
{
  crypto.ERR_clear_error();
  return error_set(error, code, "%s", what);
}

/* --- keys as bytes --- */

#define NUMBER 32u
#define POINT  (1 + 2 * NUMBER)
#define ID     "1234567812345678"

/* id-ecPublicKey with the curve's name, and the name alone. */
#define CURVE     "\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d"
#define ALGORITHM "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01" CURVE
/* What stands before a public key's point; before a private key's number; and between that and its
 * point. */
#define PUBLIC_HEAD   "\x30\x59" ALGORITHM "\x03\x42\x00"
#define PRIVATE_HEAD  "\x30\x81\x87\x02\x01\x00" ALGORITHM "\x04\x6d\x30\x6b\x02\x01\x01\x04\x20"
#define PRIVATE_POINT "\xa1\x44\x03\x42\x00"
#define NUMBER_AT     (sizeof PRIVATE_HEAD - 1)
#define POINT_AT      (NUMBER_AT + NUMBER + sizeof PRIVATE_POINT - 1)

G_STATIC_ASSERT(sizeof PUBLIC_HEAD - 1 + POINT == SM2_PUBLIC_SIZE);
G_STATIC_ASSERT(POINT_AT + POINT == SM2_PRIVATE_SIZE);

/* The curve's name stands near the start, in whichever way a key is written. */
#define CURVE_WITHIN 64u

bool
sm2_is(Slice der)
{
  size_t size = MIN(der.size, CURVE_WITHIN);
  return size > 0 && memmem(der.data, size, CURVE, sizeof CURVE - 1) != NULL;
}

/* One element of DER, with its length in the shortest form. */
static bool
take_element(Slice *rest, uint8_t tag, Slice *content)
{
  uint8_t found, first, low, high = 0;
  size_t size;
  if (!slice_take_uint8(rest, &found) || found != tag || !slice_take_uint8(rest, &first))
    return false;
  size = first;
  if (first == 0x81) {
    if (!slice_take_uint8(rest, &low) || low < 0x80)
      return false;
    size = low;
  } else if (first == 0x82) {
    if (!slice_take_uint8(rest, &high) || high == 0 || !slice_take_uint8(rest, &low))
      return false;
    size = (size_t)high << 8 | low;
  } else if (first >= 0x80) {
    return false;
  }
  return slice_take(rest, size, content);
}

static bool
take_this(Slice *rest, const char *bytes, size_t size)
{
  Slice taken;
  return slice_has_prefix(*rest, slice_new(bytes, size)) && slice_take(rest, size, &taken);
}
#define TAKE(rest, literal) take_this(rest, literal, sizeof literal - 1)

/* RFC 5280, section 4.1: what stands before it in the part that is signed are a version, which may
 * be missing, a number, and four lists. */
Slice
sm2_in_certificate(Slice der)
{
  static const uint8_t before[] = {0x02, 0x30, 0x30, 0x30, 0x30};
  Slice certificate, info, skipped;
  if (!take_element(&der, 0x30, &certificate) || !take_element(&certificate, 0x30, &info))
    return SLICE_EMPTY;
  if (info.size > 0 && info.data[0] == 0xa0 && !take_element(&info, 0xa0, &skipped))
    return SLICE_EMPTY;
  for (size_t i = 0; i < sizeof before; i++)
    if (!take_element(&info, before[i], &skipped))
      return SLICE_EMPTY;
  const Slice rest = info;
  return take_element(&info, 0x30, &skipped) ? slice_sub(rest, 0, rest.size - info.size)
                                             : SLICE_EMPTY;
}

/* RFC 5915, in RFC 5208: the number, and the point where it is there. Attributes behind are left.
 */
static bool
split_private(Slice pkcs8, Slice *number, Slice *point)
{
  Slice info, octets, key, optional;
  *point = SLICE_EMPTY;
  if (!take_element(&pkcs8, 0x30, &info) || pkcs8.size != 0 || !TAKE(&info, "\x02\x01\x00") ||
      !TAKE(&info, ALGORITHM) || !take_element(&info, 0x04, &octets) ||
      !take_element(&octets, 0x30, &key) || octets.size != 0 || !TAKE(&key, "\x02\x01\x01") ||
      !take_element(&key, 0x04, number) || number->size != NUMBER)
    return false;
  if (key.size > 0 && key.data[0] == 0xa0 &&
      !(take_element(&key, 0xa0, &optional) && TAKE(&optional, CURVE) && optional.size == 0))
    return false;
  if (key.size == 0)
    return true;
  return take_element(&key, 0xa1, &optional) && key.size == 0 &&
         take_element(&optional, 0x03, &key) && optional.size == 0 && TAKE(&key, "\x00") &&
         slice_take(&key, key.size, point);
}

void
sm2_public_half(const uint8_t private[SM2_PRIVATE_SIZE], uint8_t public[SM2_PUBLIC_SIZE])
{
  memcpy(public, PUBLIC_HEAD, sizeof PUBLIC_HEAD - 1);
  memcpy(public + sizeof PUBLIC_HEAD - 1, private + POINT_AT, POINT);
}

/* --- keys as the library has them --- */

/* @number: NULL: a public key alone. (transfer full) NULL: it is none, as of a point that is not on
 * the curve. */
static EVP_PKEY *
make_key(const uint8_t *number, const uint8_t *point)
{
  /* Numbers are handed over as the processor has them. */
  uint8_t native[NUMBER] = {0};
  for (size_t i = 0; number != NULL && i < NUMBER; i++)
    native[G_BYTE_ORDER == G_LITTLE_ENDIAN ? NUMBER - 1 - i : i] = number[i];
  OSSL_PARAM parameters[] = {
      crypto.OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char[]){"SM2"}, 0),
      crypto.OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (uint8_t *)(uintptr_t)point,
                                               POINT),
      number == NULL
          ? crypto.OSSL_PARAM_construct_end()
          : crypto.OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof native),
      crypto.OSSL_PARAM_construct_end(),
  };
  EVP_PKEY_CTX *making = crypto.EVP_PKEY_CTX_new_from_name(context, "SM2", NULL);
  EVP_PKEY *key = NULL;
  if (making != NULL && crypto.EVP_PKEY_fromdata_init(making) == 1 &&
      crypto.EVP_PKEY_fromdata(
          making, &key, number == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR, parameters) != 1)
    key = NULL;
  crypto.EVP_PKEY_CTX_free(making);
  sodium_memzero(native, sizeof native);
  crypto.ERR_clear_error();
  return key;
}

/* The point of a number from 1 to the group's order less two; false: it is another. */
static bool
multiply(const uint8_t number[NUMBER], uint8_t point[POINT])
{
  EC_GROUP *group = crypto.EC_GROUP_new_by_curve_name_ex(context, NULL, NID_sm2);
  EC_POINT *product = group == NULL ? NULL : crypto.EC_POINT_new(group);
  BIGNUM *factor = crypto.BN_bin2bn(number, NUMBER, NULL);
  BIGNUM *end = group == NULL ? NULL : crypto.BN_dup(crypto.EC_GROUP_get0_order(group));
  bool done = product != NULL && factor != NULL && end != NULL && crypto.BN_sub_word(end, 1) == 1 &&
              !crypto.BN_is_zero(factor) && crypto.BN_cmp(factor, end) < 0 &&
              crypto.EC_POINT_mul(group, product, factor, NULL, NULL, NULL) == 1 &&
              crypto.EC_POINT_point2oct(group, product, POINT_CONVERSION_UNCOMPRESSED, point, POINT,
                                        NULL) == POINT;
  crypto.BN_clear_free(factor);
  crypto.BN_free(end);
  crypto.EC_POINT_free(product);
  crypto.EC_GROUP_free(group);
  crypto.ERR_clear_error();
  return done;
}

/* --- public keys --- */

static const uint8_t *
point_of(Slice public)
{
  const Slice head = slice_new(PUBLIC_HEAD, sizeof PUBLIC_HEAD - 1);
  return public.size == SM2_PUBLIC_SIZE && slice_has_prefix(public, head) ? public.data + head.size
                                                                          : NULL;
}

bool
sm2_public_check(Slice der, GError **error)
{
  const uint8_t *point = point_of(der);
  if (!load(error))
    return false;
  if (point == NULL || *point != POINT_CONVERSION_UNCOMPRESSED)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "a key of SM2 that names its curve otherwise, or whose point is compressed");
  EVP_PKEY *key = make_key(NULL, point);
  crypto.EVP_PKEY_free(key);
  return key != NULL ||
         error_set(error, ASSAY_ERROR_INVALID, "the key is damaged: it is not on the curve of SM2");
}

bool
sm2_verify(Slice public, Slice message, Slice signature)
{
  const uint8_t *point = point_of(public);
  EVP_PKEY_CTX *settings = NULL;
  if (point == NULL || !load(NULL))
    return false;
  EVP_PKEY *key = make_key(NULL, point);
  EVP_MD_CTX *verifying = crypto.EVP_MD_CTX_new();
  bool right =
      key != NULL && verifying != NULL &&
      crypto.EVP_DigestVerifyInit_ex(verifying, &settings, "SM3", context, NULL, key, NULL) == 1 &&
      crypto.EVP_PKEY_CTX_set1_id(settings, ID, sizeof ID - 1) == 1 &&
      crypto.EVP_DigestVerify(verifying, signature.data, signature.size, message.data,
                              message.size) == 1;
  crypto.EVP_MD_CTX_free(verifying);
  crypto.EVP_PKEY_free(key);
  crypto.ERR_clear_error();
  return right;
}

/* GB/T 32918.2, 5.5: the length of the name in bits, the name, the curve's a and b and its base
 * point (GB/T 32918.5), and the key's point. */
static const uint8_t before_point[] =
    "\x00\x80" ID "\xff\xff\xff\xfe\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
    "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xfc"
    "\x28\xe9\xfa\x9e\x9d\x9f\x5e\x34\x4d\x5a\x9e\x4b\xcf\x65\x09\xa7"
    "\xf3\x97\x89\xf5\x15\xab\x8f\x92\xdd\xbc\xbd\x41\x4d\x94\x0e\x93"
    "\x32\xc4\xae\x2c\x1f\x19\x81\x19\x5f\x99\x04\x46\x6a\x39\xc9\x94"
    "\x8f\xe3\x0b\xbf\xf2\x66\x0b\xe1\x71\x5a\x45\x89\x33\x4c\x74\xc7"
    "\xbc\x37\x36\xa2\xf4\xf6\x77\x9c\x59\xbd\xce\xe3\x6b\x69\x21\x53"
    "\xd0\xa9\x87\x7c\xc6\x2a\x47\x40\x02\xdf\x32\xe5\x21\x39\xf0\xa0";

static bool
digest_both(EVP_MD *sm3, Slice first, Slice second, uint8_t digest[SM2_DIGEST_SIZE])
{
  EVP_MD_CTX *making = crypto.EVP_MD_CTX_new();
  bool made = making != NULL && crypto.EVP_DigestInit_ex2(making, sm3, NULL) == 1 &&
              crypto.EVP_DigestUpdate(making, first.data, first.size) == 1 &&
              crypto.EVP_DigestUpdate(making, second.data, second.size) == 1 &&
              crypto.EVP_DigestFinal_ex(making, digest, NULL) == 1;
  crypto.EVP_MD_CTX_free(making);
  return made;
}

bool
sm2_digest(Slice public, Slice message, uint8_t digest[SM2_DIGEST_SIZE], GError **error)
{
  const uint8_t *point = point_of(public);
  uint8_t signer[SM2_DIGEST_SIZE];
  if (!load(error))
    return false;
  if (point == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "it is no key of SM2");
  EVP_MD *sm3 = crypto.EVP_MD_fetch(context, "SM3", NULL);
  bool made = sm3 != NULL &&
              digest_both(sm3, slice_new(before_point, sizeof before_point - 1),
                          slice_new(point + 1, POINT - 1), signer) &&
              digest_both(sm3, slice_new(signer, sizeof signer), message, digest);
  crypto.EVP_MD_free(sm3);
  return made || failed(error, ASSAY_ERROR_FAILED, "this libcrypto has no SM3");
}

/* --- private keys --- */

static void
wipe(gpointer data)
{
  sodium_free(data);
}

/* Of @size bytes that are locked. (transfer full) NULL with *error. */
static uint8_t *
locked_new(size_t size, GError **error)
{
  uint8_t *locked = sodium_init() < 0 ? NULL : sodium_malloc(size);
  if (locked == NULL)
    error_set(error, ASSAY_ERROR_IO, "no memory that can be locked for a key");
  return locked;
}

/* What stands between the lines of PEM of that label. (transfer full) NULL: there is none, or
 * *error. */
static GBytes *
take_pem(Slice pem, const char *label, GError **error)
{
  g_autofree char *begin = g_strdup_printf("-----BEGIN %s-----", label);
  const uint8_t *start = pem.size == 0 ? NULL : memmem(pem.data, pem.size, begin, strlen(begin));
  if (start == NULL)
    return NULL;
  start += strlen(begin);
  const uint8_t *end =
      memmem(start, (size_t)(pem.data + pem.size - start), "-----END ", strlen("-----END "));
  size_t size = end == NULL ? 0 : (size_t)(end - start);
  char *text = (char *)locked_new(size + 1, error);
  if (text == NULL)
    return NULL;
  memcpy(text, start, size);
  text[size] = '\0';
  gsize decoded = 0;
  g_base64_decode_inplace(text, &decoded);
  return g_bytes_new_with_free_func(text, decoded, wipe, text);
}

/* (transfer full) NULL: it is not opened, or *error. */
static GBytes *
decrypt(Slice sealed, const char *password, GError **error)
{
  const uint8_t *at = sealed.data;
  X509_SIG *box = crypto.d2i_X509_SIG(NULL, &at, (long)sealed.size);
  PKCS8_PRIV_KEY_INFO *opened =
      box == NULL ? NULL
                  : crypto.PKCS8_decrypt_ex(box, password, (int)strlen(password), context, NULL);
  crypto.X509_SIG_free(box);
  int size = opened == NULL ? 0 : crypto.i2d_PKCS8_PRIV_KEY_INFO(opened, NULL);
  uint8_t *locked = size > 0 ? locked_new((size_t)size, error) : NULL, *end = locked;
  if (locked != NULL)
    crypto.i2d_PKCS8_PRIV_KEY_INFO(opened, &end);
  crypto.PKCS8_PRIV_KEY_INFO_free(opened);
  crypto.ERR_clear_error();
  return locked == NULL ? NULL : g_bytes_new_with_free_func(locked, (gsize)size, wipe, locked);
}

GBytes *
sm2_unseal(Slice pem, const char *password, GError **error)
{
  g_autoptr(GError) failure = NULL;
  GBytes *pkcs8 = take_pem(pem, "PRIVATE KEY", &failure);
  g_autoptr(GBytes) sealed =
      pkcs8 != NULL ? NULL : take_pem(pem, "ENCRYPTED PRIVATE KEY", &failure);
  if (sealed != NULL && load(&failure)) {
    pkcs8 = decrypt(slice_from_bytes(sealed), password == NULL ? "" : password, &failure);
    if (pkcs8 == NULL && failure == NULL)
      error_set(&failure, ASSAY_ERROR_DENIED, "the password does not open it");
  }
  if (pkcs8 == NULL && failure == NULL)
    error_set(&failure, ASSAY_ERROR_NOT_FOUND, "there is no private key in PEM");
  if (pkcs8 == NULL)
    g_propagate_error(error, g_steal_pointer(&failure));
  return pkcs8;
}

static void
write_private(uint8_t private[SM2_PRIVATE_SIZE], const uint8_t *number)
{
  memcpy(private, PRIVATE_HEAD, NUMBER_AT);
  memcpy(private + NUMBER_AT, number, NUMBER);
  memcpy(private + NUMBER_AT + NUMBER, PRIVATE_POINT, sizeof PRIVATE_POINT - 1);
}

bool
sm2_private_read(Slice pkcs8, uint8_t private[SM2_PRIVATE_SIZE], GError **error)
{
  Slice number, point;
  if (!load(error))
    return false;
  if (!split_private(pkcs8, &number, &point))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "its key of SM2 is not written as PKCS#8 is");
  write_private(private, number.data);
  if (!multiply(private + NUMBER_AT, private + POINT_AT))
    return error_set(error, ASSAY_ERROR_INVALID, "its key of SM2 is out of range");
  return point.size == 0 || slice_equal(point, slice_new(private + POINT_AT, POINT)) ||
         error_set(error, ASSAY_ERROR_INVALID, "its key of SM2 has the public half of another");
}

bool
sm2_private_make(uint8_t private[SM2_PRIVATE_SIZE], GError **error)
{
  uint8_t number[NUMBER];
  if (!load(error))
    return false;
  /* One in four thousand millions is out of range. */
  bool made = false;
  for (unsigned i = 0; !made && i < 100; i++) {
    randombytes_buf(number, sizeof number);
    write_private(private, number);
    made = multiply(private + NUMBER_AT, private + POINT_AT);
  }
  sodium_memzero(number, sizeof number);
  return made || error_set(error, ASSAY_ERROR_FAILED, "this libcrypto has no SM2");
}

GBytes *
sm2_sign(const uint8_t private[SM2_PRIVATE_SIZE], Slice message, GError **error)
{
  uint8_t made[80]; /* two numbers of 33 bytes, with what DER puts before them */
  size_t size = sizeof made;
  EVP_PKEY_CTX *settings = NULL;
  if (!load(error))
    return NULL;
  EVP_PKEY *key = make_key(private + NUMBER_AT, private + POINT_AT);
  EVP_MD_CTX *signing = crypto.EVP_MD_CTX_new();
  bool done =
      key != NULL && signing != NULL &&
      crypto.EVP_DigestSignInit_ex(signing, &settings, "SM3", context, NULL, key, NULL) == 1 &&
      crypto.EVP_PKEY_CTX_set1_id(settings, ID, sizeof ID - 1) == 1 &&
      crypto.EVP_DigestSign(signing, made, &size, message.data, message.size) == 1;
  crypto.EVP_MD_CTX_free(signing);
  crypto.EVP_PKEY_free(key);
  if (!done)
    failed(error, ASSAY_ERROR_FAILED, "libcrypto does not sign by it");
  return done ? g_bytes_new(made, size) : NULL;
}
