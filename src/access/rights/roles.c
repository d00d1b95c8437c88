/* The built-in roles; see the header. */
#include "access/rights/roles.h"

#include <glib.h>

#define GUEST (VERB_BIT(VERB_PULL) | VERB_BIT(VERB_LIST) | VERB_BIT(VERB_READ_FINDINGS))
#define DEVELOPER                                                                                  \
  (GUEST | VERB_BIT(VERB_PUSH) | VERB_BIT(VERB_SCAN) | VERB_BIT(VERB_FIX) | VERB_BIT(VERB_VERIFY))
#define MAINTAINER (DEVELOPER | VERB_BIT(VERB_DELETE) | VERB_BIT(VERB_WAIVE) | VERB_BIT(VERB_SIGN))

const Role built_in_roles[] = {
    {"guest", GUEST, "pulls, and reads findings"},
    {"developer", DEVELOPER, "a guest who pushes, scans and repairs"},
    {"maintainer", MAINTAINER, "a developer who deletes, waives and signs"},
    {"owner", MAINTAINER | VERB_BIT(VERB_MANAGE_NAMESPACES) | VERB_BIT(VERB_MANAGE_ACCESS),
     "a maintainer who decides about the namespace and who may use it"},
    {"auditor",
     VERB_BIT(VERB_LIST) | VERB_BIT(VERB_READ_FINDINGS) | VERB_BIT(VERB_READ_AUDIT) |
         VERB_BIT(VERB_READ_METRICS) | VERB_BIT(VERB_VERIFY),
     "reads all that is recorded, and changes nothing"},
    {"security-manager",
     GUEST | VERB_BIT(VERB_SCAN) | VERB_BIT(VERB_WAIVE) | VERB_BIT(VERB_FIX) |
         VERB_BIT(VERB_VERIFY) | VERB_BIT(VERB_MANAGE_POLICY) | VERB_BIT(VERB_READ_AUDIT) |
         VERB_BIT(VERB_READ_METRICS),
     "decides what is let out, and reads the record"},
    {"administrator", VERBS_ALL, "all"},
    {NULL, 0, NULL},
};

const Role *
built_in_role(const char *name)
{
  for (const Role *role = built_in_roles; role->name != NULL; role++)
    if (g_strcmp0(role->name, name) == 0)
      return role;
  return NULL;
}
