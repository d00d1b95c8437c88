/* What the operator says of an issuer of tokens (OpenID Connect): the keys that each entry of a
 * list of providers has, whatever else it says. */
#pragma once

#include "base/settings.h"

typedef struct {
  char *issuer;    /* its address, as it writes it in `iss`: "https://login.example.com/realms/a" */
  char *ca_file;   /* authorities besides the system's, PEM; or NULL */
  char *keys_file; /* its keys (JWKS) instead of those that it publishes, for one that cannot be
                      reached from here; or NULL */
  bool plain_http; /* it may be http:// on this machine, for trials; false */
  uint32_t timeout; /* seconds for each question; 10 */
} IssuerSettings;

/* For SETTING_PART. */
extern const Section issuer_section;
