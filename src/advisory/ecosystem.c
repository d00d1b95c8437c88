/* Ecosystem names; see the header and docs/advisories.md. */
#include "advisory/ecosystem.h"

#include <glib.h>
#include <string.h>

static const struct {
  const char *prefix; /* the whole name, or up to its ":" */
  VersionScheme scheme;
} schemes[] = {
    {"debian", VERSION_DEBIAN},
    {"ubuntu", VERSION_DEBIAN},
    {"ubuntu-pro", VERSION_DEBIAN},
    {"alpine", VERSION_APK},
    {"wolfi", VERSION_APK},
    {"chainguard", VERSION_APK},
    {"almalinux", VERSION_RPM},
    {"rocky", VERSION_RPM},
    {"rhel", VERSION_RPM},
    {"centos", VERSION_RPM},
    {"ol", VERSION_RPM},
    {"amzn", VERSION_RPM},
    {"fedora", VERSION_RPM},
    {"opensuse-leap", VERSION_RPM},
    {"opensuse-leap-micro", VERSION_RPM},
    {"sles", VERSION_RPM},
    {"sles-ltss", VERSION_RPM},
    {"sle-micro", VERSION_RPM},
    {"sl-micro", VERSION_RPM},
    {"opensuse-tumbleweed", VERSION_RPM},
    {"azurelinux", VERSION_RPM},
    {"mariner", VERSION_RPM},
    {"photon", VERSION_RPM},
    {"anolis", VERSION_RPM},
    {"alinux", VERSION_RPM},
    {"openeuler", VERSION_RPM},
    {"kylin", VERSION_RPM},
    {"mageia", VERSION_RPM},
};

bool
ecosystem_scheme(const char *ecosystem, VersionScheme *scheme)
{
  size_t length = strcspn(ecosystem, ":");
  for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
    if (strlen(schemes[i].prefix) == length && strncmp(schemes[i].prefix, ecosystem, length) == 0) {
      *scheme = schemes[i].scheme;
      return true;
    }
  return false;
}

char *
ecosystem_from_debian_codename(const char *codename)
{
  static const struct {
    const char *codename, *release;
  } releases[] = {
      {"wheezy", "7"},    {"jessie", "8"},  {"stretch", "9"}, {"buster", "10"}, {"bullseye", "11"},
      {"bookworm", "12"}, {"trixie", "13"}, {"forky", "14"},  {"duke", "15"},   {"sid", "sid"},
  };
  size_t length = strcspn(codename, "-/");
  for (size_t i = 0; i < G_N_ELEMENTS(releases); i++)
    if (strlen(releases[i].codename) == length &&
        strncmp(releases[i].codename, codename, length) == 0)
      return g_strconcat("debian:", releases[i].release, NULL);
  return NULL;
}

/* Leading digits and dots of @text. (transfer full) */
static char *
leading_version(const char *text)
{
  return g_strndup(text, strspn(text, "0123456789."));
}

static char *
join(const char *name, char *version_to_free)
{
  g_autofree char *version = version_to_free;
  return version[0] == '\0' ? g_strdup(name) : g_strconcat(name, ":", version, NULL);
}

/* "Linux Enterprise Server 15 SP5", "Linux Enterprise Module for Basesystem 15 SP5": one release
 * of SLES, of which the modules are parts. What is for those alone who pay for longer support
 * ("Server 15 SP3-LTSS") has a name of its own, and so have the small systems. */
static char *
from_suse(const char *product)
{
  static const char micro[] = "Linux Micro ";
  const char *number = product;
  if (g_str_has_prefix(product, micro))
    return join("sl-micro", leading_version(product + strlen(micro)));
  while (*number != '\0' && !(g_ascii_isdigit(*number) && number > product && number[-1] == ' '))
    number++;
  if (!g_str_has_prefix(product, "Linux Enterprise ") || *number == '\0')
    return g_ascii_strdown(product, -1);
  g_autofree char *major = leading_version(number);
  if (g_str_has_prefix(product, "Linux Enterprise Micro "))
    return g_strconcat("sle-micro:", major, NULL);
  bool paid = strstr(product, "LTSS") != NULL || strstr(product, "ESPOS") != NULL;
  const char *name = paid ? "sles-ltss:" : "sles:";
  const char *service_pack = strstr(number, " SP");
  if (service_pack == NULL)
    return g_strconcat(name, major, NULL);
  g_autofree char *minor = leading_version(service_pack + strlen(" SP"));
  return g_strconcat(name, major, ".", minor, NULL);
}

/* "enterprise_linux:9::baseos", "enterprise_linux:10.0": the release alone counts. Other products
 * keep their name, so that they never pass for RHEL. */
static char *
from_red_hat(const char *product)
{
  static const char linux_prefix[] = "enterprise_linux:";
  if (!g_str_has_prefix(product, linux_prefix))
    return g_strconcat("redhat:", product, NULL);
  const char *release = product + strlen(linux_prefix);
  return join("rhel", g_strndup(release, strspn(release, "0123456789")));
}

static char *
from_ubuntu(const char *release)
{
  bool pro = g_str_has_prefix(release, "Pro:");
  return join(pro ? "ubuntu-pro" : "ubuntu",
              leading_version(pro ? release + strlen("Pro:") : release));
}

static char *
from_opensuse(const char *product)
{
  if (g_str_has_prefix(product, "Leap Micro "))
    return join("opensuse-leap-micro", leading_version(product + strlen("Leap Micro ")));
  if (g_str_has_prefix(product, "Leap "))
    return join("opensuse-leap", leading_version(product + strlen("Leap ")));
  return g_strdup(strcmp(product, "Tumbleweed") == 0 ? "opensuse-tumbleweed" : product);
}

static char *
from_alpine(const char *release)
{
  return join("alpine", g_strdup(release[0] == 'v' ? release + 1 : release));
}

/* Before its third release it was CBL-Mariner, and calls itself so. */
static char *
from_azure(const char *release)
{
  bool is_mariner = (release[0] == '1' || release[0] == '2') && !g_ascii_isdigit(release[1]);
  return g_strconcat(is_mariner ? "mariner:" : "azurelinux:", release,
                     strchr(release, '.') != NULL ? "" : ".0", NULL);
}

char *
ecosystem_from_osv(const char *name)
{
  static const struct {
    const char *osv, *ours;
    char *(*convert)(const char *release);
  } names[] = {
      {"Alpine", "alpine", from_alpine}, {"Azure Linux", "azurelinux", from_azure},
      {"Photon OS", "photon", NULL},     {"Red Hat", "rhel", from_red_hat},
      {"Rocky Linux", "rocky", NULL},    {"SUSE", "sles", from_suse},
      {"Ubuntu", "ubuntu", from_ubuntu}, {"openSUSE", "opensuse", from_opensuse},
  };
  size_t length = strcspn(name, ":");
  const char *release = name[length] == ':' ? name + length + 1 : "";
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    if (strlen(names[i].osv) != length || strncmp(names[i].osv, name, length) != 0)
      continue;
    if (names[i].convert != NULL && release[0] != '\0')
      return names[i].convert(release);
    return join(names[i].ours, g_strdup(release));
  }
  /* Debian:12, AlmaLinux:9, openEuler:22.03-LTS-SP1, PyPI, Go: the family in small letters. */
  g_autofree char *family = g_ascii_strdown(name, (gssize)length);
  return join(family, g_strdup(release));
}
