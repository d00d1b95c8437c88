/* Lists of package managers that are no distribution's. */
#include "detected.h"
#include "inspect/packages/packages.h"
#include "inspect/programs/lists.h"

static const DetectedCase cases[] = {
    {"Bitnami", "opt/bitnami/redis/.spdx-redis.spdx",
     "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":\"redis\",\"versionInfo\":\"7.4.1-2\","
     "\"externalRefs\":[{\"referenceLocator\":\"pkg:bitnami/redis@7.4.1-2\"}]},{\"name\":\"a:b\","
     "\"versionInfo\":\"1\",\"externalRefs\":[{\"referenceLocator\":\"pkg:maven/a/b@1\"}]}]}",
     "bitnami redis 7.4.1-2"},
    {"Bitnami's in tags", "opt/bitnami/redis/.spdx-redis.spdx", "SPDXVersion: SPDX-2.3\n", ""},
    {"not Bitnami's", "srv/.spdx-redis.spdx",
     "{\"spdxVersion\":\"SPDX-2.3\",\"packages\":[{\"name\":\"redis\",\"versionInfo\":\"7\","
     "\"externalRefs\":[{\"referenceLocator\":\"pkg:bitnami/redis@7\"}]}]}",
     ""},
    {"Bitnami's old list", "opt/bitnami/.bitnami_components.json",
     "{\"yq\":{\"version\":\"4.16.2-2\"},\"odd\":7}", "bitnami yq 4.16.2-2"},
    {"a keg", "home/linuxbrew/.linuxbrew/Cellar/jq/1.7.1_2/INSTALL_RECEIPT.json", "{}",
     "brew jq 1.7.1_2"},
    {"a receipt elsewhere", "srv/INSTALL_RECEIPT.json", "{}", ""},
    {"a formula", "opt/Cellar/jq/1.7.1/.brew/jq.rb", "class Jq < Formula", "brew jq 1.7.1"},
    {"Ruby", "opt/jq/1.7.1/jq.rb", "class Jq < Formula", ""},
    {"a cask", "opt/Caskroom/tools/35.0.2/x/source.properties", "", "brew tools 35.0.2"},
    {"a snap's stage", "snap/manifest.yaml",
     "snapcraft-version: 8\nprimed-stage-packages:\n- a:amd64=1-2\n- odd\n- {b: 1}\n",
     "snap a 1-2"},
    {"another manifest", "srv/manifest.yaml", "primed-stage-packages:\n- a=1\n", ""},
    {"a snap", "snap/x/meta/snap.yaml", "name: hello\nversion: '2.10'\n", "snap hello 2.10"},
    {"a flatpak", "var/lib/flatpak/app/x/metainfo.xml",
     "<component><id>org.x</id><provides><id>org.y</id></provides><releases><release "
     "version=\"2.1\"/><release version=\"2.0\"/></releases></component>",
     "flatpak org.x 2.1"},
    {"no flatpak", "usr/share/metainfo/x.xml", "<component><id>org.x</id></component>", ""},
    {"portage", "var/db/pkg/dev-lang/x/PF", "perl-5.38.2_p1-r3\n", "portage perl 5.38.2_p1-r3"},
    {"a name with numbers", "var/db/pkg/a/x/PF", "font-100dpi-1.0.4\n",
     "portage font-100dpi 1.0.4"},
    {"no version", "var/db/pkg/a/x/PF", "font-a\n", ""},
    {"COS", "etc/cos-package-info.json",
     "{\"installedPackages\":[{\"name\":\"bash\",\"version\":\"1.2\"}],\"buildTimePackages\":[{"
     "\"name\":\"make\",\"version\":\"1\"}]}",
     "cos bash 1.2"},
    {"a pack", "root/lib/swipl/pack/hdt/pack.pl", "name(hdt).\nversion( '0.5.2' ).\n",
     "swiplpack hdt 0.5.2"},
    {"tools", "srv/.tool-versions", "# x 1\nnodejs 24.04 21 # 3\nruby latest\n\npython\tv3.12\n",
     "generic nodejs 21\ngeneric nodejs 24.04\ngeneric python 3.12"},
    {"node", "srv/.nvmrc", "\n v20.1.0\n", "generic nodejs 20.1.0"},
    {"a name of node's", "srv/.node-version", "lts/iron\n", ""},
    {"a JDK", "opt/jdk/release",
     "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_RUNTIME_VERSION=\"21.0.5+11-LTS\"\nJAVA_VERSION="
     "\"21.0.5\"\n",
     "generic openjdk 21.0.5+11-LTS"},
    {"Azul's", "opt/jdk/release", "JAVA_VERSION=\"17.0.9\"\nIMPLEMENTOR=\"Azul Systems, Inc.\"\n",
     "generic zulu 17.0.9"},
    {"Oracle's JRE", "opt/jdk/release",
     "IMPLEMENTOR=\"Oracle Corporation\"\nIMAGE_TYPE=\"JRE\"\nJAVA_VERSION=\"17.0.9\"\n",
     "generic jre 17.0.9"},
    {"a full version of another product", "opt/jdk/release",
     "JAVA_VERSION=\"17.0.9\"\nFULL_VERSION=\"0.41.0\"\n", "generic openjdk 17.0.9"},
    {"another release", "etc/release", "VERSION=1\n", ""},
    {"Nix", "nix/store/h0cnbmfcn93xm5dg2x27ixhag1cwndga-glibc-2.34-210-bin/bin/ldd", "x",
     "nix glibc 2.34-210"},
    {"an output that is none", "nix/store/h0cnbmfcn93xm5dg2x27ixhag1cwndga-a-1.0-rc/bin/a", "x",
     "nix a 1.0-rc"},
    {"digits in a name", "nix/store/h0cnbmfcn93xm5dg2x27ixhag1cwndga-perl5.36.0-URI-5.05/lib/x",
     "x", "nix perl5.36.0-URI 5.05"},
    {"a name of digits", "nix/store/h0cnbmfcn93xm5dg2x27ixhag1cwndga-2048-cli-0.9/bin/x", "x",
     "nix 2048-cli 0.9"},
    {"unstable", "nix/store/h0cnbmfcn93xm5dg2x27ixhag1cwndga-a-unstable-2022-01-31/bin/x", "x",
     "nix a unstable-2022-01-31"},
    {"deep in the store", "nix/store/h0cnbmfcn93xm5dg2x27ixhag1cwndga-a-1.0/share/doc/x", "x", ""},
    {"a source", "nix/store/h0cnbmfcn93xm5dg2x27ixhag1cwndga-a-1.0-source/x", "x", ""},
    {"no version in the store", "nix/store/h0cnbmfcn93xm5dg2x27ixhag1cwndga-hook.sh/x", "x", ""},
    {"no hash", "nix/store/a-1.0/bin/x", "x", ""},
};

