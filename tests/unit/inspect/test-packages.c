/* The detectors over real-shaped and broken databases. */
#include <sqlite3.h>
#include <string.h>

#include "inspect/fixed_places.h"
#include "inspect/packages/packages.h"

static const Package *
package_at(const LayerInventory *inventory, guint index)
{
  g_assert_cmpuint(index, <, inventory->packages->len);
  return g_ptr_array_index(inventory->packages, index);
}

static void
test_dpkg(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  dpkg_status_parse(
      SLICE_LITERAL("Package: libssl1.1\nStatus: install ok installed\n"
                    "Architecture: amd64\nSource: openssl (1.1.1n-0+deb11u3)\n"
                    "Version: 1.1.1n-0+deb11u3+b1\nDescription: x\n Package: no\n\n"
                    "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
                    "Package: tzdata\nStatus: install ok installed\nVersion: 2024a-0\n\n"
                    "Package: broken\nStatus: install ok installed\n\n"
                    "Version: 7\n\n"
                    "package: Last\nstatus:install ok Installed\n"
                    "version : 1:2\nsource: LastSource\nmaintainer: M <m@example.org>\n"),
      "var/lib/dpkg/status", inventory);
  g_assert_cmpuint(inventory->packages->len, ==, 3);
  const Package *ssl = package_at(inventory, 0);
  g_assert_cmpstr(ssl->name, ==, "libssl1.1");
  g_assert_cmpstr(ssl->version, ==, "1.1.1n-0+deb11u3+b1");
  g_assert_cmpstr(ssl->source_name, ==, "openssl");
  g_assert_cmpstr(ssl->source_version, ==, "1.1.1n-0+deb11u3");
  g_assert_cmpstr(package_at(inventory, 1)->source_name, ==, "tzdata");
  g_assert_cmpstr(package_at(inventory, 2)->name, ==, "last");
  g_assert_cmpstr(package_at(inventory, 2)->version, ==, "1:2");
  g_assert_cmpstr(package_at(inventory, 2)->source_name, ==, "LastSource");
  g_assert_cmpstr(package_at(inventory, 2)->vendor, ==, "M <m@example.org>");
  g_assert_cmpuint(inventory->notes->len, ==, 2);
}

