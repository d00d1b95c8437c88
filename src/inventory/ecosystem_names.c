/* How each distribution tells its release, and what OSV calls it. */
#include <string.h>

#include "inventory/ecosystem-private.h"

char *
ecosystem_leading_version(const char *text)
{
  return g_strndup(text, strspn(text, "0123456789."));
}

char *
ecosystem_join(const char *name, char *version_to_free)
{
  g_autofree char *version = version_to_free;
  return version[0] == '\0' ? g_strdup(name) : g_strconcat(name, ":", version, NULL);
}

const char *
ecosystem_alias(const Ecosystem *row, const char *alias, size_t size)
{
  for (const ReleaseAlias *each = row->aliases; each != NULL && each->alias != NULL; each++)
    if (strncmp(each->alias, alias, size) == 0 && each->alias[size] == '\0')
      return each->release;
  return NULL;
}

/* --- of an image --- */

/* Testing and sid say the same of themselves: a codename, no VERSION_ID, and "forky/sid". */
static char *
release_of_testing(const char *text)
{
  size_t size = strcspn(text, "/");
  return size == strlen("sid") && strncmp(text, "sid", size) == 0
             ? g_strdup("sid")
             : g_strdup_printf("%.*s/sid", (int)size, text);
}

char *
release_of_debian(const Ecosystem *row, const OsRelease *os)
{
  const char *version = os->version_id;
  if (version != NULL && g_ascii_isdigit(version[0]))
    return g_strndup(version, strcspn(version, "."));
  if (version != NULL || os->codename != NULL)
    return release_of_testing(version != NULL ? version : os->codename);
  const char *name = os->pretty_name != NULL ? strrchr(os->pretty_name, ' ') : NULL;
  return name != NULL && g_str_has_suffix(name, "/sid") ? release_of_testing(name + 1) : NULL;
}

char *
release_of_devuan(const Ecosystem *row, const OsRelease *os)
{
  const char *const names[] = {os->codename, os->version_id};
  const char *release = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(names) && release == NULL; i++)
    if (names[i] != NULL)
      release = ecosystem_alias(row, names[i], strcspn(names[i], "./"));
  return g_strdup(release);
}

char *
release_of_kali(const Ecosystem *row, const OsRelease *os)
{
  return g_strdup("sid");
}

char *
release_of_parent(const Ecosystem *row, const OsRelease *os)
{
  const char *codename = os->parent_codename;
  return codename == NULL ? NULL : g_strdup(ecosystem_alias(row, codename, strlen(codename)));
}

/* Edge calls itself 3.21_alpha20241224. */
char *
release_of_alpine(const Ecosystem *row, const OsRelease *os)
{
  const char *version = os->version_id;
  if (version == NULL)
    return NULL;
  if (!g_ascii_isdigit(version[0]) || strchr(version, '_') != NULL)
    return g_strdup("edge");
  size_t size = strcspn(version, ".");
  if (version[size] == '.')
    size += 1 + strcspn(version + size + 1, ".");
  return g_strndup(version, size);
}

/* NULL for Stream. */
char *
release_of_centos_linux(const Ecosystem *row, const OsRelease *os)
{
  const char *const names[] = {os->pretty_name, os->version};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (names[i] != NULL && strstr(names[i], "Stream") != NULL)
      return NULL;
  const char *version = os->version_id;
  return version == NULL || g_ascii_strtoull(version, NULL, 10) > 8
             ? NULL
             : g_strndup(version, strcspn(version, "."));
}

/* The service packs are releases of their own, which VERSION_ID does not tell: VERSION
 * "22.03 (LTS-SP1)" is 22.03-LTS-SP1. */
char *
release_of_openeuler(const Ecosystem *row, const OsRelease *os)
{
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
  const char *open = os->version != NULL ? strchr(os->version, '(') : NULL;
  size_t size = open != NULL ? strspn(open + 1, allowed) : 0;
  return os->version_id != NULL && size > 0 && open[1 + size] == ')'
             ? g_strdup_printf("%s-%.*s", os->version_id, (int)size, open + 1)
             : g_strdup(os->version_id);
}

/* --- of OSV --- */

