/* Whether what has the form of a credential can be one; see the header. */
#include "inspect/secrets/checks.h"

#include <string.h>
#include <zlib.h>

#include "base/json.h"
#include "inspect/secrets/words.h"

#define CRC_DIGITS       6
#define JWT_VALUES_MAX   500
#define OPENSSH_MAGIC    "openssh-key-v1"
#define PRIVATE_KEY_MIN  ((size_t)40)
#define BECH32_CHECKSUM  6
#define BECH32_CONSTANT  1u
#define BECH32_LETTERS   "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
#define AGE_HUMAN_PART   "age-secret-key-"
#define KUBERNETES_CLAIM "kubernetes"

/* --- base 64 --- */

static int
base64_digit(uint8_t byte)
{
  if (g_ascii_isupper(byte))
    return byte - 'A';
  if (g_ascii_islower(byte))
    return byte - 'a' + 26;
  if (g_ascii_isdigit(byte))
    return byte - '0' + 52;
  return byte == '+' || byte == '-' ? 62 : byte == '/' || byte == '_' ? 63 : -1;
}

/* Of either alphabet, with "=" at the end or without. NULL: it is none. (transfer full) */
static GByteArray *
decode(Slice text)
{
  g_autoptr(GByteArray) bytes = g_byte_array_sized_new((guint)(text.size / 4 * 3 + 3));
  while (text.size > 0 && text.data[text.size - 1] == '=')
    text.size--;
  if (text.size % 4 == 1)
    return NULL;
  uint32_t bits = 0;
  unsigned count = 0;
  for (size_t i = 0; i < text.size; i++) {
    int digit = base64_digit(text.data[i]);
    if (digit < 0)
      return NULL;
    bits = bits << 6 | (uint32_t)digit;
    count += 6;
    if (count >= 8) {
      count -= 8;
      uint8_t byte = (uint8_t)(bits >> count);
      g_byte_array_append(bytes, &byte, 1);
    }
  }
  return g_steal_pointer(&bytes);
}

/* --- checksums --- */

/* Issuers say "base 62" and not in which order. */
static const char *const base62[] = {
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
};

static bool
is_crc62(Slice body, const uint8_t *digits)
{
  for (size_t order = 0; order < G_N_ELEMENTS(base62); order++) {
    uint32_t left = (uint32_t)crc32(0, body.data, (uInt)body.size);
    int i = CRC_DIGITS - 1;
    while (i >= 0 && digits[i] == (uint8_t)base62[order][left % 62]) {
      left /= 62;
      i--;
    }
    if (i < 0)
      return true;
  }
  return false;
}

SecretTrust
secret_check_crc62(Slice secret)
{
  gssize underscore = slice_find(secret, '_');
  if (secret.size < CRC_DIGITS + 8 || underscore < 0)
    return SECRET_UNLIKELY;
  size_t start = (size_t)underscore + 1, end = secret.size - CRC_DIGITS;
  return is_crc62(slice_sub(secret, start, end - start), secret.data + end) ? SECRET_CERTAIN
                                                                            : SECRET_LIKELY;
}