static void
test_cases(void)
{
  check_detected(&lists_detector, cases, G_N_ELEMENTS(cases));
}

static void
test_declared(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  detect(&lists_detector, "srv/.nvmrc", SLICE_LITERAL("22\n"), inventory);
  g_assert_cmpuint(inventory->packages->len, ==, 1);
  g_assert_true(((Package *)inventory->packages->pdata[0])->declared);
}

static void
test_opkg(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  foreign_detector.read(
      SLICE_LITERAL("Package: ubus\nVersion: 1-r1\nStatus: install ok installed\n\n"
                    "Package: gone\nVersion: 1\nStatus: purge ok not-installed\n\n"
                    "Version: 2\n\nPackage: bare\nVersion: 3\n"),
      "usr/lib/opkg/status", inventory);
  g_assert_cmpuint(inventory->packages->len, ==, 2);
  g_assert_cmpstr(((Package *)inventory->packages->pdata[0])->name, ==, "ubus");
  g_assert_cmpstr(((Package *)inventory->packages->pdata[0])->version, ==, "1-r1");
  g_assert_cmpstr(((Package *)inventory->packages->pdata[1])->name, ==, "bare");
  g_assert_cmpuint(inventory->unread->len, ==, 1);
}

static void
test_kernels(void)
{
  static const char module[] = "\x7f"
                               "ELF\0srcversion=5\0license=GPL\0version=1.2\0name=wifi\0";
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  detect(&lists_detector, "lib/wifi.ko", slice_new(module, sizeof module), inventory);
  g_autofree char *kernel = g_malloc0(2048);
  memcpy(kernel + 0x202, "HdrS", 4);
  kernel[0x20f] = 2;
  memcpy(kernel + 0x400, "6.1.0-13 (x@y) #1", 17);
  detect(&lists_detector, "boot/vmlinuz-6.1", slice_new(kernel, 2048), inventory);
  detect(&lists_detector, "boot/vmlinuz-6.1", slice_new(kernel, 0x20f), inventory);
  g_autofree char *lines = detected_lines(inventory);
  g_assert_cmpstr(lines, ==, "generic linux 6.1.0-13\ngeneric wifi 1.2");
}

