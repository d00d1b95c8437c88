/* What somebody has logged in by; see the header. */
#include "access/credentials/proof.h"

#include <string.h>

#include "access/credentials/certificate_names.h"
#include "access/credentials/passwords.h"
#include "access/credentials/sessions.h"
#include "access/credentials/trusts.h"
#include "access/people/robots.h"

#define SESSION "session."

char *
proof_of(const Principal *who)
{
  if (who->proof != NULL)
    return g_strdup(who->proof);
  return strcmp(who->how, session_identity.how) == 0 ? g_strconcat(SESSION, who->token, NULL)
                                                     : NULL;
}

static Found
has_robot_secret(Access *access, const Account *account, const char *proof, GError **error)
{
  unsigned count = 0;
  RobotSecret secrets[ROBOT_SLOTS];
  if (!robots_secrets(access_sql(access), account->id, secrets, &count, error))
    return FAILED;
  for (unsigned i = 0; i < count; i++) {
    g_autofree char *own = robot_secret_proof(&secrets[i]);
    if (strcmp(own, proof) == 0)
      return secrets[i].expires != 0 && secrets[i].expires <= g_get_real_time() ? ABSENT : FOUND;
  }
  return ABSENT;
}

static Found
has_session(Access *access, const Account *account, const char *id, GError **error)
{
  g_autoptr(GPtrArray) sessions = sessions_of(access, account->id, error);
  if (sessions == NULL)
    return FAILED;
  for (guint i = 0; i < sessions->len; i++) {
    const Session *session = g_ptr_array_index(sessions, i);
    if (strcmp(session->id, id) == 0)
      return FOUND;
  }
  return ABSENT;
}

static Found
has_password(const Account *account, const char *proof)
{
  g_autofree char *own = account->password == NULL ? NULL : password_proof(account->password);
  return g_strcmp0(own, proof) == 0 ? FOUND : ABSENT;
}

/* That a row is still there, whose id follows @prefix. */
static Found
has_row(Access *access, const Account *account, const char *proof, const char *prefix,
        Found (*holds)(SqlPool *sql, int64_t account, int64_t id, GError **error), GError **error)
{
  uint64_t id = 0;
  if (!slice_to_uint64(slice_from_string(proof + strlen(prefix)), &id) || id > INT64_MAX)
    return ABSENT;
  return holds(access_sql(access), account->id, (int64_t)id, error);
}

Found
proof_holds(Access *access, const Account *account, const char *proof, GError **error)
{
  if (g_str_has_prefix(proof, ROBOT_PROOF))
    return has_robot_secret(access, account, proof, error);
  if (g_str_has_prefix(proof, SESSION))
    return has_session(access, account, proof + strlen(SESSION), error);
  if (g_str_has_prefix(proof, CERTIFICATE_PROOF))
    return has_row(access, account, proof, CERTIFICATE_PROOF, certificate_proof_holds, error);
  if (g_str_has_prefix(proof, TRUST_PROOF))
    return has_row(access, account, proof, TRUST_PROOF, trust_proof_holds, error);
  return has_password(account, proof);
}
