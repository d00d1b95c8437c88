/* People of an LDAP directory, or Active Directory: proven by a bind as themselves, found by a
 * search, with the groups that they are in, and the groups of these.
 *
 * Passwords go under TLS alone, whose certificate is checked. Referrals are not followed: another
 * server would get the password. An empty password is refused here, for many servers take a bind
 * with it as one of nobody, which succeeds (RFC 4513, section 5.1.2). All block, up to
 * LdapSettings.timeout for each question; any thread. */
#pragma once

#include "access/directory/ldap_settings.h"
#include "access/directory/person.h"
#include "base/found.h"

/* ABSENT: there is no such person, or the password is wrong. FAILED: ASSAY_ERROR_NETWORK, no server
 * answers; another: the directory or its settings are wrong. *person: (transfer full) */
Found ldap_log_in(const LdapSettings *settings, const char *name, const char *password,
                  DirectoryPerson **person, GError **error);
/* The same by the service account, without a password; UNSUPPORTED without one. */
Found ldap_look_up(const LdapSettings *settings, const char *name, DirectoryPerson **person,
                   GError **error);
