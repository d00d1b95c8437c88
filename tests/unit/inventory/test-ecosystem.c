/* Which ecosystem an image's packages are of, and what others call it. */
#include "inventory/ecosystem.h"

static const char *
or_dash(const char *text)
{
  return text != NULL ? text : "-";
}

/* An os-release as an image has it. */
typedef struct {
  const char *id, *version_id, *codename, *type;
  const char *expected; /* NULL: none */
  const char *version, *pretty_name, *parent_codename;
} Image;

static void
check_images(const Image *images, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    const Image *image = &images[i];
    OsRelease os = {.id = (char *)(uintptr_t)image->id,
                    .version_id = (char *)(uintptr_t)image->version_id,
                    .version = (char *)(uintptr_t)image->version,
                    .pretty_name = (char *)(uintptr_t)image->pretty_name,
                    .codename = (char *)(uintptr_t)image->codename,
                    .parent_codename = (char *)(uintptr_t)image->parent_codename};
    g_autofree char *ecosystem = ecosystem_of_image(&os, image->type);
    g_test_message("%s %s %s", image->id, or_dash(image->version_id), or_dash(image->codename));
    g_assert_cmpstr(ecosystem, ==, image->expected);
  }
}

static void
test_debs_and_apks(void)
{
  static const Image images[] = {
      {"debian", "12", "bookworm", "deb", "debian:12"},
      {"debian", "9.13", NULL, "deb", "debian:9"},
      {"debian", NULL, "forky", "deb", "debian:forky/sid"},
      {"debian", NULL, "sid", "deb", "debian:sid"},
      {"debian", NULL, "unheard-of", "deb", "debian:unheard-of/sid"},
      {"debian", "forky/sid", NULL, "deb", "debian:forky/sid"},
      {"debian", NULL, NULL, "deb", "debian:forky/sid", NULL, "Debian GNU/Linux forky/sid"},
      {"debian", NULL, NULL, "deb", NULL, NULL, "Debian GNU/Linux"},
      {"debian", NULL, NULL, "deb", NULL},
      {"debian", "12", NULL, "npm", NULL},
      {"raspbian", "12", "bookworm", "deb", "debian:12"},
      {"devuan", "5", "daedalus", "deb", "debian:12"},
      {"devuan", "4", NULL, "deb", "debian:11"},
      {"devuan", NULL, "ceres", "deb", "debian:sid"},
      {"devuan", "99", "unheard-of", "deb", "devuan:99"},
      {"kali", "2026.1", "kali-rolling", "deb", "debian:sid"},
      {"ubuntu", "22.04", "jammy", "deb", "ubuntu:22.04"},
      {"ubuntu", NULL, "jammy", "deb", "ubuntu:22.04"},
      {"ubuntu", "22.04", "jammy", "apk", NULL},
      {"linuxmint", "21.3", "virginia", "deb", "ubuntu:22.04", NULL, NULL, "jammy"},
      {"linuxmint", "6", "faye", "deb", "debian:12", NULL, NULL, "bookworm"},
      {"linuxmint", "99", "unheard-of", "deb", "linuxmint:99"},
      {"pop", "22.04", "jammy", "deb", "ubuntu:22.04", NULL, NULL, "jammy"},
      {"parrot", "6.0", "lorikeet", "deb", "parrot:6.0"},
      {"alpine", "3.18.4", NULL, "apk", "alpine:3.18"},
      {"alpine", "3.21_alpha20241224", NULL, "apk", "alpine:edge"},
      {"alpine", "3.23.0_alpha20250612", NULL, "apk", "alpine:edge"},
      {"alpine", "edge", NULL, "apk", "alpine:edge"},
      {"alpine", "3.18.4", NULL, "deb", NULL},
      {"alpine", NULL, NULL, "apk", NULL},
      {"wolfi", "20230201", NULL, "apk", "wolfi"},
      {"wolfi", "20230201", NULL, "rpm", NULL},
      {"chainguard", "20230214", NULL, "apk", "chainguard"},
      {"postmarketos", "edge", NULL, "apk", "postmarketos:edge"},
      {"arch", NULL, NULL, "alpm", "arch"},
      {"arch", "20240101.0.204074", NULL, "alpm", "arch"},
      {"arch", NULL, NULL, "deb", NULL},
      {"manjaro", NULL, NULL, "alpm", NULL},
      {"steamos", "3.5", "holo", "alpm", "steamos:3.5"},
  };
  check_images(images, G_N_ELEMENTS(images));
}