/* Where dpkg gives up, the database is unread, and what could be read is there. */
static void
test_dpkg_trouble(void)
{
#define GOOD "Package: a\nStatus: install ok installed\nVersion: 1\n"
#define MORE "\nPackage: b\nStatus: install ok installed\nVersion: 1\n"
  static const struct {
    const char *name, *text;
    guint packages;
    bool unread;
  } cases[] = {
      {"as it should be", GOOD MORE, 2, false},
      {"newlines and Ctrl-Z between", "\n\x1a" GOOD "\x1a\n\n" MORE, 2, false},
      {"Ctrl-Z ends a line", "Package: a\x1aStatus: install ok installed\nVersion: 1\n", 1, false},
      {"a last letter", GOOD "x", 1, false},
      {"a blank line does not end a stanza", GOOD " " MORE, 2, true},
      {"lines of MS-DOS", "Package: a\r\nStatus: install ok installed\r\nVersion: 1\r\n", 1, false},
      {"and empty ones", GOOD "\r" MORE, 2, true},
      {"no last newline", "Package: a\nStatus: install ok installed\nVersion: 1", 1, true},
      {"a comment", "# none\n" GOOD, 1, true},
      {"no colon", "Package: a\nx\nStatus: install ok installed\nVersion: 1\n", 1, true},
      {"no Status", "Package: a\nVersion: 1\n", 1, true},
      {"twice", GOOD "\n" GOOD, 2, true},
      {"a version twice", GOOD "Version: 2\n", 1, true},
      {"two architectures", GOOD "Architecture: amd64\n\n" GOOD "Architecture: i386\n", 2, true},
      {"side by side",
       GOOD "Multi-Arch: Same\nArchitecture: amd64\n\n" GOOD
            "Multi-Arch: same\nArchitecture: i386\n",
       2, false},
      {"a name with a blank", "Package: a b\nStatus: install ok installed\nVersion: 1\n", 0, true},
      {"a version with a blank", "Package: a\nStatus: install ok installed\nVersion: 1 2\n", 0,
       true},
      {"a revision apart", GOOD "Revision: 3\n", 1, true},
      {"empty", "", 0, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    dpkg_status_parse(slice_from_string(cases[i].text), "var/lib/dpkg/status", inventory);
    g_test_message("case %s", cases[i].name);
    g_assert_cmpuint(inventory->packages->len, ==, cases[i].packages);
    g_assert_cmpuint(inventory->unread->len, ==, cases[i].unread);
  }
}

static void
test_apk(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  apk_installed_parse(
      SLICE_LITERAL("C:Q1abc=\nP:libcrypto1.1\nV:1.1.1d-r3\nA:x86_64\no:openssl\nm:M\n"
                    "F:\nR:top\nF:lib\nR:libcrypto.so.1.1\na:0:0:755\n\n"
                    "P:musl\nV:1.1.24-r2\n\nP:broken\n\nV:1\n"),
      "lib/apk/db/installed", inventory);
  g_assert_cmpuint(inventory->packages->len, ==, 2);
  const Package *crypto = package_at(inventory, 0);
  g_assert_cmpstr(crypto->source_name, ==, "openssl");
  g_assert_cmpstr(crypto->version, ==, "1.1.1d-r3");
  g_assert_cmpstr(crypto->vendor, ==, "M");
  g_assert_cmpstr(crypto->files, ==, "top\nlib/libcrypto.so.1.1\n");
  g_assert_cmpstr(package_at(inventory, 1)->source_name, ==, "musl");
  g_assert_cmpuint(inventory->notes->len, ==, 2);
}

/* As apk 2.14.10 and 3.0.6 read them. */
static void
test_apk_records(void)
{
  static const struct {
    const char *name, *text, *last;
    guint packages;
    bool unread;
  } cases[] = {
      {"a line of one letter ends a record", "P:a\nV:1\nx\nP:b\nV:2\n\n", "b", 2, false},
      {"so does a carriage return", "P:a\nV:1\n\r\nP:b\nV:2\n\n", "b", 2, false},
      {"the last of a field counts", "P:a\nP:b\nV:1\nV:2\nF:x\nP:c\n\n", "c", 1, false},
      {"unknown fields", "P:a\ny:1\nV:2\n::\n\n", "a", 1, false},
      {"no line ends the last", "P:a\nV:1", "a", 1, false},
      {"nothing but empty lines", "\n\n\n", NULL, 0, false},
      {"a record goes on until it has a name", "V:1\n\nP:a\n\n", "a", 1, true},
      {"no name", "V:1\nA:x86_64\n\n", NULL, 0, true},
      {"an empty name", "P:\nV:1\n\n", NULL, 0, true},
      {"no version", "P:a\n\nP:b\nV:1\n\n", "b", 1, true},
      {"no field", "P:a\nV 1\nV:1\n\n", "a", 1, true},
      {"lines of MS-DOS", "P:a\r\nV:1\r\n\r\n", NULL, 0, true},
      {"a blank before the name", "P: a\nV:1\n\n", NULL, 0, true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    apk_installed_parse(slice_from_string(cases[i].text), "lib/apk/db/installed", inventory);
    g_test_message("case %s", cases[i].name);
    g_assert_cmpuint(inventory->packages->len, ==, cases[i].packages);
    g_assert_cmpuint(inventory->unread->len, ==, cases[i].unread);
    if (cases[i].packages > 0)
      g_assert_cmpstr(package_at(inventory, cases[i].packages - 1)->name, ==, cases[i].last);
  }
  /* apk lists "openssl" of it. */
  g_autoptr(LayerInventory) nul = layer_inventory_new();
  apk_installed_parse(SLICE_LITERAL("P:openssl\0x\nV:1\n\n"), "lib/apk/db/installed", nul);
  g_assert_cmpuint(nul->unread->len, ==, 1);
}

static void
test_dpkg_states(void)
{
  static const struct {
    const char *status;
    bool there;
  } cases[] = {
      {"install ok installed", true},
      {"hold ok installed", true},
      {"install reinstreq half-installed", true},
      {"install ok unpacked", true},
      {"install ok half-configured", true},
      {"install ok triggers-awaited", true},
      {"install ok triggers-pending", true},
      {"deinstall ok config-files", false},
      {"purge ok not-installed", false},
      {"unknown ok not-installed", false},
      {"install ok Installed", true},
      {"INSTALL  OK\n unpacked", true},
      {"installok installed", true},
      {"hold ok not-installed", false},
      {"install ok config-files", false},
      /* Which dpkg takes for none, and so gives up. */
      {"nonsense", true},
      {"install ok installed x", true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    g_autofree char *text =
        g_strdup_printf("Package: p\nStatus: %s\nVersion: 1\n", cases[i].status);
    dpkg_status_parse(slice_from_string(text), "var/lib/dpkg/status", inventory);
    g_test_message("case %s", cases[i].status);
    g_assert_cmpuint(inventory->packages->len, ==, cases[i].there ? 1 : 0);
  }
}

/* A name goes to terminals, logs and error messages of clients. */
static void
test_unsound_packages(void)
{
  g_autofree char *long_name = g_strnfill(2000, 'n');
  const char *const names[] = {"\x1b[31mred", "two\xc2\x9bm", "\xe2\x80\xae", "", long_name};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    g_autofree char *dpkg =
        g_strdup_printf("Package: good\nVersion: %s\n\nPackage: fine\nVersion: 1\n", names[i]);
    g_autofree char *apk = g_strdup_printf("P:good\nV:%s\n\nP:fine\nV:1\n", names[i]);
    dpkg_status_parse(slice_from_string(dpkg), "var/lib/dpkg/status.d/good", inventory);
    apk_installed_parse(slice_from_string(apk), "lib/apk/db/installed", inventory);
    g_test_message("case %zu", i);
    g_assert_cmpuint(inventory->packages->len, ==, 2);
    g_assert_cmpstr(package_at(inventory, 0)->name, ==, "fine");
    g_assert_cmpuint(inventory->notes->len, ==, 2);
  }
}

/* What would be larger than an inventory may be is left out, or told; nothing grows on. */
static void
test_bounds(void)
{
  g_autoptr(LayerInventory) many = layer_inventory_new(), files = layer_inventory_new();
  g_autoptr(GString) text = g_string_new(NULL), lists = g_string_new(NULL);
  for (unsigned i = 0; i <= LAYER_PACKAGES_MAX; i++)
    g_string_append_printf(text, "P:p%u\nV:1\n\n", i);
  apk_installed_parse(slice_new(text->str, text->len), "lib/apk/db/installed", many);
  g_assert_cmpuint(many->packages->len, ==, LAYER_PACKAGES_MAX);
  g_assert_true(many->overfull);

  g_autofree char *folder = g_strnfill(4000, 'f');
  for (unsigned package = 0; package < 3; package++) {
    g_string_append_printf(lists, "P:p%u\nV:1\nF:%s\n", package, folder);
    for (unsigned i = 0; i < (package == 1 ? 2000 : 3); i++)
      g_string_append_printf(lists, "R:%u\n", i);
    g_string_append(lists, "\n");
  }
  apk_installed_parse(slice_new(lists->str, lists->len), "lib/apk/db/installed", files);
  g_assert_cmpuint(files->packages->len, ==, 3);
  g_assert_nonnull(package_at(files, 0)->files);
  g_assert_null(package_at(files, 1)->files);
  g_assert_null(package_at(files, 2)->files);
}

static void
test_os_release(void)
{
  static const struct {
    const char *name, *text, *id, *version_id, *pretty_name, *version;
  } cases[] = {
      {"debian", "PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\"\nID=debian\nVERSION_ID=\"11\"\n",
       "debian", "11", "Debian GNU/Linux 11 (bullseye)"},
      {"single quotes and spaces", "  ID='Alpine' \n#ID=no\nVERSION_ID=3.11.6", "alpine", "3.11.6",
       NULL},
      {"escapes", "ID=x\nPRETTY_NAME=\"a \\\"b\\\"\"", "x", NULL, "a \"b\""},
      {"no terminal's business", "ID=x\nPRETTY_NAME=\"\x1b[1mloud\"", "x", NULL, "?[1mloud"},
      {"ends in a quote", "ID=\"\nVERSION_ID='", "\"", "'", NULL},
      {"openEuler", "VERSION=\"22.03 (LTS-SP1)\"\nID=\"openEuler\"\nVERSION_ID=\"22.03\"\n",
       "openeuler", "22.03", NULL, "22.03 (LTS-SP1)"},
      {"no id", "NAME=x\n", NULL, NULL, NULL},
      {"byte order mark and lines of MS-DOS", "\xef\xbb\xbfID=debian\r\nVERSION_ID=\"12\"\r\n",
       "debian", "12", NULL},
      {"parts of quotes", "ID='deb'\"ian\"\nVERSION_ID=1\\2\n;ID=no\n", "debian", "12", NULL},
      {"a backslash that stays", "ID=x\nPRETTY_NAME=\"a\\nb'c'\"", "x", NULL, "a\\nb'c'"},
      {"the last counts", "ID=a\nID=B\n", "b", NULL, NULL},
      {"empty", "", NULL, NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    OsRelease *os = os_release_parse(slice_from_string(cases[i].text));
    g_test_message("case %s", cases[i].name);
    g_assert_cmpint(os == NULL, ==, cases[i].id == NULL);
    if (os != NULL) {
      g_assert_cmpstr(os->id, ==, cases[i].id);
      g_assert_cmpstr(os->version_id, ==, cases[i].version_id);
      g_assert_cmpstr(os->pretty_name, ==, cases[i].pretty_name);
      g_assert_cmpstr(os->version, ==, cases[i].version);
    }
    os_release_free(os);
  }
}

static void
test_pacman(void)
{
#define FIELDS(name, version) "%NAME%\n" name "\n\n%VERSION%\n" version "\n\n"
  static const struct {
    const char *name, *text, *source, *vendor;
    bool unread;
    const char *licenses;
  } cases[] = {
      {"one licence", "%LICENSE%\nMIT\n\n" FIELDS("libx", "1:2.0-3"), "libx", NULL, false, "MIT"},
      {"licences", FIELDS("libx", "1:2.0-3") "%LICENSE%\nGPL-2.0-only\nMIT OR X11", "libx", NULL,
       false, "GPL-2.0-only AND (MIT OR X11)"},
      {"of no licence", "%LICENSE%\n\n%GROUPS%\nx\n\n" FIELDS("libx", "1:2.0-3"), "libx", NULL,
       false, NULL},
      {"a package", FIELDS("libx", "1:2.0-3") "%BASE%\nx\n\n%ARCH%\nany\n\n%PACKAGER%\nA <a@b>\n",
       "x", "A <a@b>", false},
      {"without a source", FIELDS("libx", "1:2.0-3"), "libx", NULL, false},
      {"without empty lines", "%DESC%\nx\n%NAME%\nlibx\n%VERSION%\n1:2.0-3", "libx", NULL, false},
      {"values that look like fields",
       "%DESC%\n%NAME%\n\n%DEPENDS%\n%VERSION%\n9-9\n\n" FIELDS("libx", "1:2.0-3"), "libx", NULL,
       false},
      {"an empty field", "%DESC%\n\n" FIELDS("libx", "1:2.0-3"), "libx", NULL, false},
      {"twice: the last", FIELDS("liby", "1") FIELDS("libx", "1:2.0-3"), "libx", NULL, false},
      {"nothing", "", NULL, NULL, true},
      {"no name", FIELDS("", "1:2.0-3"), NULL, NULL, true},
      {"no version", "%NAME%\nlibx\n", NULL, NULL, true},
      {"no value at the end", "%NAME%\nlibx\n\n%VERSION%", NULL, NULL, true},
      {"unsound", FIELDS("lib\x01x", "1:2.0-3"), NULL, NULL, true},
      {"another than its folder", FIELDS("libx", "1:2.0-4"), "libx", NULL, true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    pacman_desc_parse(slice_from_string(cases[i].text), "var/lib/pacman/local/libx-1:2.0-3/desc",
                      inventory);
    g_test_message("case %s", cases[i].name);
    g_assert_cmpuint(inventory->packages->len, ==, cases[i].source != NULL);
    g_assert_cmpint(inventory->unread->len > 0, ==, cases[i].unread);
    if (cases[i].source == NULL)
      continue;
    const Package *package = package_at(inventory, 0);
    g_assert_cmpstr(package->type, ==, "alpm");
    g_assert_cmpstr(package->name, ==, "libx");
    g_assert_cmpstr(package->source_name, ==, cases[i].source);
    g_assert_cmpstr(package->vendor, ==, cases[i].vendor);
    g_assert_cmpstr(package->licenses, ==, cases[i].licenses);
  }
}

/* The number in the database says how it is to be read. */
static void
test_pacman_version(void)
{
  const char *const texts[][2] = {{"9\n", ""}, {"9", ""}, {"10\n", "unread"}, {"", "unread"}};
  const char *place = "var/lib/pacman/local/ALPM_DB_VERSION";
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    fixed_places_detector_of(place)->read(slice_from_string(texts[i][0]), place, inventory);
    g_assert_cmpint(inventory->unread->len > 0, ==, *texts[i][1] != '\0');
  }
}

static void
test_rpm_manifest(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  rpm_manifest_parse(
      SLICE_LITERAL(
          "openssl-libs\t3.3.0-1.azl3\t1\t1\tMicrosoft Corporation\t(none)\t1\tx86_64\t0\t"
          "openssl-3.3.0-1.azl3.src.rpm\n"
          "gpg-pubkey\t3135ce90-5e6fda74\t1\t1\t(none)\t(none)\t0\t(none)\t0\t(none)\n"
          "shadow-utils\t4.9-1.cm2\t1\t1\t(none)\t2\t1\tx86_64\t2\t(none)\n"
          "short\t1\n"),
      "var/lib/rpmmanifest/container-manifest-2", inventory);
  g_assert_cmpuint(inventory->packages->len, ==, 2);
  g_assert_cmpstr(package_at(inventory, 0)->source_name, ==, "openssl");
  g_assert_cmpstr(package_at(inventory, 0)->version, ==, "3.3.0-1.azl3");
  g_assert_cmpstr(package_at(inventory, 0)->vendor, ==, "Microsoft Corporation");
  g_assert_cmpstr(package_at(inventory, 1)->version, ==, "2:4.9-1.cm2");
  g_assert_null(package_at(inventory, 1)->vendor);
  g_assert_cmpuint(inventory->unread->len, ==, 1);
}

static void
test_foreign(void)
{
  for (const char *const *place = foreign_detector.places; *place != NULL; place++) {
    g_autoptr(LayerInventory) some = layer_inventory_new(), none = layer_inventory_new();
    g_test_message("case %s", *place);
    foreign_detector.read(SLICE_LITERAL("x"), *place, some);
    foreign_detector.read(SLICE_EMPTY, *place, none);
    g_assert_cmpuint(some->unread->len, ==, 1);
    g_assert_cmpuint(none->unread->len, ==, 0);
  }
}

static void
test_old_releases(void)
{
  static const struct {
    const char *location, *text, *id, *version_id;
  } cases[] = {
      {"etc/centos-release", "CentOS release 6.10 (Final)\n", "centos", "6.10"},
      {"etc/redhat-release", "CentOS Linux release 7.9.2009 (Core)\n", "centos", "7.9.2009"},
      {"etc/redhat-release", "Red Hat Enterprise Linux Server release 6.10 (Santiago)", "rhel",
       "6.10"},
      {"etc/redhat-release", "\nScientific Linux release 6.10 (Carbon)\r\n", "scientific", "6.10"},
      {"etc/oracle-release", "Oracle Linux Server release 6.8\n", "ol", "6.8"},
      {"etc/rocky-release", "Rocky Linux release 8.5 (Green Obsidian)\n", "rocky", "8.5"},
      {"etc/almalinux-release", "AlmaLinux release 8.4 (Electric Cheetah)\n", "almalinux", "8.4"},
      {"etc/fedora-release", "Fedora release 35 (Thirty Five)\n", "fedora", "35"},
      {"etc/system-release", "Amazon Linux AMI release 2018.03\n", "amzn", "2018.03"},
      {"etc/system-release", "Amazon Linux release 2 (Karoo)\n", "amzn", "2"},
      {"etc/system-release", "Amazon Linux release 2023.3.20240108 (Amazon Linux)", "amzn", "2023"},
      {"etc/photon-release", "VMware Photon OS 3.0\nPHOTON_BUILD_NUMBER=a0f216d", "photon", "3.0"},
      {"etc/mariner-release", "CBL-Mariner 2.0.20220226\nMARINER_BUILD_NUMBER=1", "mariner", "2.0"},
      {"etc/azurelinux-release", "Microsoft Azure Linux 3.0.20240727\n", "azurelinux", "3.0"},
      {"etc/openEuler-release", "openEuler release 22.03 (LTS-SP1)\n", "openeuler", "22.03"},
      {"etc/SuSE-release",
       "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n", "sles", "11.4"},
      {"etc/SuSE-release", "SUSE Linux Enterprise Server 12 (x86_64)\nPATCHLEVEL = 0\n", "sles",
       "12"},
      {"etc/SuSE-release", "openSUSE 13.2 (x86_64)\nVERSION = 13.2\n", "opensuse", "13.2"},
      {"etc/system-release-cpe", "cpe:/o:centos:linux:6:GA\n", "centos", "6"},
      {"etc/system-release-cpe", "cpe:/o:redhat:enterprise_linux:6server:ga:server", "rhel", "6"},
      {"etc/system-release-cpe", "cpe:2.3:o:amazon:amazon_linux:2\n", "amzn", "2"},
      {"etc/system-release-cpe", "cpe:/o:nobody:linux:6\n", NULL, NULL},
      {"etc/system-release-cpe", "cpe:/o:centos\n", NULL, NULL},
      {"etc/lsb-release",
       "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=14.04\nDISTRIB_CODENAME=trusty\n"
       "DISTRIB_DESCRIPTION=\"Ubuntu 14.04.6 LTS\"\n",
       "ubuntu", "14.04"},
      {"etc/lsb-release", "LSB_VERSION=base-4.0-amd64\n", NULL, NULL},
      {"etc/debian_version", "7.11\n", "debian", "7.11"},
      {"etc/debian_version", "trixie/sid\n", "debian", "trixie/sid"},
      {"etc/debian_version", "\n", NULL, NULL},
      {"etc/alpine-release", "3.10.2\n", "alpine", "3.10.2"},
      {"etc/alpine-release", "3.17_alpha20220715\n", "alpine", "3.17_alpha20220715"},
      {"etc/gentoo-release", "Gentoo Base System release 2.14\n", "gentoo", "2.14"},
      {"etc/arch-release", "", "arch", NULL},
      {"etc/redhat-release", "Nobody's Linux release 3\n", NULL, NULL},
      {"etc/redhat-release", "Fedora\n", "fedora", NULL},
      {"etc/redhat-release", "", NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    g_test_message("case %s %s", cases[i].location, cases[i].text);
    g_assert_true(fixed_places_detector_of(cases[i].location) == &os_release_detector);
    os_release_detector.read(slice_from_string(cases[i].text), cases[i].location, inventory);
    g_assert_cmpuint(inventory->releases->len, ==, cases[i].id != NULL);
    if (cases[i].id == NULL)
      continue;
    const OsRelease *os = g_ptr_array_index(inventory->releases, 0);
    g_assert_cmpstr(os->id, ==, cases[i].id);
    g_assert_cmpstr(os->version_id, ==, cases[i].version_id);
    g_assert_cmpstr(os->location, ==, cases[i].location);
  }
}

static void
test_wanted(void)
{
  g_assert_true(fixed_places_detector_of("var/lib/dpkg/status") == &dpkg_detector);
  g_assert_true(fixed_places_detector_of("var/lib/dpkg/status.d/base") == &dpkg_detector);
  g_assert_null(fixed_places_detector_of("var/lib/dpkg/status.d/base.md5sums"));
  g_assert_null(fixed_places_detector_of("var/lib/dpkg/status-old"));
  g_assert_true(fixed_places_detector_of("usr/lib/sysimage/rpm/rpmdb.sqlite") == &rpm_detector);
  g_assert_true(fixed_places_detector_of("var/lib/pacman/local/zlib-1:1.3-1/desc") ==
                &pacman_detector);
  g_assert_true(fixed_places_detector_of("var/lib/pacman/local/ALPM_DB_VERSION") ==
                &pacman_detector);
  static const char *const others_of_pacman[] = {"var/lib/pacman/local/zlib-1:1.3-1/files",
                                                 "var/lib/pacman/local/desc",
                                                 "var/lib/pacman/local//desc",
                                                 "var/lib/pacman/local/zlib-1:1.3-1/x/desc",
                                                 "desc",
                                                 "x/desc"};
  for (size_t i = 0; i < G_N_ELEMENTS(others_of_pacman); i++)
    g_assert_null(fixed_places_detector_of(others_of_pacman[i]));
  static const char *const databases[] = {"var/lib/pacman/local/zlib-1:1.3-1/desc",
                                          "var/lib/pacman",
                                          "var/lib/pacman/local",
                                          "var/lib/rpm",
                                          "var/lib/dpkg/status",
                                          "lib/apk/db",
                                          "usr/share/rpm/Packages"};
  static const char *const others[] = {"", "lib", "var/lib", "etc", "etc/os-release", "var/lib/rp"};
  for (size_t i = 0; i < G_N_ELEMENTS(databases); i++)
    g_assert_true(fixed_places_is_database(databases[i]));
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    g_assert_false(fixed_places_is_database(others[i]));
}

/* A worker's limit is no fault of the database. */
static void
test_rpm_without_memory(void)
{
  g_autofree char *large = g_malloc0(4 << 20);
  strcpy(large, "SQLite format 3");
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  sqlite3_hard_heap_limit64(1 << 20);
  rpm_database_parse(slice_new(large, 4 << 20), "var/lib/rpm/rpmdb.sqlite", inventory);
  sqlite3_hard_heap_limit64(0);
  g_assert_cmpuint(inventory->unread->len, ==, 1);
  const LayerNote *note = g_ptr_array_index(inventory->notes, 0);
  g_assert_nonnull(strstr(note->detail, "limits.worker_memory_bytes"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/packages/dpkg", test_dpkg);
  g_test_add_func("/packages/dpkg/trouble", test_dpkg_trouble);
  g_test_add_func("/packages/apk/records", test_apk_records);
  g_test_add_func("/packages/old-releases", test_old_releases);
  g_test_add_func("/packages/pacman", test_pacman);
  g_test_add_func("/packages/pacman/version", test_pacman_version);
  g_test_add_func("/packages/rpm-manifest", test_rpm_manifest);
  g_test_add_func("/packages/foreign", test_foreign);
  g_test_add_func("/packages/dpkg/states", test_dpkg_states);
  g_test_add_func("/packages/apk", test_apk);
  g_test_add_func("/packages/unsound", test_unsound_packages);
  g_test_add_func("/packages/bounds", test_bounds);
  g_test_add_func("/packages/os-release", test_os_release);
  g_test_add_func("/packages/wanted", test_wanted);
  g_test_add_func("/packages/rpm-without-memory", test_rpm_without_memory);
  return g_test_run();
}
