/* One-time passwords by time: TOTP (RFC 6238) over HOTP (RFC 4226), with what every authenticator
 * app takes: HMAC-SHA-1, steps of 30 seconds, 6 digits. Pure. */
#pragma once

#include <stdint.h>

#include "base/slice.h"

#define TOTP_SECRET_SIZE 20u
#define TOTP_DIGITS      6u
#define TOTP_PERIOD      30
/* Clocks may differ by so many steps (RFC 6238, section 5.2). */
#define TOTP_DRIFT 1

/* Of the step @step; @digits: 6 to 8. (transfer full) */
char *totp_code(Slice secret, int64_t step, unsigned digits);
/* The step that @code is of, among the one of @now (seconds since 1970) and its neighbours; -1: it
 * is of none. In a time that does not tell how much of it is right. */
int64_t totp_step_of(Slice secret, const char *code, int64_t now);

/* RFC 4648, section 6, without padding, as apps take it. (transfer full) */
char *base32_encode(Slice bytes);
/* What apps read from a QR code: otpauth://totp/ISSUER:NAME?secret=... (transfer full) */
char *totp_uri(const char *issuer, const char *name, const char *secret);
