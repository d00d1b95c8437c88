/* The detectors over real-shaped and broken databases. */
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
                    "package: last\nversion: 1:2"),
      "var/lib/dpkg/status", inventory);
  g_assert_cmpuint(inventory->packages->len, ==, 3);
  const Package *ssl = package_at(inventory, 0);
  g_assert_cmpstr(ssl->name, ==, "libssl1.1");
  g_assert_cmpstr(ssl->version, ==, "1.1.1n-0+deb11u3+b1");
  g_assert_cmpstr(ssl->source_name, ==, "openssl");
  g_assert_cmpstr(ssl->source_version, ==, "1.1.1n-0+deb11u3");
  g_assert_cmpstr(package_at(inventory, 1)->source_name, ==, "tzdata");
  g_assert_cmpstr(package_at(inventory, 2)->version, ==, "1:2");
  g_assert_cmpuint(inventory->notes->len, ==, 1);
}

static void
test_apk(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  apk_installed_parse(SLICE_LITERAL("C:Q1abc=\nP:libcrypto1.1\nV:1.1.1d-r3\nA:x86_64\no:openssl\n"
                                    "F:\nR:top\nF:lib\nR:libcrypto.so.1.1\na:0:0:755\n\n"
                                    "P:musl\nV:1.1.24-r2\n\nP:broken\n\nV:1\n"),
                      "lib/apk/db/installed", inventory);
  g_assert_cmpuint(inventory->packages->len, ==, 2);
  const Package *crypto = package_at(inventory, 0);
  g_assert_cmpstr(crypto->source_name, ==, "openssl");
  g_assert_cmpstr(crypto->version, ==, "1.1.1d-r3");
  g_assert_cmpstr(crypto->files[0], ==, "top");
  g_assert_cmpstr(crypto->files[1], ==, "lib/libcrypto.so.1.1");
  g_assert_null(crypto->files[2]);
  g_assert_cmpstr(package_at(inventory, 1)->source_name, ==, "musl");
  g_assert_cmpuint(inventory->notes->len, ==, 1);
}

static void
test_os_release(void)
{
  static const struct {
    const char *name, *text, *id, *version_id, *pretty_name;
  } cases[] = {
      {"debian", "PRETTY_NAME=\"Debian GNU/Linux 11 (bullseye)\"\nID=debian\nVERSION_ID=\"11\"\n",
       "debian", "11", "Debian GNU/Linux 11 (bullseye)"},
      {"single quotes and spaces", "  ID='Alpine' \n#ID=no\nVERSION_ID=3.11.6", "alpine", "3.11.6",
       NULL},
      {"escapes", "ID=x\nPRETTY_NAME=\"a \\\"b\\\"\"", "x", NULL, "a \"b\""},
      {"no id", "NAME=x\n", NULL, NULL, NULL},
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
    }
    os_release_free(os);
  }
}

static void
test_wanted(void)
{
  g_assert_cmpint(wanted_kind("var/lib/dpkg/status"), ==, WANTED_DPKG);
  g_assert_cmpint(wanted_kind("var/lib/dpkg/status.d/base"), ==, WANTED_DPKG);
  g_assert_cmpint(wanted_kind("var/lib/dpkg/status.d/base.md5sums"), ==, WANTED_NOT);
  g_assert_cmpint(wanted_kind("var/lib/dpkg/status-old"), ==, WANTED_NOT);
  g_assert_cmpint(wanted_kind("usr/lib/sysimage/rpm/rpmdb.sqlite"), ==, WANTED_RPM);
  g_assert_true(wanted_is_below("var/lib"));
  g_assert_true(wanted_is_below("var/lib/dpkg/status"));
  g_assert_true(wanted_is_below(""));
  g_assert_false(wanted_is_below("var/lib/dp"));
  g_assert_false(wanted_is_below("home"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/packages/dpkg", test_dpkg);
  g_test_add_func("/packages/apk", test_apk);
  g_test_add_func("/packages/os-release", test_os_release);
  g_test_add_func("/packages/wanted", test_wanted);
  return g_test_run();
}
