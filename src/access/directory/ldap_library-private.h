/* OpenLDAP's library, loaded where a directory is configured: it brings SASL and four others. */
#pragma once

#include <ldap.h>

#include "base/library.h"

#define LDAP_FUNCTIONS(X)                                                                          \
  X(ldap_, err2string)                                                                             \
  X(ldap_, first_entry)                                                                            \
  X(ldap_, get_dn)                                                                                 \
  X(ldap_, get_option)                                                                             \
  X(ldap_, get_values_len)                                                                         \
  X(ldap_, initialize)                                                                             \
  X(ldap_, memfree)                                                                                \
  X(ldap_, msgfree)                                                                                \
  X(ldap_, next_entry)                                                                             \
  X(ldap_, sasl_bind_s)                                                                            \
  X(ldap_, search_ext_s)                                                                           \
  X(ldap_, set_option)                                                                             \
  X(ldap_, start_tls_s)                                                                            \
  X(ldap_, unbind_ext_s)                                                                           \
  X(ldap_, value_free_len)

typedef struct {
  LDAP_FUNCTIONS(LIBRARY_MEMBER)
} LdapLibrary;

/* What a server with directories asks at its start. Any thread; error as library_load(). */
bool openldap_is_there(GError **error);
/* Any thread. Ends the program with a message when the library is not there. */
const LdapLibrary *openldap(void);
