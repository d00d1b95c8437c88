/* Keys that sign images, and keys that attest; see the header. */
#include "signing/apart.h"

#include "base/error.h"

/* The key that @rule signs by. */
static const SigningKey *
key_of_rule(const SigningSet *set, const SigningRule *rule)
{
  const AttestorRow *attestor = signing_set_attestor(set, rule->attestor);
  return attestor == NULL ? NULL : signing_set_key(set, attestor->key);
}

/* Its fingerprints: of the present one, and of those before it. (transfer container) */
static GPtrArray *
fingerprints_of(const SigningKey *key)
{
  GPtrArray *all = g_ptr_array_new();
  if (key != NULL && key->fingerprint != NULL)
    g_ptr_array_add(all, key->fingerprint);
  for (guint i = 0; key != NULL && i < key->former->len; i++)
    g_ptr_array_add(all, ((const TrustedKey *)g_ptr_array_index(key->former, i))->fingerprint);
  return all;
}

bool
signing_check_apart(const SigningSet *set, GError **error)
{
  g_autoptr(GHashTable) signs = g_hash_table_new(g_str_hash, g_str_equal);
  for (int attests = 0; attests < 2; attests++)
    for (guint i = 0; i < set->rules->len; i++) {
      SigningRule *rule = g_ptr_array_index(set->rules, i);
      if ((rule->attest != NULL) != attests)
        continue;
      g_autoptr(GPtrArray) fingerprints = fingerprints_of(key_of_rule(set, rule));
      for (guint j = 0; j < fingerprints->len; j++) {
        const SigningRule *other = g_hash_table_lookup(signs, g_ptr_array_index(fingerprints, j));
        if (attests && other != NULL)
          return error_set(error, ASSAY_ERROR_INVALID,
                           "signing rule %s attests by the key of %s, which signs images: some "
                           "verifiers take what a key attests for its signature; use another key",
                           rule->name, other->name);
        if (!attests)
          g_hash_table_insert(signs, g_ptr_array_index(fingerprints, j), rule);
      }
    }
  return true;
}
