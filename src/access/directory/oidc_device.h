/* The log-in of somebody at a terminal by a provider of OpenID Connect: the device authorization
 * grant (RFC 8628). The registry asks the provider, so that the terminal needs nothing but the
 * registry, and no client of its own at the provider.
 *
 * What the terminal keeps meanwhile is sealed: it cannot be used at the provider by others. All
 * block; any thread. */
#pragma once

#include "access/directory/oidc.h"

typedef struct {
  char *handle;    /* for oidc_device_ask(); who has it gets what the person allows */
  char *user_code; /* what the person types in at ... */
  char *verification_uri,
      *verification_uri_complete; /* the second has the code in it, or is NULL */
  uint32_t interval;              /* seconds between two questions */
  int64_t expires;                /* microseconds since 1970 */
} OidcDevice;
void oidc_device_clear(OidcDevice *device);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(OidcDevice, oidc_device_clear)

/* ASSAY_ERROR_UNSUPPORTED: the provider has no such grant. */
bool oidc_device_begin(Access *access, const OidcSettings *settings, OidcDevice *device,
                       GError **error);

typedef enum {
  OIDC_DEVICE_DONE,   /* *person is the row of who has allowed it */
  OIDC_DEVICE_WAIT,   /* nobody has yet: ask again after the interval */
  OIDC_DEVICE_SLOWER, /* ... after five seconds more from now on */
  OIDC_DEVICE_FAILED, /* ASSAY_ERROR_DENIED: no, or it took too long. Others: nobody can say now */
} OidcDeviceState;
OidcDeviceState oidc_device_ask(Access *access, const OidcSettings *settings, const char *handle,
                                int64_t *person, GError **error);
