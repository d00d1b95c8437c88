/* Loading OpenLDAP; see the header. */
#include "access/directory/ldap_library-private.h"

LIBRARY_NOTE(LDAP_LIBRARY);

static const char *const names[] = {LDAP_FUNCTIONS(LIBRARY_NAME) NULL};
static LdapLibrary functions;
static Library library = {.soname = LDAP_LIBRARY, .names = names, .functions = &functions};

bool
openldap_is_there(GError **error)
{
  return library_load(&library, error);
}

const LdapLibrary *
openldap(void)
{
  library_need(&library);
  return &functions;
}