/* --- the shared fixtures: exactly these --- */

/* What the peers' tests call differently. */
static char *
real_path(const char *path)
{
  static const struct {
    const char *folder, *end, *path;
  } names[] = {{"portage/", "/valid", "var/db/pkg/a/b/PF"},
               {"cos/", ".json", "etc/cos-package-info.json"},
               {"kernel/", "/valid", "lib/modules/x.ko"},
               {"runtime-version-files/", ".nvmrc", "srv/.nvmrc"},
               {"runtime-version-files/", ".node-version", "srv/.node-version"}};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_str_has_prefix(path, names[i].folder) && g_str_has_suffix(path, names[i].end))
      return g_strdup(names[i].path);
  return g_strdup(path);
}

static bool
is_ours(const char *line)
{
  static const char *const folders[] = {"bitnami/",  "runtime-version-files/",
                                        "homebrew/", "snap/",
                                        "flatpak/",  "portage/",
                                        "cos/",      "swipl/",
                                        "kernel/"};
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
    if (g_str_has_prefix(line, folders[i]))
      return true;
  return false;
}

/* "name version" of what is found in the fixture at @path. */
static char *
found_in(const char *shared, const char *path)
{
  g_autofree char *file = g_build_filename(shared, "fixtures", path, NULL);
  g_autofree char *real = real_path(path);
  g_autofree char *text = NULL;
  gsize size;
  if (!g_file_get_contents(file, &text, &size, NULL))
    return g_strdup("not there");
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  detect(&lists_detector, real, slice_new(text, size), inventory);
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = g_ptr_array_index(inventory->packages, i);
    g_ptr_array_add(lines, g_strconcat(package->name, "\t", package->version, NULL));
  }
  return joined_lines(lines);
}

static void
add_expected(GHashTable *expected, const char *line)
{
  const char *tab = strchr(line, '\t');
  if (tab == NULL || !is_ours(line))
    return;
  g_autofree char *path = g_strndup(line, (gsize)(tab - line));
  GPtrArray *lines = g_hash_table_lookup(expected, path);
  if (lines == NULL) {
    lines = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_insert(expected, g_steal_pointer(&path), lines);
  }
  g_ptr_array_add(lines, g_strdup(tab + 1));
}

static void
test_shared_fixtures(void)
{
  const char *shared = g_getenv("ASSAY_SHARED");
  shared = shared != NULL ? shared : "../shared";
  g_autofree char *list = g_build_filename(shared, "fixtures", "expected.tsv", NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents(list, &text, NULL, NULL)) {
    g_test_skip("the fixtures are not here");
    return;
  }
  g_autoptr(GHashTable) expected =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (size_t i = 0; lines[i] != NULL; i++)
    add_expected(expected, lines[i]);
  g_assert_cmpuint(g_hash_table_size(expected), >, 10);
  GHashTableIter iter;
  gpointer path, packages;
  g_hash_table_iter_init(&iter, expected);
  while (g_hash_table_iter_next(&iter, &path, &packages)) {
    g_autofree char *want = joined_lines(packages);
    g_autofree char *found = found_in(shared, path);
    g_test_message("%s", (const char *)path);
    g_assert_cmpstr(found, ==, want);
  }
}

