/* By whose advisories a package is matched; match.h says it. */
#include "verdict/match.h"

#include <string.h>

#include "inventory/ecosystem.h"
#include "inventory/maker.h"

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

/* Where packages of Debian and Ubuntu may have no files, by their policies (9.1.2, and FHS 3.13 for
 * /opt): a .deb that has is a third party's, whoever its maintainer is. */
static bool
is_local(const char *location)
{
  static const char *const folders[] = {"opt/", "usr/local/", "srv/", "home/"};
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
    if (location != NULL && g_str_has_prefix(location, folders[i]))
      return true;
  return false;
}

/* What the distribution owns by its list of files is the distribution's. */
static bool
is_by_owner(const OsRelease *os, const ImagePackage *package)
{
  const Package *owner = package->owner;
  bool local =
      owner != NULL && strcmp(owner->type, "deb") == 0 && is_local(package->package->location);
  return !local && is_looked_after(os, owner);
}

char *
match_ecosystem(const OsRelease *os, const ImagePackage *package)
{
  const char *type = package->package->type;
  if (!package_is_of_application(package->package))
    return ecosystem_of_image(os, type);
  if (package->by_owner || is_by_owner(os, package))
    return g_strdup(MATCH_BY_OWNER);
  const Ecosystem *row = ecosystem_of_application(type);
  return g_strdup(row == NULL ? MATCH_BY_NOBODY : row->name);
}

bool
match_is_by_none(const char *ecosystem)
{
  return *ecosystem == '-';
}
