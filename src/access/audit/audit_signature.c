/* Signatures of the audit's head; see the header. */
#include "access/audit/audit_signature.h"

#include <string.h>

#include "access/audit/audit_chain.h"
#include "access/keys/jwt.h"
#include "base/error.h"
#include "base/json.h"
#include "sign/keys/jwks.h"

/* Whether what is signed is the record before @record. */
static bool
is_of_head(const json_t *claims, const json_t *record)
{
  return g_strcmp0(json_get_string(claims, "sub"), "audit-head") == 0 &&
         json_get_integer(claims, "number", -1) == json_get_integer(record, "number", 0) - 1 &&
         g_strcmp0(json_get_string(claims, "hash"), json_get_string(record, "previous")) == 0;
}

static HeadSignature
check_by(const Jwt *jwt, const GPtrArray *keys, const json_t *record, HeadSignature holds)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) claims = jwt_claims(jwt, keys, &error);
  if (claims == NULL)
    return g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND) ? HEAD_UNKNOWN_KEY
                                                                      : HEAD_WRONG;
  return is_of_head(claims, record) ? holds : HEAD_WRONG;
}

HeadSignature
audit_signature_check(const json_t *record, const GPtrArray *published, char **kid)
{
  const json_t *data = json_get_object(record, "data");
  if (g_strcmp0(json_get_string(record, "type"), AUDIT_SIGNED) != 0)
    return HEAD_UNSIGNED;
  g_autoptr(Jwt) jwt = jwt_parse(slice_from_string(json_get_string(data, "signature")), NULL);
  if (jwt == NULL)
    return HEAD_WRONG;
  if (kid != NULL)
    *kid = g_strdup(jwt->kid);
  HeadSignature found = check_by(jwt, published, record, HEAD_PUBLISHED);
  if (found != HEAD_UNKNOWN_KEY || json_get_object(data, "key") == NULL)
    return found;
  g_autoptr(GPtrArray) own = g_ptr_array_new_with_free_func((GDestroyNotify)public_key_free);
  PublicKey *key = jwk_read(json_get_object(data, "key"), NULL);
  if (key == NULL)
    return HEAD_WRONG;
  g_ptr_array_add(own, key);
  return check_by(jwt, own, record, HEAD_BY_ITSELF);
}
