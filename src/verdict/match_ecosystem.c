/* By whose advisories a package is matched; match.h says it. */
#include "verdict/match.h"

#include <string.h>

#include "inventory/ecosystem.h"
#include "verdict/maker-private.h"

/* Maintainers of Debian are persons whom we do not know: of a deb, that says nothing. */
static bool
is_third_party(const Ecosystem *row, const Package *package)
{
  Maker maker = package_maker(row, package);
  return maker == MADE_BY_THIRD_PARTY ||
         (maker == MADE_BY_UNKNOWN && strcmp(package->type, "deb") != 0);
}

bool
match_is_third_party(const char *ecosystem, const Package *package)
{
  return !package_is_of_application(package) && is_third_party(ecosystem_find(ecosystem), package);
}

static bool
is_looked_after(const OsRelease *os, const Package *owner)
{
  g_autofree char *ecosystem = owner == NULL ? NULL : ecosystem_of_image(os, owner->type);
  return ecosystem != NULL && !match_is_third_party(ecosystem, owner);
}

char *
match_ecosystem(const OsRelease *os, const ImagePackage *package)
{
  const char *type = package->package->type;
  if (!package_is_of_application(package->package))
    return ecosystem_of_image(os, type);
  if (package->by_owner || is_looked_after(os, package->owner))
    return g_strdup(MATCH_BY_OWNER);
  const Ecosystem *row = ecosystem_of_application(type);
  return g_strdup(row == NULL ? MATCH_BY_NOBODY : row->name);
}

bool
match_is_by_none(const char *ecosystem)
{
  return *ecosystem == '-';
}
