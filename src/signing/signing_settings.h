/* What the operator decides of signing: `signing` in the configuration; and what of the machine a
 * signing key that comes by the API may name. A module of a token is code that the server runs, a
 * secret file is shown to the service that a key names: so those who manage policies may only name
 * what is listed here. Who has the operator's key is the machine's own, and may name all. */
#pragma once

#include "base/settings.h"
#include "sign/timestamp_authority.h"
#include "signing/signing.h"

typedef struct {
  char *host;       /* how clients call this registry: what a signature says of its image; NULL: by
                       the first address that the server listens on */
  char **names;     /* how else they call it, where `host` says how: then a signature that names any
                       other registry does not count */
  char **folders;   /* in which key files and secrets lie; /etc/assay/keys */
  char **modules;   /* PKCS#11 modules, whole paths; none */
  char **endpoints; /* of services other than the vendors' own, whole URLs; none */
  char **credentials;      /* ways to get credentials that this machine has, as "metadata"; none */
  char *timestamp_url;     /* of the authority that says when a rule signed; NULL: none is asked */
  char *timestamp_ca_file; /* of its server, beside the system's; NULL: none */
  char *timestamp_roots;   /* that its answers must lead to; NULL: anybody's */
  bool timestamp_required; /* nothing is signed without; true */
} SigningSettings;
extern const Section signing_settings_section;

/* `host` and `names`; NULL: `host` is not said. (transfer container) */
const char **signing_settings_hosts(const SigningSettings *settings);
/* *authority: of `timestamp_url` and its kin; NULL: none is asked. (transfer full) */
bool signing_settings_authority(const SigningSettings *settings, TimestampAuthority **authority,
                                GError **error);
/* Whether all that @key names is listed. ASSAY_ERROR_DENIED: what is not, and by which key of the
 * configuration it would be. */
bool signing_settings_allow(const SigningSettings *settings, const SigningKey *key, GError **error);
