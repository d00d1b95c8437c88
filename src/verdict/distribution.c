/* Which ecosystem's advisories speak of a package: docs/advisories.md names them. */
#include <string.h>

#include "advisory/ecosystem.h"
#include "verdict/match.h"

/* How much of VERSION_ID a distribution's advisories count by. */
typedef enum { VERSION_NONE, VERSION_MAJOR, VERSION_MAJOR_MINOR, VERSION_WHOLE } VersionPart;

/* @type: the packages that its advisories speak of, NULL: any. */
static const struct {
  const char *id, *type;
  VersionPart part;
} distributions[] = {
    {"debian", "deb", VERSION_MAJOR},       {"ubuntu", "deb", VERSION_WHOLE},
    {"alpine", "apk", VERSION_MAJOR_MINOR}, {"wolfi", "apk", VERSION_NONE},
    {"chainguard", "apk", VERSION_NONE},    {"almalinux", "rpm", VERSION_MAJOR},
    {"rocky", "rpm", VERSION_MAJOR},        {"rhel", "rpm", VERSION_MAJOR},
    {"centos", "rpm", VERSION_MAJOR},       {"ol", "rpm", VERSION_MAJOR},
    {"arch", NULL, VERSION_NONE},           {"opensuse-tumbleweed", "rpm", VERSION_NONE},
    {"anolis", "rpm", VERSION_MAJOR},       {"alinux", "rpm", VERSION_MAJOR},
};

static char *
version_part(const char *version, VersionPart part)
{
  size_t size = strcspn(version, ".");
  if (part == VERSION_MAJOR_MINOR && version[size] == '.')
    size += 1 + strcspn(version + size + 1, ".");
  return part == VERSION_WHOLE ? g_strdup(version) : g_strndup(version, size);
}

/* openEuler's service packs are releases of their own, which its VERSION_ID does not tell: VERSION
 * "22.03 (LTS-SP1)" is 22.03-LTS-SP1. (transfer full) */
static char *
openeuler_version(const OsRelease *os)
{
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
  const char *open = os->version != NULL ? strchr(os->version, '(') : NULL;
  size_t size = open != NULL ? strspn(open + 1, allowed) : 0;
  return size > 0 && open[1 + size] == ')'
             ? g_strdup_printf("%s-%.*s", os->version_id, (int)size, open + 1)
             : g_strdup(os->version_id);
}

/* CentOS Linux was RHEL built again, under the same versions, and is looked after by RHEL's
 * advisories alone. Stream, which came behind it, has builds of its own. */
static bool
is_rebuilt_rhel(const OsRelease *os)
{
  bool stream = os->pretty_name != NULL && strstr(os->pretty_name, "Stream") != NULL;
  return strcmp(os->id, "centos") == 0 && !stream && os->version_id != NULL &&
         g_ascii_strtoull(os->version_id, NULL, 10) <= 8;
}

char *
match_ecosystem(const OsRelease *os, const char *package_type)
{
  static const char *const types[] = {"deb", "apk", "rpm", NULL};
  if (os == NULL || !g_strv_contains(types, package_type))
    return NULL;
  VersionPart part = VERSION_WHOLE;
  for (size_t i = 0; i < G_N_ELEMENTS(distributions); i++)
    if (strcmp(distributions[i].id, os->id) == 0) {
      /* An os-release beside another distribution's packages must not pass for coverage of them. */
      if (distributions[i].type != NULL && strcmp(distributions[i].type, package_type) != 0)
        return NULL;
      part = distributions[i].part;
    }
  if (part == VERSION_NONE)
    return g_strdup(os->id);
  const char *version = os->version_id;
  /* Debian's releases have no VERSION_ID until they are released. */
  if (strcmp(os->id, "debian") == 0 && version == NULL && os->codename != NULL) {
    char *known = ecosystem_from_debian_codename(os->codename);
    if (known != NULL)
      return known;
  }
  /* Alpine's edge calls itself 3.21_alpha20241224. */
  if (strcmp(os->id, "alpine") == 0 && version != NULL && strchr(version, '_') != NULL)
    return g_strdup("alpine:edge");
  if (version == NULL)
    return os->codename == NULL ? NULL : g_strconcat(os->id, ":", os->codename, NULL);
  g_autofree char *reduced =
      strcmp(os->id, "openeuler") == 0 ? openeuler_version(os) : version_part(version, part);
  return g_strconcat(is_rebuilt_rhel(os) ? "rhel" : os->id, ":", reduced, NULL);
}
