/* The second factor of people who log in by a password of this registry: codes by time (totp.h),
 * and recovery codes for who has lost what makes them.
 *
 * The secret is sealed (sealed.h) in the row of its person, and counts once a first code has shown
 * that an app has it. The step of the last code that was taken is kept, so that none counts twice.
 * Recovery codes have 80 bits, are kept as hashes, and each counts once.
 *
 * A session asks for a code. What programs send by a password alone is refused from then on, for
 * the factor would be void: they use a personal access token. All of this blocks. */
#pragma once

#include "access/access.h"
#include "access/people/accounts.h"

#define RECOVERY_CODES 10u

/* A new secret for @name, in the place of one that was not confirmed. *@secret (base32) and *@uri
 * are shown once: (transfer full), for secret_free(). ASSAY_ERROR_EXISTS: there is a second factor;
 * _INVALID: the person logs in by a directory, which asks for what it wants. */
bool second_factor_begin(Access *access, const char *name, char **secret, char **uri,
                         GError **error);
/* From now on it is asked for; sessions end. *@codes: the recovery codes. (transfer full)
 * ASSAY_ERROR_INVALID: the code is wrong, or nothing was begun. */
bool second_factor_confirm(Access *access, const char *name, const char *code, GStrv *codes,
                           GError **error);
/* @by: who does it, for the record. ASSAY_ERROR_NOT_FOUND: there is none. */
bool second_factor_remove(Access *access, const char *name, const char *by, GError **error);

/* Takes @code, of the app or a recovery code, of a person who has a second factor; it counts no
 * more after. FOUND; ABSENT: it is wrong, or was used. Who calls counts what is wrong. */
Found second_factor_take(Access *access, const Account *account, const char *code, GError **error);
