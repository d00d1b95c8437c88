/* The table of distributions; see the header. How a release is found and what OSV calls it is in
 * ecosystem_names.c. */
#include "inventory/ecosystem.h"

#include <string.h>

#include "inventory/ecosystem-private.h"

/* Testing is named by its codename, until it is released. */
static const ReleaseAlias debian_releases[] = {
    {"squeeze", "6"},   {"wheezy", "7"},     {"jessie", "8"},  {"stretch", "9"}, {"buster", "10"},
    {"bullseye", "11"}, {"bookworm", "12"},  {"trixie", "13"}, {"forky", "14"},  {"duke", "15"},
    {"sid", "sid"},     {"unstable", "sid"}, {NULL, NULL},
};

/* Devuan's release, by name or number, is of Debian's. */
static const ReleaseAlias devuan_releases[] = {
    {"jessie", "8"},    {"ascii", "9"},      {"beowulf", "10"}, {"chimaera", "11"},
    {"daedalus", "12"}, {"excalibur", "13"}, {"ceres", "sid"},  {"1", "8"},
    {"2", "9"},         {"3", "10"},         {"4", "11"},       {"5", "12"},
    {"6", "13"},        {NULL, NULL},
};

static const ReleaseAlias ubuntu_releases[] = {
    {"precise", "12.04"},  {"trusty", "14.04"},   {"xenial", "16.04"},  {"bionic", "18.04"},
    {"focal", "20.04"},    {"groovy", "20.10"},   {"hirsute", "21.04"}, {"impish", "21.10"},
    {"jammy", "22.04"},    {"kinetic", "22.10"},  {"lunar", "23.04"},   {"mantic", "23.10"},
    {"noble", "24.04"},    {"oracular", "24.10"}, {"plucky", "25.04"},  {"questing", "25.10"},
    {"resolute", "26.04"}, {NULL, NULL},
};

/* Rebuilds of RHEL take packages over from each other, and machines change from one to another. */
static const char *const enterprise_makers[] = {
    "red hat",      "centos",           "almalinux",  "rocky", "oracle america",
    "oracle linux", "scientific linux", "springdale", NULL};

#define PAID(ecosystem, words) .paid = (ecosystem), .paid_for = (words)
#define MADE_BY(...)                                                                               \
  .makers = (const char *const[])                                                                  \
  {                                                                                                \
    __VA_ARGS__, NULL                                                                              \
  }
#define DEB .package_type = "deb", .scheme = VERSION_DEBIAN, .looked_up = BY_SOURCE
#define APK .package_type = "apk", .scheme = VERSION_APK
/* Advisories of images that are made of single packages speak of those. */
#define BY_PACKAGE  .looked_up = BY_SOURCE_AND_NAME
#define RPM         .package_type = "rpm", .scheme = VERSION_RPM, .looked_up = BY_NAME_AND_SOURCE
#define ALPM        .package_type = "alpm", .scheme = VERSION_ALPM, .looked_up = BY_SOURCE_AND_NAME
#define OSV_SOURCES .osv_names_sources = true
#define MAJOR       .release = RELEASE_MAJOR
#define NO_RELEASE  .release = RELEASE_NONE
#define DEBIAN                                                                                     \
  .name = "debian", .osv = "Debian", DEB, .aliases = debian_releases, MADE_BY("debian"),           \
  .life = "debian"
#define UBUNTU                                                                                     \
  .name = "ubuntu", .osv = "Ubuntu", DEB, .aliases = ubuntu_releases, .from_osv = from_osv_ubuntu, \
  PAID("ubuntu-pro", "Ubuntu Pro"), MADE_BY("ubuntu", "canonical", "debian"), .life = "ubuntu"
#define RED_HAT                                                                                    \
  .name = "rhel", .osv = "Red Hat", RPM, .from_osv = from_osv_red_hat,                             \
  PAID("rhel-els", "Extended Life Cycle Support"), MAJOR, .makers = enterprise_makers
#define SLES                                                                                       \
  .name = "sles", .osv = "SUSE", RPM, OSV_SOURCES, .from_osv = from_osv_suse,                      \
  PAID("sles-ltss", "LTSS"), MADE_BY("suse"), .life = "sles"

/* A distribution that installs another's own packages has a row of the other's name with its own
 * ID. Who builds them again, or mixes releases, has none, and is looked after by nobody: its
 * packages are uncovered, not clean. The first row of a name speaks for the name. */