static void
test_rpms(void)
{
  static const Image images[] = {
      {"almalinux", "9.3", NULL, "rpm", "almalinux:9"},
      {"rocky", "8.10", NULL, "rpm", "rocky:8"},
      {"rhel", "9.2", NULL, "rpm", "rhel:9"},
      {"centos", "7", NULL, "rpm", "rhel:7", "7 (Core)", "CentOS Linux 7 (Core)"},
      {"centos", "6.10", NULL, "rpm", "rhel:6", NULL, "CentOS release 6.10 (Final)"},
      {"centos", "8", NULL, "rpm", "rhel:8", "8", "CentOS Linux 8"},
      {"centos", "8", NULL, "rpm", "centos:8", "8", "CentOS Stream 8"},
      {"centos", "9", NULL, "rpm", "centos:9", "9", "CentOS Stream 9"},
      {"scientific", "7.9", NULL, "rpm", "rhel:7"},
      {"eurolinux", "9.2", NULL, "rpm", "eurolinux:9.2"},
      {"ol", "8.9", NULL, "rpm", "ol:8"},
      {"amzn", "2023", NULL, "rpm", "amzn:2023"},
      {"amzn", "2", NULL, "rpm", "amzn:2"},
      {"fedora", "40", NULL, "rpm", "fedora:40"},
      {"opensuse-leap", "15.5", NULL, "rpm", "opensuse-leap:15.5"},
      {"opensuse", "42.3", NULL, "rpm", "opensuse-leap:42.3"},
      {"opensuse-tumbleweed", "20240101", NULL, "rpm", "opensuse-tumbleweed"},
      {"opensuse-microos", "20240101", NULL, "rpm", "opensuse-tumbleweed"},
      {"sles", "15.5", NULL, "rpm", "sles:15.5"},
      {"sles_sap", "15.5", NULL, "rpm", "sles:15.5"},
      {"sle-micro", "5.5", NULL, "rpm", "sle-micro:5.5"},
      {"sl-micro", "6.0", NULL, "rpm", "sl-micro:6.0"},
      {"azurelinux", "3.0", NULL, "rpm", "azurelinux:3.0"},
      {"mariner", "2.0", NULL, "rpm", "mariner:2.0"},
      {"photon", "5.0", NULL, "rpm", "photon:5.0"},
      {"mageia", "9", NULL, "rpm", "mageia:9"},
      {"openeuler", "22.03", NULL, "rpm", "openeuler:22.03-LTS-SP1", "22.03 (LTS-SP1)"},
      {"openeuler", "24.03", NULL, "rpm", "openeuler:24.03-LTS", "24.03 (LTS)"},
      {"openeuler", "23.09", NULL, "rpm", "openeuler:23.09", "23.09"},
      {"openeuler", "22.03", NULL, "rpm", "openeuler:22.03", "22.03 (LTS SP1)"},
      {"openeuler", "22.03", NULL, "rpm", "openeuler:22.03", "22.03 ("},
      {"openeuler", "22.03", NULL, "rpm", "openeuler:22.03"},
      {"openeuler", NULL, NULL, "rpm", NULL},
      {"anolis", "8.8", NULL, "rpm", "anolis:8"},
      {"alinux", "3", NULL, "rpm", "alinux:3"},
      {"kylin", "V10", NULL, "rpm", "kylin:V10"},
      {"kylin", "V10", NULL, "deb", NULL},
  };
  check_images(images, G_N_ELEMENTS(images));
  g_assert_null(ecosystem_of_image(NULL, "rpm"));
}

