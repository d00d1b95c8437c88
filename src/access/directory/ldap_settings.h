/* What the operator says of a directory that speaks LDAP: an entry of `access.ldap`. */
#pragma once

#include "base/settings.h"

typedef struct {
  char *name;               /* people of it have the source "ldap:NAME" */
  char **urls;              /* ldap:// or ldaps://, asked in this order */
  bool starttls;            /* ldap:// goes on under TLS; true */
  char *ca_file;            /* authorities instead of the system's, PEM; or NULL */
  char *bind_dn;            /* of the service account that searches; NULL: direct bind */
  char *bind_password_file; /* its password is the first line */
  char *user_dn;            /* of a direct bind: "uid={name},ou=people,dc=example,dc=com", or
                               "{name}@example.com" of Active Directory; or NULL */
  char *user_base;          /* where people are searched */
  char *user_filter;        /* "(uid={name})" */
  char *id_attribute;       /* what stays the same when all else changes; "entryUUID" */
  char *name_attribute;     /* "uid" */
  char *display_attribute;  /* "cn" */
  char *mail_attribute;     /* "mail" */
  char *group_base;         /* where groups are searched; NULL: there are none */
  char *group_filter;       /* "(member={dn})" */
  char *group_attribute;    /* what a group is called; "cn" */
  bool nested;              /* groups of groups count; true */
  uint32_t timeout;         /* seconds for each question; 5 */
  uint32_t refresh;         /* people are asked for again after so many seconds; 15 minutes */
  uint32_t stale;           /* ... and while nobody answers they are believed for so long; 24 h */
} LdapSettings;
extern const Section ldap_section;