static const Ecosystem ecosystems[] = {
    {.os_id = "debian", DEBIAN, .release_of = release_of_debian},
    /* Debian's source packages built again for an older ARM, under the same versions. */
    {.os_id = "raspbian", DEBIAN, .release_of = release_of_debian},
    /* Debian's binaries, except those that need systemd. */
    {.os_id = "devuan",
     .name = "debian",
     .life = "debian",
     DEB,
     .aliases = devuan_releases,
     .release_of = release_of_devuan},
    /* Debian's binaries of testing, which come there from sid. */
    {.os_id = "kali", DEBIAN, .release_of = release_of_kali},
    {.os_id = "ubuntu", UBUNTU},
    /* These install from Ubuntu's archive and name its release (UBUNTU_CODENAME) in os-release. */
    {.os_id = "linuxmint", UBUNTU, .release_of = release_of_parent},
    {.os_id = "pop", UBUNTU, .release_of = release_of_parent},
    {.os_id = "elementary", UBUNTU, .release_of = release_of_parent},
    {.os_id = "zorin", UBUNTU, .release_of = release_of_parent},
    {.os_id = "neon", UBUNTU, .release_of = release_of_parent},
    /* Mint's other edition installs from Debian's (DEBIAN_CODENAME). */
    {.os_id = "linuxmint", DEBIAN, .release_of = release_of_parent},
    /* What those alone get who pay: names of their own, that never pass for what all have. */
    {.name = "ubuntu-pro", DEB},
    {.name = "ubuntu-fips", DEB},
    {.name = "ubuntu-realtime", DEB},

    {.os_id = "alpine",
     .life = "alpine-linux",
     .name = "alpine",
     .osv = "Alpine",
     APK,
     .looked_up = BY_SOURCE,
     .from_osv = from_osv_alpine,
     .release = RELEASE_MAJOR_MINOR,
     .release_of = release_of_alpine},
    {.os_id = "wolfi", .name = "wolfi", APK, BY_PACKAGE, NO_RELEASE},
    {.os_id = "chainguard", .name = "chainguard", APK, BY_PACKAGE, NO_RELEASE},
    {.os_id = "minimos", .name = "minimos", APK, BY_PACKAGE, NO_RELEASE},

    {.os_id = "rhel", RED_HAT, .life = "rhel"},
    /* RHEL built again, under the same versions, and looked after by RHEL's advisories alone. */
    {.os_id = "centos", RED_HAT, .life = "centos", .release_of = release_of_centos_linux},
    {.os_id = "scientific", RED_HAT, .life = "centos"},
    /* CentOS Stream comes before RHEL, with builds of its own. */
    {.os_id = "centos",
     .name = "centos",
     .life = "centos-stream",
     RPM,
     MAJOR,
     .makers = enterprise_makers},
    {.os_id = "almalinux",
     .life = "almalinux",
     .name = "almalinux",
     .osv = "AlmaLinux",
     RPM,
     MAJOR,
     .makers = enterprise_makers},
    {.os_id = "rocky",
     .life = "rocky-linux",
     .name = "rocky",
     .osv = "Rocky Linux",
     RPM,
     OSV_SOURCES,
     MAJOR,
     .makers = enterprise_makers},
    {.os_id = "ol",
     .builds_apart = true,
     .life = "oracle-linux",
     .name = "ol",
     RPM,
     MAJOR,
     .makers = enterprise_makers},
    {.os_id = "amzn", .life = "amazon-linux", .name = "amzn", RPM, MADE_BY("amazon")},
    {.os_id = "fedora", .life = "fedora", .name = "fedora", RPM, MAJOR, MADE_BY("fedora")},
    {.os_id = "sles", SLES},
    /* Products that are SLES and something more. */
    {.os_id = "sled", SLES},
    {.os_id = "sles_sap", SLES},
    {.os_id = "sle_hpc", SLES},
    {.name = "rhel-els", RPM},
    {.name = "sles-ltss", RPM, OSV_SOURCES},
    {.os_id = "sle-micro",
     .life = "suse-linux-micro",
     .name = "sle-micro",
     RPM,
     OSV_SOURCES,
     MADE_BY("suse")},
    {.os_id = "suse-microos",
     .life = "suse-linux-micro",
     .name = "sle-micro",
     RPM,
     OSV_SOURCES,
     MADE_BY("suse")},
    {.os_id = "sl-micro",
     .life = "suse-linux-micro",
     .name = "sl-micro",
     RPM,
     OSV_SOURCES,
     MADE_BY("suse")},
    {.os_id = "opensuse-leap",
     .life = "opensuse",
     .name = "opensuse-leap",
     .osv = "openSUSE",
     RPM,
     OSV_SOURCES,
     .from_osv = from_osv_opensuse,
     MADE_BY("suse")},
    {.os_id = "opensuse",
     .life = "opensuse",
     .name = "opensuse-leap",
     RPM,
     OSV_SOURCES,
     MADE_BY("suse")}, /* Leap 42 */
    {.os_id = "opensuse-leap-micro",
     .name = "opensuse-leap-micro",
     RPM,
     OSV_SOURCES,
     MADE_BY("suse")},
    {.os_id = "opensuse-tumbleweed",
     .name = "opensuse-tumbleweed",
     RPM,
     OSV_SOURCES,
     NO_RELEASE,
     MADE_BY("suse")},
    {.os_id = "opensuse-microos",
     .name = "opensuse-tumbleweed",
     RPM,
     OSV_SOURCES,
     NO_RELEASE,
     MADE_BY("suse")},
    {.os_id = "azurelinux",
     .name = "azurelinux",
     .osv = "Azure Linux",
     RPM,
     OSV_SOURCES,
     .from_osv = from_osv_azure,
     MADE_BY("microsoft")},
    {.os_id = "mariner", .name = "mariner", RPM, OSV_SOURCES, MADE_BY("microsoft")},
    {.os_id = "photon",
     .life = "vmware-photon",
     .name = "photon",
     .osv = "Photon OS",
     RPM,
     OSV_SOURCES,
     MADE_BY("vmware", "broadcom")},
    {.os_id = "mageia",
     .life = "mageia",
     .name = "mageia",
     .osv = "Mageia",
     RPM,
     OSV_SOURCES,
     MAJOR,
     MADE_BY("mageia")},
    {.os_id = "openeuler",
     .name = "openeuler",
     .osv = "openEuler",
     RPM,
     OSV_SOURCES,
     .release_of = release_of_openeuler,
     MADE_BY("openeuler")},
    {.os_id = "anolis", .name = "anolis", RPM, MAJOR},
    {.os_id = "alinux", .name = "alinux", RPM, MAJOR},
    {.os_id = "kylin", .name = "kylin", RPM},

    /* What is built on Arch Linux mixes packages of its own with Arch's at other times. */
    {.os_id = "arch", .name = "arch", ALPM, NO_RELEASE},
};

