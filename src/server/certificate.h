/* Whether the server's own certificate is valid, and for how long. */
#pragma once

#include <stdint.h>

/* Seconds since 1970: of a chain, the time in which each of its certificates is valid. */
typedef struct {
  int64_t from, until;
} CertificateTimes;

/* Before it expires it is spoken of for so long. */
#define CERTIFICATE_WARNING_DAYS 14

/* What a person should know of it: that it is not valid yet, or not any more, or soon. NULL:
 * nothing. (transfer full) */
char *certificate_problem(CertificateTimes times, int64_t now);
