/* Secrets that the server makes up: those of robots, and personal access tokens.
 *
 * They look like PREFIX, 30 characters of base 62 from the system's random numbers (178 bits), and
 * 6 that are the CRC-32 of what is before them: so a scanner of sources finds them by their form,
 * and knows without asking anybody that it found one.
 *
 * What is stored is SHA-256 of the whole. A slow hash with salt protects what people choose, which
 * can be guessed; nobody guesses 178 bits, so a fast one gives nothing away, and a robot's log-in
 * costs microseconds. Pure, except for the random numbers. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define SECRET_RANDOM_LENGTH 30
#define SECRET_CHECK_LENGTH  6
#define SECRET_HASH_SIZE     32

typedef struct {
  uint8_t bytes[SECRET_HASH_SIZE];
} SecretHash;

/* @length characters of 0-9, A-Z and a-z. (transfer full) */
char *secret_random_text(unsigned length);
/* (transfer full); to be given to secret_free(). */
char *secret_new(const char *prefix);
/* Whether it begins so, and what follows is a secret whose check is right. */
bool secret_is_well_formed(const char *text, const char *prefix);
SecretHash secret_hash(const char *text);
/* In a time that does not tell where they differ. */
bool secret_matches(Slice stored, const SecretHash *hash);
/* Overwrites it first. NULL is fine. */
void secret_free(char *secret);

typedef char SecretText;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SecretText, secret_free)