static bool
is_text(const char *text, const char *start, size_t size)
{
  return text != NULL && strncmp(text, start, size) == 0 && text[size] == '\0';
}

const Ecosystem *
ecosystem_find(const char *ecosystem)
{
  size_t length = strcspn(ecosystem, ":");
  for (size_t i = 0; i < G_N_ELEMENTS(ecosystems); i++)
    if (is_text(ecosystems[i].name, ecosystem, length))
      return &ecosystems[i];
  return ecosystem_application_find(ecosystem, length);
}

bool
ecosystem_scheme(const char *ecosystem, VersionScheme *scheme)
{
  const Ecosystem *row = ecosystem_find(ecosystem);
  if (row != NULL)
    *scheme = row->scheme;
  return row != NULL;
}

const Ecosystem *
ecosystem_next_of_type(const char *type, const Ecosystem *after)
{
  const Ecosystem *end = ecosystems + G_N_ELEMENTS(ecosystems);
  for (const Ecosystem *row = after == NULL ? ecosystems : after + 1; row < end; row++)
    if (!row->application && g_strcmp0(row->package_type, type) == 0)
      return row;
  return NULL;
}

bool
ecosystem_scheme_of_type(const char *type, VersionScheme *scheme)
{
  for (size_t i = 0; i < G_N_ELEMENTS(ecosystems); i++) {
    if (g_strcmp0(ecosystems[i].package_type, type) == 0) {
      *scheme = ecosystems[i].scheme;
      return true;
    }
  }
  const Ecosystem *application = ecosystem_of_application(type);
  if (application != NULL)
    *scheme = application->scheme;
  return application != NULL;
}

char *
ecosystem_from_codename(const char *codename)
{
  size_t size = strcspn(codename, "-/");
  for (size_t i = 0; i < G_N_ELEMENTS(ecosystems); i++) {
    const Ecosystem *row = &ecosystems[i];
    const char *release =
        g_strcmp0(row->name, row->os_id) == 0 ? ecosystem_alias(row, codename, size) : NULL;
    if (release != NULL)
      return g_strconcat(row->name, ":", release, NULL);
  }
  return NULL;
}

char *
ecosystem_from_osv(const char *name)
{
  size_t length = strcspn(name, ":");
  const char *release = name[length] == ':' ? name + length + 1 : "";
  for (size_t i = 0; i < G_N_ELEMENTS(ecosystems); i++) {
    const Ecosystem *row = &ecosystems[i];
    if (!is_text(row->osv, name, length))
      continue;
    if (row->from_osv != NULL && release[0] != '\0')
      return row->from_osv(release);
    const char *numbered = ecosystem_alias(row, release, strlen(release));
    return ecosystem_join(row->name, g_strdup(numbered != NULL ? numbered : release));
  }
  /* PyPI, Go, Wolfi: the family in small letters. What an application's has after it is where its
   * packages are published: "Maven:https://repo.spring.io". */
  g_autofree char *family = g_ascii_strdown(name, (gssize)length);
  if (ecosystem_application_find(family, length) != NULL)
    return g_steal_pointer(&family);
  return ecosystem_join(family, g_strdup(release));
}

