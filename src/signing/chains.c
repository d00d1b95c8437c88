/* The certificates of signing keys; see the header. */
#include "signing/chains.h"

#include "base/calendar.h"
#include "base/error.h"
#include "sign/formats/signing_chain.h"

#define DAY ((int64_t)24 * 60 * 60)

bool
signing_key_check_chain(SigningKey *key, GError **error)
{
  key->certificates_until = 0;
  if (key->certificates == NULL)
    return true;
  g_autoptr(PublicKey) public = public_key_read(slice_from_string(key->public), error);
  g_autoptr(GPtrArray) chain =
      public == NULL ? NULL : signing_chain_read(slice_from_string(key->certificates), error);
  if (chain == NULL || !signing_chain_check(chain, public, error)) {
    g_prefix_error(error, "signing key %s: its certificates: ", key->name);
    return false;
  }
  key->certificates_until = signing_chain_times(chain).until * G_USEC_PER_SEC;
  return true;
}

static bool
refuse_without(const SigningKey *key, GError **error)
{
  return error_set(error, ASSAY_ERROR_INVALID,
                   "signing key %s: it has no certificates, with which the Notary Project has it "
                   "sign: have an authority make them (assay key csr %s), and give them (assay key "
                   "change %s --certificates FILE)",
                   key->name, key->name, key->name);
}

bool
signing_key_fits_formats(const SigningKey *key, GStrv formats, GError **error)
{
  SignatureAlgorithm algorithm;
  if (formats == NULL ||
      !g_strv_contains((const char *const *)formats, signature_format_names[SIGNATURE_NOTATION]))
    return true;
  g_autoptr(PublicKey) public = public_key_read(slice_from_string(key->public), error);
  if (public == NULL)
    return false;
  if (!public_key_notation_algorithm(public, &algorithm))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "signing key %s: it is %s, by which the Notary Project has no signatures: "
                     "leave out the format \"notation\", or use a key of RSA or ECDSA",
                     key->name, key->algorithm);
  return key->certificates != NULL || refuse_without(key, error);
}

GPtrArray *
signing_key_chain(const SigningKey *key, int64_t now, GError **error)
{
  if (key->certificates == NULL) {
    refuse_without(key, error);
    return NULL;
  }
  g_autoptr(GPtrArray) chain = signing_chain_read(slice_from_string(key->certificates), error);
  if (chain == NULL || !signing_chain_good(signing_chain_times(chain), now, error)) {
    g_prefix_error(error, "signing key %s: ", key->name);
    return NULL;
  }
  return g_steal_pointer(&chain);
}

GPtrArray *
signing_chain_problems(const SigningSet *set, int64_t now)
{
  GPtrArray *problems = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < set->keys->len; i++) {
    const SigningKey *key = g_ptr_array_index(set->keys, i);
    int64_t until = key->certificates_until / G_USEC_PER_SEC;
    if (until == 0 || key->revoked != 0 || until - now > CHAIN_WARNING_DAYS * DAY)
      continue;
    g_autofree char *moment = calendar_moment(until);
    g_ptr_array_add(problems,
                    g_strdup_printf("the certificates of the signing key %s %s on %s: have others "
                                    "made (assay key csr %s), and give them (assay key change)",
                                    key->name, until < now ? "ended" : "end", moment, key->name));
  }
  return problems;
}
