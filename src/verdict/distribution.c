/* Which ecosystem's advisories speak of a package: docs/advisories.md names them. */
#include <string.h>

#include "verdict/match.h"

/* How much of VERSION_ID a distribution's advisories count by. */
typedef enum { VERSION_NONE, VERSION_MAJOR, VERSION_MAJOR_MINOR, VERSION_WHOLE } VersionPart;

static const struct {
  const char *id;
  VersionPart part;
} distributions[] = {
    {"debian", VERSION_MAJOR},
    {"alpine", VERSION_MAJOR_MINOR},
    {"wolfi", VERSION_NONE},
    {"chainguard", VERSION_NONE},
    {"almalinux", VERSION_MAJOR},
    {"rocky", VERSION_MAJOR},
    {"rhel", VERSION_MAJOR},
    {"centos", VERSION_MAJOR},
    {"ol", VERSION_MAJOR},
    {"arch", VERSION_NONE},
    {"opensuse-tumbleweed", VERSION_NONE},
    {"anolis", VERSION_MAJOR},
    {"alinux", VERSION_MAJOR},
};

/* Releases that carry no VERSION_ID yet. */
static const struct {
  const char *codename, *version;
} debian_codenames[] = {{"trixie", "13"}, {"forky", "14"}, {"duke", "15"}, {"sid", "sid"}};

static char *
version_part(const char *version, VersionPart part)
{
  size_t size = strcspn(version, ".");
  if (part == VERSION_MAJOR_MINOR && version[size] == '.')
    size += 1 + strcspn(version + size + 1, ".");
  return part == VERSION_WHOLE ? g_strdup(version) : g_strndup(version, size);
}

static const char *
debian_version(const OsRelease *os)
{
  for (size_t i = 0; os->version_id == NULL && i < G_N_ELEMENTS(debian_codenames); i++)
    if (g_strcmp0(os->codename, debian_codenames[i].codename) == 0)
      return debian_codenames[i].version;
  return os->version_id;
}

char *
match_ecosystem(const OsRelease *os, const char *package_type)
{
  static const char *const types[] = {"deb", "apk", "rpm", NULL};
  if (os == NULL || !g_strv_contains(types, package_type))
    return NULL;
  VersionPart part = VERSION_WHOLE;
  for (size_t i = 0; i < G_N_ELEMENTS(distributions); i++)
    if (strcmp(distributions[i].id, os->id) == 0)
      part = distributions[i].part;
  if (part == VERSION_NONE)
    return g_strdup(os->id);
  const char *version = strcmp(os->id, "debian") == 0 ? debian_version(os) : os->version_id;
  /* Alpine's edge calls itself 3.21_alpha20241224. */
  if (strcmp(os->id, "alpine") == 0 && version != NULL && strchr(version, '_') != NULL)
    return g_strdup("alpine:edge");
  if (version == NULL)
    return os->codename == NULL ? NULL : g_strconcat(os->id, ":", os->codename, NULL);
  g_autofree char *reduced = version_part(version, part);
  return g_strconcat(os->id, ":", reduced, NULL);
}
