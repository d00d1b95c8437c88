/* By which of its credentials a principal has logged in, as a text that a bearer's token carries:
 * a token must not outlive the secret, password or session that it was made by, though its owner
 * is still there. It is no secret, and nobody logs in by it.
 *
 * "robot.SLOT.CREATED" (robots.h), "password.HASH" of what is stored of it (passwords.h),
 * "trust.ID" of a rule (trusts.h), "certificate.ID" of a name (certificate_names.h), "session.ID".
 * Of others there is none: personal access tokens are named by the bearer's token itself, and what
 * a directory confirmed is asked of that. */
#pragma once

#include "access/access.h"
#include "access/people/accounts.h"

/* Of @who, whatever it has logged in by; NULL: none. (transfer full) */
char *proof_of(const Principal *who);
/* Whether that credential of @account still counts. ABSENT: it has ended, or is no proof. Blocks.
 */
Found proof_holds(Access *access, const Account *account, const char *proof, GError **error);
