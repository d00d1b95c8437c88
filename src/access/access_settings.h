/* What the operator decides of access: rows of the configuration. */
#pragma once

#include "access/directory/issuer_settings.h"
#include "access/directory/ldap_settings.h"
#include "access/directory/oidc_settings.h"
#include "access/endpoint/endpoint_settings.h"
#include "access/keys/keys.h"
#include "base/settings.h"

typedef enum {
  ACCESS_CLOSED, /* nothing is open that was not opened */
  ACCESS_OPEN,   /* no log-ins: everybody may do all */
} AccessMode;

/* `access` in the configuration. */
typedef struct {
  unsigned mode; /* AccessMode */
  TokenSettings tokens;
  LdapSettings *ldap;
  unsigned ldap_count;
  OidcSettings *oidc;
  unsigned oidc_count;
  IssuerSettings *workloads; /* whose tokens robots may trust (trusts.h) */
  unsigned workloads_count;
  char *client_ca, *client_crl; /* PEM files (client_trust.h), or NULL */
  unsigned client_certificate;  /* ClientCertificate, of the addresses of `listen` */
} AccessSettings;
extern const Section access_settings_section;
