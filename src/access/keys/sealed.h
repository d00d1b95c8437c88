/* What must be read again, and must not lie in the database in clear: keys that sign, secrets of
 * second factors. It is sealed by a key that is in a file of its own (`secrets.key_file`), so that
 * a copy of the database alone tells nothing; a backup needs both.
 *
 * XChaCha20-Poly1305 of libsodium. A purpose is sealed with it, so that what was sealed for one
 * thing cannot be put in the place of another. May be called from any thread. */
#pragma once

#include "base/settings.h"
#include "base/slice.h"

/* `secrets` in the configuration. */
typedef struct {
  char *key_file;      /* NULL: secrets.key in the data folder */
  char *config;        /* of rules for secrets in images, as gitleaks has it; NULL: ours alone */
  bool allow_comments; /* in a line with "gitleaks:allow" is no secret, whoever wrote it */
} SecretsSettings;
extern const Section secrets_settings_section;

typedef struct Sealer Sealer;

/* The key of the file @path; with @make it is made where there is none (mode 0600). ASSAY_ERROR_IO,
 * _NOT_FOUND; _INVALID: it is no key file; _DENIED: others may read it. (transfer full) */
Sealer *sealer_new(const char *path, bool make, GError **error);
/* One whose key nobody else has, for where nothing can be written. (transfer full) */
Sealer *sealer_new_for_now(void);
void sealer_free(Sealer *sealer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sealer, sealer_free)

/* @purpose: a word, and whose it is: "totp:7". (transfer full) */
GBytes *sealer_seal(const Sealer *sealer, const char *purpose, Slice clear);
/* ASSAY_ERROR_MISMATCH: it was not sealed by this key for that purpose. (transfer full); its memory
 * is wiped when it is freed. */
GBytes *sealer_unseal(const Sealer *sealer, const char *purpose, Slice sealed, GError **error);
/* What is to be recognised and never read again, though it may hold a password: without the key
 * nobody can try which it was. Hexadecimal. (transfer full) */
char *sealer_mark(const Sealer *sealer, const char *purpose, Slice clear);