static void
test_names_of_osv(void)
{
  static const struct {
    const char *osv, *ours;
  } names[] = {
      {"Debian:12", "debian:12"},
      {"Alpine:v3.18", "alpine:3.18"},
      {"AlmaLinux:9", "almalinux:9"},
      {"Rocky Linux:8", "rocky:8"},
      {"Ubuntu:22.04:LTS", "ubuntu:22.04"},
      {"Ubuntu:Pro:18.04:LTS", "ubuntu-pro:18.04"},
      {"Ubuntu:Pro:FIPS-updates:22.04:LTS", "ubuntu-fips:22.04"},
      {"Ubuntu:Pro:FIPS:18.04:LTS", "ubuntu-fips-frozen:18.04"},
      {"Ubuntu:Pro:Realtime:24.04:LTS", "ubuntu-realtime:24.04"},
      {"Ubuntu:25.10", "ubuntu:25.10"},
      {"Red Hat:enterprise_linux:9::baseos", "rhel:9"},
      {"Red Hat:enterprise_linux:10.0", "rhel:10"},
      {"Red Hat:rhel_els:7", "rhel-els:7"},
      {"Red Hat:rhel_els:7::server", "rhel-els:7"},
      {"Red Hat:rhel_eus:9.2::baseos", "redhat:rhel_eus:9.2::baseos"},
      {"SUSE:Linux Enterprise Server 15 SP5", "sles:15.5"},
      {"SUSE:Linux Enterprise Module for Basesystem 15 SP5", "sles:15.5"},
      {"SUSE:Linux Enterprise Server 15 SP3-LTSS", "sles-ltss:15.3"},
      {"SUSE:Linux Enterprise Server LTSS Extended Security 12 SP5", "sles-ltss:12.5"},
      {"SUSE:Linux Enterprise Micro 5.5", "sle-micro:5.5"},
      {"SUSE:Linux Micro 6.0", "sl-micro:6.0"},
      {"openSUSE:Leap 15.5", "opensuse-leap:15.5"},
      {"openSUSE:Leap Micro 5.5", "opensuse-leap-micro:5.5"},
      {"openSUSE:Tumbleweed", "opensuse-tumbleweed"},
      {"openEuler:22.03-LTS-SP1", "openeuler:22.03-LTS-SP1"},
      {"Azure Linux:3", "azurelinux:3.0"},
      {"Azure Linux:2", "mariner:2.0"},
      {"Azure Linux:10", "azurelinux:10.0"},
      {"Azure Linux", "azurelinux"},
      {"Photon OS:5.0", "photon:5.0"},
      {"Debian:sid", "debian:sid"},
      {"Debian:forky", "debian:14"},
      {"Mageia:9", "mageia:9"},
      {"Chainguard", "chainguard"},
      {"MinimOS", "minimos"},
      {"SUSE:Linux Enterprise Server 16.0", "sles:16.0"},
      {"PyPI", "pypi"},
      {"crates.io", "crates.io"},
      {"SwiftURL", "swifturl"},
      {"Maven:https://repo.spring.io/release", "maven"},
      {"Packagist:https://packages.drupal.org/8", "packagist"},
      {"Wolfi", "wolfi"},
      {"almalinux:9", "almalinux:9"},
      {"", ""},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *ours = ecosystem_from_osv(names[i].osv);
    g_assert_cmpstr(ours, ==, names[i].ours);
  }
}

