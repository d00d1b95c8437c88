/* Passwords: what people choose, kept as argon2id (RFC 9106) by libsodium, with the memory and the
 * time of its "interactive" strength: 64 MiB and about a twentieth of a second. Few are worked on
 * at once, so that memory stays bounded. Any thread; they take their time. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/found.h"

#define PASSWORD_LEAST 8
#define PASSWORD_MOST  256

/* The length alone counts (NIST SP 800-63B, 5.1.1.2). ASSAY_ERROR_INVALID. */
bool password_check_strength(const char *password, GError **error);
/* A string for the table. ASSAY_ERROR_BUSY: too many are worked on. (transfer full) */
char *password_hash(const char *password, GError **error);
/* FOUND: it is the one. @stored NULL: there is none, and it takes as long as if there were, so that
 * nobody learns which names exist. FAILED: as password_hash(). */
Found password_verify(const char *stored, const char *password, GError **error);
/* Which password it is, as what was made by it says (proof.h): a part of a hash of @stored, so no
 * secret. (transfer full) */
char *password_proof(const char *stored);
