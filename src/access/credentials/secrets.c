/* Secrets of high entropy; see the header. */
#include "access/credentials/secrets.h"

#include <sodium.h>
#include <string.h>

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
#define BASE ((uint32_t)(sizeof digits - 1))

/* CRC-32 of IEEE 802.3, as gzip has it. */
static uint32_t
crc_of(const char *text, size_t size)
{
  uint32_t crc = UINT32_MAX;
  for (size_t i = 0; i < size; i++) {
    crc ^= (uint8_t)text[i];
    for (unsigned bit = 0; bit < 8; bit++)
      crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

static void
write_check(char *to, uint32_t crc)
{
  for (unsigned i = SECRET_CHECK_LENGTH; i-- > 0; crc /= BASE)
    to[i] = digits[crc % BASE];
}

char *
secret_random_text(unsigned length)
{
  char *text = g_malloc(length + 1);
  for (unsigned i = 0; i < length; i++)
    text[i] = digits[randombytes_uniform(BASE)];
  text[length] = '\0';
  return text;
}

char *
secret_new(const char *prefix)
{
  g_autoptr(SecretText) random = secret_random_text(SECRET_RANDOM_LENGTH);
  char check[SECRET_CHECK_LENGTH + 1] = "";
  g_autoptr(SecretText) plain = g_strconcat(prefix, random, NULL);
  write_check(check, crc_of(plain, strlen(plain)));
  return g_strconcat(plain, check, NULL);
}

bool
secret_is_well_formed(const char *text, const char *prefix)
{
  size_t before = strlen(prefix), plain = before + SECRET_RANDOM_LENGTH;
  char check[SECRET_CHECK_LENGTH];
  if (!g_str_has_prefix(text, prefix) || strlen(text) != plain + SECRET_CHECK_LENGTH ||
      strspn(text + before, digits) != SECRET_RANDOM_LENGTH + SECRET_CHECK_LENGTH)
    return false;
  write_check(check, crc_of(text, plain));
  return memcmp(check, text + plain, SECRET_CHECK_LENGTH) == 0;
}

SecretHash
secret_hash(const char *text)
{
  SecretHash hash;
  crypto_hash_sha256(hash.bytes, (const unsigned char *)text, strlen(text));
  return hash;
}

bool
secret_matches(Slice stored, const SecretHash *hash)
{
  return stored.size == SECRET_HASH_SIZE &&
         sodium_memcmp(stored.data, hash->bytes, SECRET_HASH_SIZE) == 0;
}

void
secret_free(char *secret)
{
  if (secret != NULL)
    sodium_memzero(secret, strlen(secret));
  g_free(secret);
}
