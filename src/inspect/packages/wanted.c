/* Which paths of an image the detectors read. */
#include <string.h>

#include "inspect/inspection.h"
#include "inspect/packages/packages.h"

static const struct {
  const char *path; /* with a slash at its end: every file in that folder */
  WantedKind kind;
} wanted[] = {
    {"etc/os-release", WANTED_ETC_OS_RELEASE},
    {"usr/lib/os-release", WANTED_USR_LIB_OS_RELEASE},
    {"var/lib/dpkg/status", WANTED_DPKG},
    {"var/lib/dpkg/status.d/", WANTED_DPKG},
    {"lib/apk/db/installed", WANTED_APK},
    {"usr/lib/apk/db/installed", WANTED_APK},
    {"var/lib/rpm/rpmdb.sqlite", WANTED_RPM},
    {"var/lib/rpm/Packages.db", WANTED_RPM},
    {"var/lib/rpm/Packages", WANTED_RPM},
    {"usr/lib/sysimage/rpm/rpmdb.sqlite", WANTED_RPM},
    {"usr/lib/sysimage/rpm/Packages.db", WANTED_RPM},
    {"usr/lib/sysimage/rpm/Packages", WANTED_RPM},
    {"usr/share/rpm/rpmdb.sqlite", WANTED_RPM}, /* of image-based systems (ostree) */
    {"usr/share/rpm/Packages.db", WANTED_RPM},
    {"usr/share/rpm/Packages", WANTED_RPM},
};

WantedKind
wanted_kind(const char *path)
{
  for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
    size_t size = strlen(wanted[i].path);
    if (wanted[i].path[size - 1] != '/') {
      if (strcmp(path, wanted[i].path) == 0)
        return wanted[i].kind;
      continue;
    }
    /* status.d also holds checksums beside the stanzas. */
    if (strncmp(path, wanted[i].path, size) == 0 && strchr(path + size, '/') == NULL &&
        path[size] != '\0' && !g_str_has_suffix(path, ".md5sums"))
      return wanted[i].kind;
  }
  return WANTED_NOT;
}

bool
wanted_is_database(const char *path)
{
  for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
    g_autofree char *folder = g_path_get_dirname(wanted[i].path);
    bool wants =
        wanted[i].kind != WANTED_ETC_OS_RELEASE && wanted[i].kind != WANTED_USR_LIB_OS_RELEASE;
    if (wants && (strcmp(path, folder) == 0 || wanted_kind(path) == wanted[i].kind))
      return true;
  }
  return false;
}

bool
wanted_is_below(const char *path)
{
  size_t size = strlen(path);
  if (size == 0 || wanted_kind(path) != WANTED_NOT)
    return true;
  for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++)
    if (strncmp(wanted[i].path, path, size) == 0 &&
        (wanted[i].path[size] == '/' || wanted[i].path[size] == '\0'))
      return true;
  return false;
}

const char *
inspection_wanted_path(unsigned index)
{
  return index < G_N_ELEMENTS(wanted) ? wanted[index].path : NULL;
}
