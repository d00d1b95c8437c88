/* What keys, attestors and rules are as JSON, and whether a rule is for an image; see the header.
 */
#include <string.h>

#include "signing/signing.h"
#include "text/glob.h"

const char *const signing_trigger_names[] = {"manual", "push", "passed", "repaired", NULL};
const char *const signing_attestation_names[] = {"vulnerabilities", "sbom", NULL};

static const JsonMember trusted_members[] = {
    {JSON_MEMBER(TrustedKey, name), .kind = &json_text},
    {JSON_MEMBER(TrustedKey, public), .kind = &json_text, .required = true},
    {JSON_MEMBER(TrustedKey, fingerprint), .kind = &json_text},
    {JSON_MEMBER(TrustedKey, not_before), .kind = &json_moment},
    {JSON_MEMBER(TrustedKey, not_after), .kind = &json_moment},
    {JSON_MEMBER(TrustedKey, revoked), .kind = &json_moment},
};
static const JsonTable trusted_table = JSON_TABLE(TrustedKey, trusted_members);

static const JsonMember key_members[] = {
    {JSON_MEMBER(SigningKey, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(SigningKey, description), .kind = &json_text},
    {JSON_MEMBER(SigningKey, uri), .kind = &json_text, .required = true},
    {JSON_MEMBER(SigningKey, password_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, pin_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, token_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, ca_file), .kind = &json_text},
    {JSON_MEMBER(SigningKey, timeout), .kind = &json_number, .most = 300, .omitted = true},
    {JSON_MEMBER(SigningKey, algorithm), .kind = &json_text},
    {JSON_MEMBER(SigningKey, public), .kind = &json_text},
    {JSON_MEMBER(SigningKey, fingerprint), .kind = &json_text},
    {JSON_MEMBER(SigningKey, version), .kind = &json_text},
    {JSON_MEMBER(SigningKey, certificates), .kind = &json_text},
    {JSON_MEMBER(SigningKey, certificates_until), .kind = &json_moment},
    {JSON_MEMBER(SigningKey, former), .kind = &json_list, .table = &trusted_table,
     .most = SIGNING_KEYS_MOST, .omitted = true},
    {JSON_MEMBER(SigningKey, state), .kind = &json_text},
    {JSON_MEMBER(SigningKey, revoked), .kind = &json_moment},
    {JSON_MEMBER(SigningKey, created), .kind = &json_moment},
    {JSON_MEMBER(SigningKey, created_by), .kind = &json_text},
};
const JsonTable signing_key_table = JSON_TABLE(SigningKey, key_members);

static const JsonMember identity_members[] = {
    {JSON_MEMBER(TrustedIdentity, subject), .kind = &json_text},
    {JSON_MEMBER(TrustedIdentity, name), .kind = &json_text},
    {JSON_MEMBER(TrustedIdentity, issuer), .kind = &json_text},
};
static const JsonTable identity_table = JSON_TABLE(TrustedIdentity, identity_members);

static const JsonMember attestor_members[] = {
    {JSON_MEMBER(AttestorRow, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(AttestorRow, description), .kind = &json_text},
    {JSON_MEMBER(AttestorRow, key), .kind = &json_text},
    {JSON_MEMBER(AttestorRow, keys), .kind = &json_list, .table = &trusted_table,
     .most = SIGNING_KEYS_MOST, .omitted = true},
    {JSON_MEMBER(AttestorRow, roots), .kind = &json_text},
    {JSON_MEMBER(AttestorRow, identities), .kind = &json_list, .table = &identity_table,
     .most = SIGNING_KEYS_MOST, .omitted = true},
    {JSON_MEMBER(AttestorRow, time_roots), .kind = &json_text},
    {JSON_MEMBER(AttestorRow, trusted_root), .kind = &json_text},
    {JSON_MEMBER(AttestorRow, rekor), .kind = &json_texts, .most = SIGNING_KEYS_MOST},
    {JSON_MEMBER(AttestorRow, ctlogs), .kind = &json_texts, .most = SIGNING_KEYS_MOST},
    {JSON_MEMBER(AttestorRow, formats), .kind = &json_texts, .most = SIGNATURE_FORMAT_COUNT},
    {JSON_MEMBER(AttestorRow, created), .kind = &json_moment},
    {JSON_MEMBER(AttestorRow, created_by), .kind = &json_text},
};
const JsonTable attestor_row_table = JSON_TABLE(AttestorRow, attestor_members);

static const JsonMember rule_members[] = {
    {JSON_MEMBER(SigningRule, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(SigningRule, description), .kind = &json_text},
    {JSON_MEMBER(SigningRule, attestor), .kind = &json_text, .required = true},
    {JSON_MEMBER(SigningRule, repositories), .kind = &json_texts, .required = true, .most = 100},
    {JSON_MEMBER(SigningRule, tags), .kind = &json_texts, .most = 100},
    {JSON_MEMBER(SigningRule, trigger), .kind = &json_word, .words = signing_trigger_names},
    {JSON_MEMBER(SigningRule, formats), .kind = &json_texts, .most = 8},
    {JSON_MEMBER(SigningRule, attest), .kind = &json_texts, .most = ATTESTATION_KINDS},
    {JSON_MEMBER(SigningRule, members), .kind = &json_flag},
    {JSON_MEMBER(SigningRule, renew), .kind = &json_number, .most = SIGNING_RENEW_MOST,
     .omitted = true},
    {JSON_MEMBER(SigningRule, created), .kind = &json_moment},
    {JSON_MEMBER(SigningRule, created_by), .kind = &json_text},
};
const JsonTable signing_rule_table = JSON_TABLE(SigningRule, rule_members);

void
trusted_key_free(TrustedKey *key)
{
  if (key == NULL)
    return;
  json_table_clear(&trusted_table, key);
  g_free(key);
}

void
trusted_identity_free(TrustedIdentity *identity)
{
  if (identity == NULL)
    return;
  json_table_clear(&identity_table, identity);
  g_free(identity);
}

static GPtrArray *
trusted_keys_new(void)
{
  return g_ptr_array_new_with_free_func((GDestroyNotify)trusted_key_free);
}

SigningKey *
signing_key_row_new(void)
{
  SigningKey *key = g_new0(SigningKey, 1);
  key->former = trusted_keys_new();
  return key;
}

AttestorRow *
attestor_row_new(void)
{
  AttestorRow *attestor = g_new0(AttestorRow, 1);
  attestor->keys = trusted_keys_new();
  attestor->identities = g_ptr_array_new_with_free_func((GDestroyNotify)trusted_identity_free);
  return attestor;
}

void
signing_key_row_free(SigningKey *key)
{
  if (key == NULL)
    return;
  json_table_clear(&signing_key_table, key);
  g_free(key);
}

void
attestor_row_free(AttestorRow *attestor)
{
  if (attestor == NULL)
    return;
  json_table_clear(&attestor_row_table, attestor);
  g_free(attestor);
}

void
signing_rule_free(SigningRule *rule)
{
  if (rule == NULL)
    return;
  json_table_clear(&signing_rule_table, rule);
  g_free(rule);
}

KeyOptions
signing_key_options(const SigningKey *key)
{
  return (KeyOptions){.password_file = key->password_file,
                      .pin_file = key->pin_file,
                      .token_file = key->token_file,
                      .ca_file = key->ca_file,
                      .seconds = key->timeout};
}

static bool
fits_any(GStrv patterns, const char *text)
{
  for (size_t i = 0; patterns[i] != NULL; i++)
    if (glob_matches(patterns[i], text))
      return true;
  return false;
}

uint32_t
signing_rule_renewal(const SigningRule *rule)
{
  return rule->renew != 0 ? rule->renew : SIGNING_RENEW_DEFAULT;
}

bool
signing_rule_attests(const SigningRule *rule, AttestationKind kind)
{
  return rule->attest != NULL &&
         g_strv_contains((const char *const *)rule->attest, signing_attestation_names[kind]);
}

bool
signing_rule_covers(const SigningRule *rule, const char *repository)
{
  return fits_any(rule->repositories, repository);
}

bool
signing_rule_fits(const SigningRule *rule, const char *repository, const char *const *tags)
{
  if (!fits_any(rule->repositories, repository))
    return false;
  if (rule->tags == NULL)
    return true;
  for (size_t i = 0; tags != NULL && tags[i] != NULL; i++)
    if (fits_any(rule->tags, tags[i]))
      return true;
  return false;
}

bool
signing_rule_asks_verdict(const SigningRule *rule)
{
  return rule->trigger == TRIGGER_PASSED || rule->trigger == TRIGGER_REPAIRED;
}
