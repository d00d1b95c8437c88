/* Whether the server's own certificate is valid, and for how long. */
#pragma once

#include <stdint.h>

/* Seconds since 1970. */
typedef struct {
  int64_t from, until; /* of the server's own */
  int64_t chain_until; /* when the first of those after it in the file expires; INT64_MAX: none */
} CertificateTimes;

/* Before it expires it is spoken of for so long. */
#define CERTIFICATE_WARNING_DAYS 14

/* What a person should know of it: that it is not valid yet, or not any more, or soon. NULL:
 * nothing. (transfer full) */
char *certificate_problem(CertificateTimes times, int64_t now);