/* --- what an image is --- */

/* The part of VERSION_ID that counts, else the release that the codename names. */
static char *
release_of_row(const Ecosystem *row, const OsRelease *os)
{
  if (row->release_of != NULL)
    return row->release_of(row, os);
  if (row->release == RELEASE_NONE)
    return g_strdup("");
  if (os->version_id == NULL) {
    const char *release =
        os->codename == NULL ? NULL : ecosystem_alias(row, os->codename, strlen(os->codename));
    return g_strdup(release != NULL ? release : os->codename);
  }
  size_t size = strcspn(os->version_id, ".");
  if (row->release == RELEASE_MAJOR_MINOR && os->version_id[size] == '.')
    size += 1 + strcspn(os->version_id + size + 1, ".");
  return row->release == RELEASE_WHOLE ? g_strdup(os->version_id) : g_strndup(os->version_id, size);
}

/* Of a distribution that has no row: a feed of the operator's own may speak of it. */
static char *
name_unknown(const OsRelease *os)
{
  const char *release = os->version_id != NULL ? os->version_id : os->codename;
  return release == NULL ? NULL : g_strconcat(os->id, ":", release, NULL);
}

static bool
is_installed_type(const char *package_type)
{
  for (size_t i = 0; i < G_N_ELEMENTS(ecosystems); i++)
    if (g_strcmp0(ecosystems[i].package_type, package_type) == 0)
      return true;
  return false;
}

char *
ecosystem_of_image(const OsRelease *os, const char *package_type)
{
  if (os == NULL || !is_installed_type(package_type))
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(ecosystems); i++) {
    const Ecosystem *row = &ecosystems[i];
    if (g_strcmp0(row->os_id, os->id) != 0)
      continue;
    /* An os-release beside another distribution's packages must not pass for coverage of them. */
    if (strcmp(row->package_type, package_type) != 0)
      return NULL;
    char *release = release_of_row(row, os);
    if (release != NULL)
      return ecosystem_join(row->name, release);
  }
  return name_unknown(os);
}

const Ecosystem *
ecosystem_row_of_image(const OsRelease *os, char **release)
{
  for (size_t i = 0; i < G_N_ELEMENTS(ecosystems); i++) {
    char *found =
        g_strcmp0(ecosystems[i].os_id, os->id) == 0 ? release_of_row(&ecosystems[i], os) : NULL;
    if (found == NULL)
      continue;
    *release = found;
    return &ecosystems[i];
  }
  return NULL;
}

/* --- statements of two ecosystems --- */

#define TESTING_MARK "/sid"

/* "debian:14" and "debian:sid" of "debian:forky/sid". */
static void
split_testing(const char *ecosystem, EcosystemScope *scope)
{
  const char *release = strchr(ecosystem, ':') + 1;
  g_autofree char *codename = g_strndup(release, strlen(release) - strlen(TESTING_MARK));
  char *testing = ecosystem_from_codename(codename);
  *scope =
      (EcosystemScope){.kind = SCOPE_EITHER,
                       .first = testing != NULL ? testing : g_strconcat("debian:", codename, NULL),
                       .second = g_strdup("debian:sid")};
}

/* The ecosystem of the builds that a package of Ubuntu is one of; NULL: of none. */
static const char *
ubuntu_build(const char *source, const char *version)
{
  if (strcasestr(version, "fips") != NULL)
    return "ubuntu-fips";
  if (strstr(source, "realtime") != NULL)
    return "ubuntu-realtime";
  return strstr(version, "esm") != NULL ? "ubuntu-pro" : NULL;
}

bool
ecosystem_scope(const char *ecosystem, const char *source, const char *version,
                EcosystemScope *scope)
{
  if (g_str_has_suffix(ecosystem, TESTING_MARK)) {
    split_testing(ecosystem, scope);
    return true;
  }
  const Ecosystem *row = ecosystem_find(ecosystem);
  const char *release = row != NULL && row->paid != NULL ? strchr(ecosystem, ':') : NULL;
  if (release == NULL)
    return false;
  const char *build = strcmp(row->name, "ubuntu") == 0 ? ubuntu_build(source, version) : NULL;
  *scope = (EcosystemScope){.kind = build != NULL ? SCOPE_OVERRIDE : SCOPE_PAID,
                            .first = g_strdup(ecosystem),
                            .second = g_strconcat(build != NULL ? build : row->paid, release, NULL),
                            .paid_for = row->paid_for};
  return true;
}

void
ecosystem_scope_clear(EcosystemScope *scope)
{
  g_clear_pointer(&scope->first, g_free);
  g_clear_pointer(&scope->second, g_free);
}
