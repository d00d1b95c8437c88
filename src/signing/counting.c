/* Which signatures count; see the header. */
#include "signing/counting.h"

/* By the key whose fingerprint it has, present or former. */
static bool
is_valid(const SigningKey *key, const MadeSignature *one)
{
  if (g_strcmp0(key->fingerprint, one->fingerprint) == 0)
    return key->revoked == 0 || one->made < key->revoked;
  for (guint i = 0; i < key->former->len; i++) {
    const TrustedKey *former = g_ptr_array_index(key->former, i);
    if (g_strcmp0(former->fingerprint, one->fingerprint) == 0)
      return former->revoked == 0 || one->made < former->revoked;
  }
  return false;
}

static bool
has_format(const SigningKey *key, const SigningRule *rule, const char *format,
           const GPtrArray *made)
{
  for (guint i = 0; i < made->len; i++) {
    const MadeSignature *one = g_ptr_array_index(made, i);
    if (g_strcmp0(one->fingerprint, key->fingerprint) == 0 &&
        (one->attests != NULL) == (rule->attest != NULL) && g_strcmp0(one->format, format) == 0)
      return true;
  }
  return false;
}

static bool
has_formats(const SigningKey *key, const SigningRule *rule, const GPtrArray *made)
{
  static const char *const both[] = {"cosign", "bundle", NULL};
  const char *const *formats = rule->formats == NULL ? both : (const char *const *)rule->formats;
  for (size_t i = 0; formats[i] != NULL; i++)
    if (!has_format(key, rule, formats[i], made))
      return false;
  return true;
}

/* Of signatures by the present key, which has one. */
static const MadeSignature *
last_by(const SigningKey *key, const GPtrArray *made)
{
  guint at = made->len - 1;
  while (at > 0 &&
         (g_strcmp0(((const MadeSignature *)made->pdata[at])->fingerprint, key->fingerprint) != 0 ||
          ((const MadeSignature *)made->pdata[at])->attests != NULL))
    at--;
  return g_ptr_array_index(made, at);
}

RuleSignatures
signing_count(const SigningSet *set, const SigningRule *rule, const GPtrArray *made)
{
  RuleSignatures found = {0};
  const AttestorRow *attestor = signing_set_attestor(set, rule->attestor);
  const SigningKey *key = attestor == NULL ? NULL : signing_set_key(set, attestor->key);
  for (guint i = 0; i < made->len; i++) {
    const MadeSignature *one = g_ptr_array_index(made, i);
    if (g_strcmp0(one->rule, rule->name) != 0)
      continue;
    found.ever = true;
    if (key == NULL || !is_valid(key, one))
      continue;
    found.counts = true;
    found.last = one;
  }
  found.present = key != NULL && key->revoked == 0 && has_formats(key, rule, made);
  /* Another rule with the same key has made all that this one would. */
  if (!found.counts && found.present && rule->attest == NULL) {
    found.counts = true;
    found.last = last_by(key, made);
  }
  return found;
}