static void
test_codenames(void)
{
  static const struct {
    const char *codename, *expected;
  } names[] = {
      {"bookworm", "debian:12"},
      {"bookworm-security", "debian:12"},
      {"stretch/updates", "debian:9"},
      {"sid", "debian:sid"},
      {"jammy-updates", "ubuntu:22.04"},
      {"unheard-of", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *ecosystem = ecosystem_from_codename(names[i].codename);
    g_assert_cmpstr(ecosystem, ==, names[i].expected);
  }
}

static void
test_scopes(void)
{
  static const struct {
    const char *ecosystem, *source, *version;
    ScopeKind kind;
    const char *first, *second;
  } scopes[] = {
      {"debian:12", "p", "1.0~esm1", SCOPE_ONE},
      {"debian:forky/sid", "p", "1", SCOPE_EITHER, "debian:14", "debian:sid"},
      {"debian:unheard-of/sid", "p", "1", SCOPE_EITHER, "debian:unheard-of", "debian:sid"},
      {"ubuntu:24.04", "p", "1.0-1ubuntu1", SCOPE_PAID, "ubuntu:24.04", "ubuntu-pro:24.04"},
      {"ubuntu-pro:24.04", "p", "1.0-1ubuntu1", SCOPE_ONE},
      {"rhel:7", "p", "1.0-1.el7", SCOPE_PAID, "rhel:7", "rhel-els:7"},
      {"sles:15.3", "p", "1.0-1", SCOPE_PAID, "sles:15.3", "sles-ltss:15.3"},
      {"rocky:9", "p", "1.0-1.el9", SCOPE_ONE},
      {"ubuntu:24.04", "p", "1.0-1ubuntu0.1~esm1", SCOPE_OVERRIDE, "ubuntu:24.04",
       "ubuntu-pro:24.04"},
      {"ubuntu:16.04", "p", "1.0-1ubuntu0.1+esm3", SCOPE_OVERRIDE, "ubuntu:16.04",
       "ubuntu-pro:16.04"},
      {"ubuntu:22.04", "p", "3.0.2-0ubuntu1.15+Fips1.1", SCOPE_OVERRIDE, "ubuntu:22.04",
       "ubuntu-fips:22.04"},
      {"ubuntu:24.04", "linux-signed-realtime", "6.8.1-1015.16", SCOPE_OVERRIDE, "ubuntu:24.04",
       "ubuntu-realtime:24.04"},
      {"ubuntu:20.04", "p", "1.1.1f-1ubuntu2.fips.13.1", SCOPE_OVERRIDE, "ubuntu:20.04",
       "ubuntu-fips:20.04"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(scopes); i++) {
    EcosystemScope scope = {.kind = SCOPE_ONE};
    bool has_two =
        ecosystem_scope(scopes[i].ecosystem, scopes[i].source, scopes[i].version, &scope);
    g_assert_cmpint(has_two, ==, scopes[i].kind != SCOPE_ONE);
    g_assert_cmpint(scope.kind, ==, scopes[i].kind);
    g_assert_cmpstr(scope.first, ==, scopes[i].first);
    g_assert_cmpstr(scope.second, ==, scopes[i].second);
    ecosystem_scope_clear(&scope);
  }
}

static void
test_applications(void)
{
  static const struct {
    const char *type, *ecosystem; /* NULL: none */
    VersionScheme scheme;
  } rows[] = {
      {"npm", "npm", VERSION_NPM},
      {"golang", "go", VERSION_GO},
      {"cargo", "crates.io", VERSION_SEMVER},
      {"gem", "rubygems", VERSION_RUBYGEMS},
      {"composer", "packagist", VERSION_COMPOSER},
      {"swift", "swifturl", VERSION_SEMVER},
      {"generic", "generic", VERSION_FUZZY},
      {"deb", NULL, VERSION_DEBIAN},
      {"unheard-of", NULL, VERSION_DEBIAN},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    const Ecosystem *row = ecosystem_of_application(rows[i].type);
    g_test_message("%s", rows[i].type);
    g_assert_cmpint(row != NULL, ==, rows[i].ecosystem != NULL);
    if (row == NULL)
      continue;
    VersionScheme scheme = VERSION_DEBIAN;
    g_assert_cmpstr(row->name, ==, rows[i].ecosystem);
    g_assert_true(ecosystem_find(rows[i].ecosystem) == row);
    g_assert_true(row->application && row->looked_up == BY_NAME);
    g_assert_true(ecosystem_scheme_of_type(rows[i].type, &scheme));
    g_assert_cmpint(scheme, ==, rows[i].scheme);
  }
}

static void
test_package_names(void)
{
  static const struct {
    const char *ecosystem, *name, *expected;
  } names[] = {
      {"pypi", "Zope.Interface__x", "zope-interface-x"},
      {"pypi", "ruamel.yaml", "ruamel-yaml"},
      {"npm", "@Scope/JSONStream", "@Scope/JSONStream"},
      {"nuget", "Newtonsoft.Json", "newtonsoft.json"},
      {"packagist", "Symfony/HTTP-Kernel", "symfony/http-kernel"},
      {"crates.io", "serde_JSON", "serde_json"},
      {"go", "github.com/Azure/go-autorest", "github.com/Azure/go-autorest"},
      {"go", "std", "stdlib"},
      {"go", "toolchain", "toolchain"},
      {"swifturl", "https://github.com/Apple/swift-nio.git", "github.com/apple/swift-nio"},
      {"swifturl", "git@github.com:apple/swift-nio.git", "github.com/apple/swift-nio"},
      {"swifturl", "github.com/apple/swift-nio/", "github.com/apple/swift-nio"},
      {"swifturl", "", ""},
      {"maven", "org.apache.logging.log4j:log4j-core", "org.apache.logging.log4j:log4j-core"},
      {"rubygems", "RedCloth", "RedCloth"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *name =
        ecosystem_package_name(ecosystem_find(names[i].ecosystem), names[i].name);
    g_assert_cmpstr(name, ==, names[i].expected);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ecosystem/debs-and-apks", test_debs_and_apks);
  g_test_add_func("/ecosystem/rpms", test_rpms);
  g_test_add_func("/ecosystem/names-of-osv", test_names_of_osv);
  g_test_add_func("/ecosystem/applications", test_applications);
  g_test_add_func("/ecosystem/package-names", test_package_names);
  g_test_add_func("/ecosystem/codenames", test_codenames);
  g_test_add_func("/ecosystem/scopes", test_scopes);
  return g_test_run();
}