static void
test_shared_store_paths(void)
{
  const char *shared = g_getenv("ASSAY_SHARED");
  g_autofree char *list = g_build_filename(shared != NULL ? shared : "../shared", "fixtures", "nix",
                                           "store-paths.tsv", NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents(list, &text, NULL, NULL)) {
    g_test_skip("the fixtures are not here");
    return;
  }
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (size_t i = 1; lines[i] != NULL && *lines[i] != '\0'; i++) {
    g_auto(GStrv) fields = g_strsplit(lines[i], "\t", -1);
    g_autofree char *path = g_strconcat(fields[0] + 1, "/bin/x", NULL);
    g_autofree char *want = g_strdup_printf("nix %s %s", fields[1], fields[2]);
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    detect(&lists_detector, path, SLICE_LITERAL("x"), inventory);
    g_autofree char *found = detected_lines(inventory);
    g_assert_cmpstr(found, ==, want);
  }
}

/* Who made a JDK. */
static void
test_java_vendors(void)
{
  static const struct {
    const char *text, *vendor;
  } releases[] = {
      {"IMPLEMENTOR=\"Eclipse Adoptium\"\nIMPLEMENTOR_VERSION=\"Temurin-21.0.5+11\"\n",
       "Eclipse Adoptium"},
      {"IMPLEMENTOR=\"AdoptOpenJDK\"\n", "Eclipse Adoptium"},
      {"IMPLEMENTOR=\"Amazon.com Inc.\"\nIMPLEMENTOR_VERSION=\"Corretto-21.0.5.11.1\"\n",
       "Amazon.com Inc."},
      {"IMPLEMENTOR=\"Azul Systems, Inc.\"\nIMPLEMENTOR_VERSION=\"Zulu21.38+21-CA\"\n",
       "Azul Systems, Inc."},
      {"IMPLEMENTOR=\"IBM Corporation\"\n", "IBM Corporation"},
      {"IMPLEMENTOR=\"International Business Machines Corporation\"\n"
       "IMPLEMENTOR_VERSION=\"Semeru 21\"\n",
       "IBM Corporation"},
      {"IMPLEMENTOR=\"Microsoft\"\nIMPLEMENTOR_VERSION=\"Microsoft-10377968\"\n", "Microsoft"},
      {"IMPLEMENTOR=\"SAP SE\"\nIMPLEMENTOR_VERSION=\"SapMachine\"\n", "SAP SE"},
      {"IMPLEMENTOR=\"Alibaba\"\nIMPLEMENTOR_VERSION=\"(Alibaba Dragonwell)\"\n", "Alibaba"},
      {"IMPLEMENTOR=\"Tencent\"\nIMPLEMENTOR_VERSION=\"TencentKonaJDK\"\n", "Tencent"},
      {"IMPLEMENTOR=\"BellSoft\"\n", "BellSoft"},
      {"IMPLEMENTOR=\"Oracle Corporation\"\nGRAALVM_VERSION=\"24.1.1\"\n", "GraalVM"},
      {"IMPLEMENTOR=\"Oracle Corporation\"\n", "Oracle Corporation"},
      {"IMPLEMENTOR=\"Homebrew\"\n", "Homebrew"},
      {"IMPLEMENTOR=\"N/A\"\n", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(releases); i++) {
    g_autofree char *text = g_strconcat("JAVA_VERSION=\"21.0.5\"\n", releases[i].text, NULL);
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    lists_detector.read(slice_from_string(text), "opt/jdk/release", inventory);
    g_assert_cmpuint(inventory->packages->len, ==, 1);
    g_assert_cmpstr(((const Package *)g_ptr_array_index(inventory->packages, 0))->vendor, ==,
                    releases[i].vendor);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lists/cases", test_cases);
  g_test_add_func("/lists/declared", test_declared);
  g_test_add_func("/lists/opkg", test_opkg);
  g_test_add_func("/lists/kernels", test_kernels);
  g_test_add_func("/lists/shared-fixtures", test_shared_fixtures);
  g_test_add_func("/lists/shared-store-paths", test_shared_store_paths);
  g_test_add_func("/lists/java-vendors", test_java_vendors);
  return g_test_run();
}
