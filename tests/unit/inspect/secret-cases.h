/* How secrets are written, for tests that make some: no secret is in these files.
 *
 * In a form, "<A36>" is 36 random letters and digits. A: 0-9A-Za-z; a: 0-9a-z; U: 0-9A-Z; L:
 * A-Za-z; u: base 32; h: hex; d: digits; b: base64url; B: base64; and "<uuid>" is a UUID. */
#pragma once

#include <glib.h>

typedef struct {
  const char *rule; /* its id */
  const char *form; /* the shortest that counts; NULL ends the list */
} SecretCase;

extern const SecretCase secret_cases[];

/* In the place of @short_by: the last run is what people write to be replaced. */
#define SECRET_CASE_PLACEHOLDER G_MAXUINT

/* Writes @form out. @short_by: so many characters fewer in the last run of random ones. (transfer
 * full) */
char *secret_case_text(GRand *random, const char *form, unsigned short_by);
/* @count bytes of base64, as a private key in DER would begin. @encrypted: as one with a
 * passphrase. (transfer full) */
char *secret_case_key(GRand *random, unsigned count, gboolean encrypted);
