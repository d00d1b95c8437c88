/* What may be used once; see the header. */
#include "access/directory/oidc_once.h"

#include "access/credentials/secrets.h"
#include "base/error.h"

typedef struct {
  SecretHash hash;
  int64_t ends;
} Use;

static bool
use(SqlConnection *db, void *data, GError **error)
{
  const Use *once = data;
  int64_t changed = 0;
  if (!sql_run(db, NULL, error, "DELETE FROM oidc_used WHERE ends <= $1",
               SQL_INTEGER(g_get_real_time()), SQL_END) ||
      !sql_run(db, &changed, error,
               "INSERT INTO oidc_used (hash, ends) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
               SQL_BYTES(slice_new(once->hash.bytes, SECRET_HASH_SIZE)), SQL_INTEGER(once->ends),
               SQL_END))
    return false;
  return changed > 0 ||
         error_set(error, ASSAY_ERROR_DENIED, "this log-in has come back before: begin a new one");
}

bool
oidc_use_once(Access *access, const char *what, int64_t ends, GError **error)
{
  Use once = {secret_hash(what), ends};
  return sql_transact(access_sql(access), use, &once, error);
}