static uint32_t
bech32_step(uint32_t checksum, unsigned value)
{
  static const uint32_t generators[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  uint32_t top = checksum >> 25;
  checksum = (checksum & 0x1ffffff) << 5 ^ value;
  for (unsigned i = 0; i < G_N_ELEMENTS(generators); i++)
    if ((top >> i & 1) != 0)
      checksum ^= generators[i];
  return checksum;
}

SecretTrust
secret_check_bech32(Slice secret)
{
  const size_t human = strlen(AGE_HUMAN_PART);
  uint32_t checksum = 1;
  if (secret.size <= human + 1 + BECH32_CHECKSUM)
    return SECRET_UNLIKELY;
  for (size_t i = 0; i < human; i++)
    checksum = bech32_step(checksum, (unsigned)AGE_HUMAN_PART[i] >> 5);
  checksum = bech32_step(checksum, 0);
  for (size_t i = 0; i < human; i++)
    checksum = bech32_step(checksum, (unsigned)AGE_HUMAN_PART[i] & 31);
  for (size_t i = human + 1; i < secret.size; i++) {
    const char *letter = strchr(BECH32_LETTERS, g_ascii_tolower((char)secret.data[i]));
    if (letter == NULL || *letter == '\0')
      return SECRET_UNLIKELY;
    checksum = bech32_step(checksum, (unsigned)(letter - BECH32_LETTERS));
  }
  return checksum == BECH32_CONSTANT ? SECRET_CERTAIN : SECRET_UNLIKELY;
}

/* --- words --- */

SecretTrust
secret_check_mixed(Slice secret)
{
  return secret_looks_mixed(secret) ? SECRET_LIKELY : SECRET_UNLIKELY;
}

SecretTrust
secret_check_password(Slice secret)
{
  return secret_looks_chosen(secret) ? SECRET_LIKELY : SECRET_UNLIKELY;
}

SecretTrust
secret_check_setting(Slice secret)
{
  return secret_looks_set(secret) ? SECRET_LIKELY : SECRET_UNLIKELY;
}

/* --- tokens --- */

static json_t *
decode_object(Slice text)
{
  g_autoptr(GByteArray) bytes = decode(text);
  g_autoptr(json_t) json =
      bytes == NULL ? NULL
                    : json_parse_bounded(slice_new(bytes->data, bytes->len), JWT_VALUES_MAX, NULL);
  return json_is_object(json) ? g_steal_pointer(&json) : NULL;
}

/* What it claims, or NULL: it is none. (transfer full) */
static json_t *
jwt_claims(Slice secret)
{
  gssize first = slice_find(secret, '.');
  Slice rest = slice_sub(secret, (size_t)first + 1, secret.size);
  gssize second = first < 0 ? -1 : slice_find(rest, '.');
  if (second < 0)
    return NULL;
  g_autoptr(json_t) head = decode_object(slice_sub(secret, 0, (size_t)first));
  return json_is_string(json_object_get(head, "alg"))
             ? decode_object(slice_sub(rest, 0, (size_t)second))
             : NULL;
}

static bool
is_kubernetes(const json_t *claims)
{
  const char *issuer = json_string_value(json_object_get(claims, "iss"));
  const char *subject = json_string_value(json_object_get(claims, "sub"));
  return (issuer != NULL && strstr(issuer, KUBERNETES_CLAIM) != NULL) ||
         (subject != NULL && g_str_has_prefix(subject, "system:serviceaccount:"));
}

SecretTrust
secret_check_jwt(Slice secret)
{
  g_autoptr(json_t) claims = jwt_claims(secret);
  const char *subject = json_string_value(json_object_get(claims, "sub"));
  const char *name = json_string_value(json_object_get(claims, "name"));
  /* The one of manuals. */
  bool example = g_strcmp0(subject, "1234567890") == 0 || g_strcmp0(name, "John Doe") == 0;
  return claims == NULL || example ? SECRET_UNLIKELY : SECRET_LIKELY;
}

SecretTrust
secret_check_jwt_kubernetes(Slice secret)
{
  g_autoptr(json_t) claims = jwt_claims(secret);
  return claims != NULL && is_kubernetes(claims) ? SECRET_LIKELY : SECRET_UNLIKELY;
}

SecretTrust
secret_check_basic(Slice secret)
{
  g_autoptr(GByteArray) bytes = decode(secret);
  if (bytes == NULL)
    return SECRET_UNLIKELY;
  Slice text = slice_new(bytes->data, bytes->len);
  gssize colon = slice_find(text, ':');
  for (size_t i = 0; i < text.size; i++)
    if (text.data[i] < 0x20 || text.data[i] == 0x7f)
      return SECRET_UNLIKELY;
  if (colon <= 0 || !g_utf8_validate_len((const char *)text.data, text.size, NULL))
    return SECRET_UNLIKELY;
  Slice password = slice_sub(text, (size_t)colon + 1, text.size);
  return secret_is_placeholder(password, NULL) ? SECRET_UNLIKELY : secret_check_setting(password);
}

SecretTrust
secret_check_discord(Slice secret)
{
  gssize dot = slice_find(secret, '.');
  g_autoptr(GByteArray) id = dot < 0 ? NULL : decode(slice_sub(secret, 0, (size_t)dot));
  uint64_t number;
  return id != NULL && slice_to_uint64(slice_new(id->data, id->len), &number) ? SECRET_LIKELY
                                                                              : SECRET_UNLIKELY;
}

/* --- keys --- */

/* The content of a DER sequence that fills @bytes, or the empty slice. */
static Slice
der_sequence(Slice bytes)
{
  if (bytes.size < 2 || bytes.data[0] != 0x30)
    return SLICE_EMPTY;
  size_t head = 2, size = bytes.data[1];
  if (size > 0x80 && size <= 0x83) {
    size_t more = size - 0x80;
    if (bytes.size < 2 + more)
      return SLICE_EMPTY;
    size = 0;
    for (size_t i = 0; i < more; i++)
      size = size << 8 | bytes.data[2 + i];
    head += more;
  }
  return bytes.size == head + size ? slice_sub(bytes, head, size) : SLICE_EMPTY;
}

/* It begins with its version, 0 or 1. */
static bool
is_private_der(Slice bytes)
{
  Slice content = der_sequence(bytes);
  return content.size >= PRIVATE_KEY_MIN && content.data[0] == 2 && content.data[1] == 1 &&
         content.data[2] <= 1;
}

SecretTrust
secret_check_der(Slice secret)
{
  g_autoptr(GByteArray) bytes = decode(secret);
  return bytes != NULL && is_private_der(slice_new(bytes->data, bytes->len)) ? SECRET_LIKELY
                                                                             : SECRET_UNLIKELY;
}

/* What is between the lines of dashes. */
static Slice
pem_body(Slice text)
{
  const char *start = g_strstr_len((const char *)text.data, (gssize)text.size, "KEY-----");
  if (start != NULL)
    text = slice_sub(text, (size_t)((const uint8_t *)start - text.data) + 8, text.size);
  const char *end = g_strstr_len((const char *)text.data, (gssize)text.size, "-----END");
  return end == NULL ? text : slice_sub(text, 0, (size_t)((const uint8_t *)end - text.data));
}

/* The next line of *@rest, which may end in "\n" as it is written in JSON and in code. */
static Slice
pem_line(Slice *rest)
{
  size_t end = 0;
  while (end < rest->size && rest->data[end] != '\n' && rest->data[end] != '\\')
    end++;
  Slice line = slice_strip(slice_sub(*rest, 0, end));
  bool written = end + 1 < rest->size && rest->data[end] == '\\';
  *rest = slice_sub(*rest, end + (written ? 2 : 1), rest->size);
  return line;
}

/* The bytes of a key. *@encrypted: its head says so. NULL: it is none. (transfer full) */
static GByteArray *
pem_bytes(Slice text, bool *encrypted)
{
  g_autoptr(GString) digits = g_string_new(NULL);
  Slice rest = pem_body(text);
  *encrypted = false;
  while (rest.size > 0) {
    Slice line = pem_line(&rest);
    if (slice_find(line, ':') < 0)
      g_string_append_len(digits, (const char *)line.data, (gssize)line.size);
    else if (g_strstr_len((const char *)line.data, (gssize)line.size, "ENCRYPTED") != NULL)
      *encrypted = true;
  }
  return decode(slice_new(digits->str, digits->len));
}

/* After the magic, its NUL and the length: the cipher's name. */
static bool
is_openssh(Slice bytes, bool *encrypted)
{
  const size_t magic = sizeof OPENSSH_MAGIC;
  if (bytes.size < 64 || memcmp(bytes.data, OPENSSH_MAGIC, magic) != 0)
    return false;
  *encrypted = memcmp(bytes.data + magic, "\0\0\0\4none", 8) != 0;
  return true;
}

/* A sequence that begins with one is an EncryptedPrivateKeyInfo. */
static bool
is_encrypted_info(Slice bytes)
{
  Slice content = der_sequence(bytes);
  return content.size >= PRIVATE_KEY_MIN && content.data[0] == 0x30;
}

static SecretTrust
check_pem(Slice secret, bool want_encrypted)
{
  bool encrypted;
  g_autoptr(GByteArray) bytes = pem_bytes(secret, &encrypted);
  if (bytes == NULL || bytes->len < PRIVATE_KEY_MIN)
    return SECRET_UNLIKELY;
  Slice key = slice_new(bytes->data, bytes->len);
  /* What is encrypted as PEM has no structure that can be seen. */
  bool known = encrypted || is_private_der(key) || is_openssh(key, &encrypted);
  if (!known && is_encrypted_info(key))
    known = encrypted = true;
  return known && encrypted == want_encrypted ? SECRET_LIKELY : SECRET_UNLIKELY;
}

SecretTrust
secret_check_pem(Slice secret)
{
  return check_pem(secret, false);
}

SecretTrust
secret_check_pem_encrypted(Slice secret)
{
  return check_pem(secret, true);
}

SecretTrust
secret_check_pem_base64(Slice secret)
{
  g_autoptr(GByteArray) bytes = decode(secret);
  return bytes == NULL ? SECRET_UNLIKELY : secret_check_pem(slice_new(bytes->data, bytes->len));
}