/* "Linux Enterprise Server 15 SP5", "Linux Enterprise Module for Basesystem 15 SP5": one release
 * of SLES, of which the modules are parts. What is for those alone who pay for longer support
 * ("Server 15 SP3-LTSS") has a name of its own, and so have the small systems. */
char *
from_osv_suse(const char *product)
{
  static const char micro[] = "Linux Micro ";
  const char *number = product;
  if (g_str_has_prefix(product, micro))
    return ecosystem_join("sl-micro", ecosystem_leading_version(product + strlen(micro)));
  while (*number != '\0' && !(g_ascii_isdigit(*number) && number > product && number[-1] == ' '))
    number++;
  if (!g_str_has_prefix(product, "Linux Enterprise ") || *number == '\0')
    return g_ascii_strdown(product, -1);
  g_autofree char *major = ecosystem_leading_version(number);
  if (g_str_has_prefix(product, "Linux Enterprise Micro "))
    return g_strconcat("sle-micro:", major, NULL);
  bool paid = strstr(product, "LTSS") != NULL || strstr(product, "ESPOS") != NULL;
  const char *name = paid ? "sles-ltss:" : "sles:";
  const char *service_pack = strstr(number, " SP");
  if (service_pack == NULL)
    return g_strconcat(name, major, NULL);
  g_autofree char *minor = ecosystem_leading_version(service_pack + strlen(" SP"));
  return g_strconcat(name, major, ".", minor, NULL);
}

/* "enterprise_linux:9::baseos", "enterprise_linux:10.0", "rhel_els:7": the release alone counts.
 * Other products keep their name, so that they never pass for RHEL. */
char *
from_osv_red_hat(const char *product)
{
  static const struct {
    const char *prefix, *name;
  } kinds[] = {{"enterprise_linux:", "rhel"}, {"rhel_els:", "rhel-els"}};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_has_prefix(product, kinds[i].prefix)) {
      const char *release = product + strlen(kinds[i].prefix);
      return ecosystem_join(kinds[i].name, g_strndup(release, strspn(release, "0123456789")));
    }
  return g_strconcat("redhat:", product, NULL);
}

/* "22.04:LTS", "Pro:18.04:LTS", "Pro:FIPS-updates:22.04:LTS". Of the two kinds of FIPS the one that
 * gets updates is what installed builds are compared with. */
char *
from_osv_ubuntu(const char *release)
{
  static const struct {
    const char *prefix, *name;
  } kinds[] = {
      {"Pro:FIPS-updates:", "ubuntu-fips"},
      {"Pro:FIPS-preview:", "ubuntu-fips-preview"},
      {"Pro:FIPS:", "ubuntu-fips-frozen"},
      {"Pro:Realtime:", "ubuntu-realtime"},
      {"Pro:", "ubuntu-pro"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_has_prefix(release, kinds[i].prefix))
      return ecosystem_join(kinds[i].name,
                            ecosystem_leading_version(release + strlen(kinds[i].prefix)));
  return ecosystem_join("ubuntu", ecosystem_leading_version(release));
}

char *
from_osv_opensuse(const char *product)
{
  static const struct {
    const char *prefix, *name;
  } kinds[] = {{"Leap Micro ", "opensuse-leap-micro"}, {"Leap ", "opensuse-leap"}};
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_has_prefix(product, kinds[i].prefix))
      return ecosystem_join(kinds[i].name,
                            ecosystem_leading_version(product + strlen(kinds[i].prefix)));
  return g_strdup(strcmp(product, "Tumbleweed") == 0 ? "opensuse-tumbleweed" : product);
}

char *
from_osv_alpine(const char *release)
{
  return ecosystem_join("alpine", g_strdup(release[0] == 'v' ? release + 1 : release));
}

/* Before its third release it was CBL-Mariner, and calls itself so. */
char *
from_osv_azure(const char *release)
{
  bool is_mariner = (release[0] == '1' || release[0] == '2') && !g_ascii_isdigit(release[1]);
  return g_strconcat(is_mariner ? "mariner:" : "azurelinux:", release,
                     strchr(release, '.') != NULL ? "" : ".0", NULL);
}
