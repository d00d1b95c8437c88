/* Codes by time; see the header. */
#include "access/credentials/totp.h"

#include <glib.h>
#include <sodium.h>
#include <string.h>

#define SHA1_SIZE 20u

static uint32_t
power_of_ten(unsigned digits)
{
  uint32_t power = 1;
  while (digits-- > 0)
    power *= 10;
  return power;
}

/* RFC 4226, section 5.3. */
char *
totp_code(Slice secret, int64_t step, unsigned digits)
{
  uint8_t counter[8], digest[SHA1_SIZE];
  gsize size = sizeof digest;
  for (unsigned i = 0; i < sizeof counter; i++)
    counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
  GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, secret.data, secret.size);
  g_hmac_update(hmac, counter, sizeof counter);
  g_hmac_get_digest(hmac, digest, &size);
  g_hmac_unref(hmac);
  const uint8_t *at = digest + (digest[SHA1_SIZE - 1] & 15);
  uint32_t bits = (uint32_t)(at[0] & 127) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
                  (uint32_t)at[3];
  return g_strdup_printf("%0*u", (int)digits, bits % power_of_ten(digits));
}

int64_t
totp_step_of(Slice secret, const char *code, int64_t now)
{
  int64_t present = now / TOTP_PERIOD, found = -1;
  if (strlen(code) != TOTP_DIGITS)
    return -1;
  for (int64_t step = present - TOTP_DRIFT; step <= present + TOTP_DRIFT; step++) {
    g_autofree char *right = totp_code(secret, step, TOTP_DIGITS);
    if (sodium_memcmp(right, code, TOTP_DIGITS) == 0)
      found = step;
  }
  return found;
}

char *
base32_encode(Slice bytes)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  GString *text = g_string_new(NULL);
  uint32_t bits = 0;
  unsigned held = 0;
  for (size_t i = 0; i < bytes.size; i++) {
    bits = bits << 8 | bytes.data[i];
    for (held += 8; held >= 5; held -= 5)
      g_string_append_c(text, letters[bits >> (held - 5) & 31]);
  }
  if (held > 0)
    g_string_append_c(text, letters[bits << (5 - held) & 31]);
  return g_string_free(text, FALSE);
}

char *
totp_uri(const char *issuer, const char *name, const char *secret)
{
  g_autofree char *by = g_uri_escape_string(issuer, NULL, FALSE);
  g_autofree char *who = g_uri_escape_string(name, "@", FALSE);
  return g_strdup_printf(
      "otpauth://totp/%s:%s?secret=%s&issuer=%s&algorithm=SHA1&digits=%u&period=%d", by, who,
      secret, by, TOTP_DIGITS, TOTP_PERIOD);
}
