/* Whether an attestor or a rule is as it must be; see the header. */
#include "signing/checks.h"

#include "base/enum_names.h"
#include "base/error.h"
#include "signing/chains.h"

static bool
check_trusted(const char *of, const GPtrArray *keys, GError **error)
{
  for (guint i = 0; i < keys->len; i++) {
    TrustedKey *key = g_ptr_array_index(keys, i);
    g_autoptr(PublicKey) public = public_key_read(slice_from_string(key->public), error);
    if (public == NULL) {
      g_prefix_error(error, "%s: key %u: ", of, i + 1);
      return false;
    }
    g_free(key->fingerprint);
    key->fingerprint = g_strdup(public_key_fingerprint(public));
  }
  return true;
}

static bool
check_formats(const char *of, GStrv formats, unsigned allowed, GError **error)
{
  unsigned format = 0;
  for (size_t i = 0; formats != NULL && formats[i] != NULL; i++)
    if (!enum_find(signature_format_names, formats[i], &format) || (allowed & 1u << format) == 0)
      return error_set(error, ASSAY_ERROR_INVALID, "%s: \"%s\" is no format that it can have", of,
                       formats[i]);
  return true;
}

bool
signing_check_attestor(const SigningSet *set, const AttestorRow *row, GError **error)
{
  if (row->key == NULL && row->keys->len == 0 && row->roots == NULL && row->trusted_root == NULL)
    return error_set(
        error, ASSAY_ERROR_INVALID,
        "attestor %s: it needs a signing key of ours, public keys, roots, or a trusted "
        "root of Sigstore",
        row->name);
  if (row->key != NULL && signing_set_key(set, row->key) == NULL)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "attestor %s: there is no signing key %s",
                     row->name, row->key);
  if (!check_trusted(row->name, row->keys, error) ||
      !check_formats(row->name, row->formats, (1u << SIGNATURE_FORMAT_COUNT) - 1, error))
    return false;
  AttestorRow of_others = *row;
  of_others.key = NULL;
  g_autoptr(Attestor) made = signing_attestor(set, &of_others, error);
  return made != NULL;
}

static bool
check_attest(const SigningRule *rule, GError **error)
{
  unsigned kind = 0;
  for (size_t i = 0; rule->attest != NULL && rule->attest[i] != NULL; i++)
    if (!enum_find(signing_attestation_names, rule->attest[i], &kind))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "signing rule %s: \"%s\" is nothing to attest (vulnerabilities, sbom)",
                       rule->name, rule->attest[i]);
  if (rule->renew != 0 && !signing_rule_attests(rule, ATTEST_VULNERABILITIES))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "signing rule %s: \"renew\" is for a rule that attests vulnerabilities",
                     rule->name);
  return rule->renew == 0 || rule->renew >= SIGNING_RENEW_LEAST ||
         error_set(error, ASSAY_ERROR_INVALID, "signing rule %s: \"renew\" is at least %u seconds",
                   rule->name, SIGNING_RENEW_LEAST);
}

bool
signing_check_rule(const SigningSet *set, const SigningRule *rule, GError **error)
{
  const AttestorRow *attestor = signing_set_attestor(set, rule->attestor);
  if (rule->repositories == NULL || rule->repositories[0] == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "signing rule %s: it needs patterns of repositories", rule->name);
  if (attestor == NULL)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "signing rule %s: there is no attestor %s",
                     rule->name, rule->attestor);
  if (attestor->key == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "signing rule %s: the attestor %s has no signing key of ours", rule->name,
                     rule->attestor);
  const SigningKey *key = signing_set_key(set, attestor->key);
  unsigned allowed = 1u << SIGNATURE_COSIGN | 1u << SIGNATURE_BUNDLE |
                     (rule->attest == NULL ? 1u << SIGNATURE_NOTATION : 0);
  return check_formats(rule->name, rule->formats, allowed, error) &&
         (key == NULL || signing_key_fits_formats(key, rule->formats, error)) &&
         check_attest(rule, error);
}
