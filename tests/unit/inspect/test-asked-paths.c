/* What is asked for, and what links make of it. */
#include <string.h>

#include "inspect/asked_paths.h"
#include "inspect/fixed_places.h"

/* "asked": the path is; else the folder that it is below. Then its readings. */
static char *
describe(const AskedPaths *paths, const char *path)
{
  AskedLook look = asked_paths_look(paths, path);
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "%s%.*s", look.asked ? "asked" : "below ",
                         look.asked ? 0 : (int)look.folder, path);
  for (unsigned i = 0; i < fixed_places_reading_count(); i++)
    if ((look.readings >> i & 1) != 0)
      g_string_append_printf(text, " %s", fixed_places_reading(i)->place);
  return g_string_free(text, FALSE);
}

static void
test_places(void)
{
  static const char *const cases[][2] = {
      {"", "asked"},
      {"var", "asked"},
      {"var/lib/dpkg", "asked"},
      {"var/lib/dpkg/status", "asked var/lib/dpkg/status"},
      {"var/lib/dpkg/status/x", "below var/lib/dpkg/status"},
      {"var/lib/dpkg/status.d", "asked"},
      {"var/lib/dpkg/status.d/base", "asked var/lib/dpkg/status.d/"},
      {"var/lib/dpkg/status.d/base.md5sums", "below var/lib/dpkg/status.d"},
      {"var/lib/dpkg/status.d/base/x/y", "below var/lib/dpkg/status.d/base"},
      {"var/lib/dpkg/updates/0001", "asked var/lib/dpkg/updates/"},
      {"usr/lib/sysimage/rpm/Packages", "asked var/lib/rpm/Packages"},
      {"usr/lib64/apk/db/installed", "asked lib/apk/db/installed"},
      {"usr/share/doc/x", "below usr/share"},
      {"var/lib/pacman/local", "asked"},
      {"var/lib/pacman/local/ALPM_DB_VERSION", "asked var/lib/pacman/local/ALPM_DB_VERSION"},
      {"var/lib/pacman/local/zlib-1-1", "asked"},
      {"var/lib/pacman/local/zlib-1-1/desc", "asked var/lib/pacman/local/*/desc"},
      {"var/lib/pacman/local/zlib-1-1/files", "below var/lib/pacman/local/zlib-1-1"},
      {"var/lib/pacman/local/zlib-1-1/x/desc", "below var/lib/pacman/local/zlib-1-1"},
      {"var/lib/pacman/sync/core.db", "below var/lib/pacman"},
      {"home/a", "below "},
      {"variable", "below "},
  };
  g_autoptr(AskedPaths) paths = asked_paths_new();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = describe(paths, cases[i][0]);
    g_test_message("case %s", cases[i][0]);
    g_assert_cmpstr(text, ==, cases[i][1]);
  }
}

/* Each link is "path target"; then paths that are asked for, then some that are not. */
static const struct {
  const char *name;
  const char *links[4];
  const char *asked[4], *others[3];
} cases[] = {
    {"a link at a place",
     {"var/lib/dpkg /srv/x"},
     {"srv", "srv/x/status", "srv/x/status.d/b"},
     {"srv/y"}},
    {"a link into a place", {"x var/lib/dpkg"}, {"x", "x/status", "x/status.d/b"}, {"x/y"}},
    {"one far above", {"var private/var"}, {"private/var/lib/dpkg/status"}, {"private/lib"}},
    {"a chain, its end first", {"c d", "b /c", "a b", "var/lib/dpkg /a"}, {"d/status"}, {"e"}},
    {"a chain into a place", {"b a/dpkg", "a var/lib"}, {"b/status", "a/rpm/Packages"}, {"b/rpm"}},
    {"a link to the root", {"x /"}, {"x/var/lib/dpkg/status", "x/x/x/etc/os-release"}, {"x/home"}},
    {"a link to itself", {"var/lib/dpkg dpkg"}, {"var/lib/dpkg/status"}, {"dpkg"}},
    {"deeper and deeper",
     {"var/lib/dpkg dpkg/deeper"},
     {"var/lib/dpkg/deeper/deeper/status"},
     {"x"}},
    {"up from a folder of two names",
     {"lib/x ../y", "usr/lib/apk /lib/x"},
     {"y/db/installed", "usr/y/db/installed"},
     {"var/y"}},
    {"a file's link", {"var/lib/dpkg/status /x"}, {"x"}, {"x/status"}},
    {"one to a file, below which it makes a folder", {"x var/lib/dpkg/status"}, {"x"}, {"x/y"}},
    {"one to a file in a folder of files", {"x /var/lib/dpkg/status.d/b/."}, {"x"}, {"y", "x/y"}},
    {"one to what a folder of files does not want",
     {"x var/lib/dpkg/status.d/b.md5sums"},
     {NULL},
     {"x"}},
    {"one of a folder of files", {"var/lib/dpkg/status.d/b ../../../../x"}, {"x"}, {"y"}},
    {"one of a folder of folders",
     {"var/lib/pacman/local/a-1-1 /srv/x"},
     {"srv/x/desc", "var/lib/pacman/local/b-1-1/desc"},
     {"srv/x/files", "srv/y"}},
    {"one to a folder of folders",
     {"x var/lib/pacman/local", "x/a-1-1 ../../../../y"},
     {"x/b-1-1/desc", "y/desc"},
     {"x/b-1-1/files", "y/files"}},
    {"one to a folder of such", {"x var/lib/pacman/local/a-1-1"}, {"x", "x/desc"}, {"x/files"}},
    {"one of such a file", {"var/lib/pacman/local/a-1-1/desc ../../x"}, {"var/lib/pacman/x"}},
    {"a folder of folders and one of files",
     {"var/lib/dpkg /var/lib/pacman/local"},
     {"var/lib/dpkg/status", "var/lib/dpkg/status/desc", "var/lib/dpkg/x/desc"},
     {"var/lib/x"}},
    {"up from a folder that another layer makes a link",
     {"opt/q/b ../var/lib/dpkg", "opt/q /r"},
     {"r/b/status", "opt/q/b/status", "opt/q"},
     {"r/c"}},
    {"past a folder that another layer makes a link",
     {"b /opt/../var/lib/dpkg", "opt /srv/r"},
     {"b/status", "srv/var/lib/dpkg/status", "opt"},
     {"srv/s"}},
    {"up to where nothing is", {"opt/q/b ../lib/x"}, {NULL}, {"opt/q", "opt/q/b"}},
    {"in a folder that is linked", {"x var", "x/lib/dpkg /z"}, {"z/status"}, {"z/rpm"}},
};

static bool
is_asked(const AskedPaths *paths, const char *path)
{
  return asked_paths_look(paths, path).asked;
}

static AskedGrowth
add_all(AskedPaths *paths, const char *const *links, size_t count)
{
  AskedGrowth grew = ASKED_SAME;
  for (size_t i = 0; i < count && links[i] != NULL; i++) {
    g_auto(GStrv) parts = g_strsplit(links[i], " ", 2);
    AskedGrowth one = asked_paths_add_symlink(paths, parts[0], parts[1]);
    grew = MAX(grew, one);
  }
  return grew;
}

static void
test_links(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(AskedPaths) paths = asked_paths_new();
    unsigned turns = 0;
    while (add_all(paths, cases[i].links, G_N_ELEMENTS(cases[i].links)) != ASKED_SAME)
      g_assert_cmpuint(turns++, <, 5);
    g_test_message("case %s", cases[i].name);
    for (size_t j = 0; j < G_N_ELEMENTS(cases[i].asked) && cases[i].asked[j] != NULL; j++)
      g_assert_true(is_asked(paths, cases[i].asked[j]));
    for (size_t j = 0; j < G_N_ELEMENTS(cases[i].others) && cases[i].others[j] != NULL; j++)
      g_assert_false(is_asked(paths, cases[i].others[j]));
  }
}

/* What reads at one end reads at the other. */
static void
test_readings(void)
{
  g_autoptr(AskedPaths) paths = asked_paths_new();
  g_assert_cmpint(
      ASKED_MORE, ==,
      asked_paths_add_symlink(paths, "var/lib/dpkg/status", "/usr/lib/apk/db/installed"));
  g_autofree char *text = describe(paths, "usr/lib/apk/db/installed");
  g_assert_cmpstr(text, ==, "asked var/lib/dpkg/status lib/apk/db/installed");
  g_assert_cmpint(ASKED_MORE, ==, asked_paths_add_symlink(paths, "srv/p", "/var/lib/pacman"));
  g_autofree char *package = describe(paths, "srv/p/local/a-1-1/desc");
  g_assert_cmpstr(package, ==, "asked var/lib/pacman/local/*/desc");
  g_assert_cmpint(asked_paths_add_symlink(paths, "srv/p", "/var/lib/pacman"), ==, ASKED_SAME);
  g_assert_cmpint(asked_paths_add_hardlink(paths, "etc/os-release", "srv/os"), ==, ASKED_MORE);
  g_assert_true(is_asked(paths, "srv/os"));
  g_assert_cmpint(asked_paths_add_hardlink(paths, "srv/other", "srv/b"), ==, ASKED_SAME);
}

/* Ordinary images ask for nothing more than is asked for anyway. */
static void
test_usual_links(void)
{
  static const char *const links[] = {
      "bin usr/bin",
      "lib usr/lib",
      "lib64 usr/lib64",
      "usr/lib64 lib",
      "lib64 lib",
      "var/lib/rpm ../../usr/lib/sysimage/rpm",
      "usr/lib/sysimage/rpm ../../share/rpm",
      "etc/os-release ../usr/lib/os-release",
      "var/run /run",
      "var/lock /run/lock",
      "usr/lib/libx.so ../lib/libx.so.1",
      "etc/mtab ../proc/self/mounts",
      "etc/redhat-release centos-release",
      "etc/centos-release rocky-release",
      "etc/system-release fedora-release",
      "etc/fedora-release ../usr/lib/fedora-release",
      "usr/tmp ../var/tmp",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
    g_autoptr(AskedPaths) paths = asked_paths_new();
    g_test_message("case %s", links[i]);
    g_assert_cmpint(add_all(paths, links + i, 1), !=, ASKED_MORE);
  }
}

static void
test_bounds(void)
{
  g_autoptr(AskedPaths) paths = asked_paths_new();
  for (unsigned i = 0; i < 10000 && !asked_paths_overflowed(paths); i++) {
    g_autofree char *from = g_strdup_printf("var/lib/dpkg/status.d/%u", i);
    g_autofree char *to = g_strdup_printf("/x%u/y", i);
    asked_paths_add_symlink(paths, from, to);
  }
  g_assert_true(asked_paths_overflowed(paths));
  g_assert_true(is_asked(paths, "x0/y"));
  g_assert_cmpint(asked_paths_add_symlink(paths, "var/lib/dpkg", "/z"), ==, ASKED_SAME);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/asked-paths/places", test_places);
  g_test_add_func("/asked-paths/links", test_links);
  g_test_add_func("/asked-paths/readings", test_readings);
  g_test_add_func("/asked-paths/usual-links", test_usual_links);
  g_test_add_func("/asked-paths/bounds", test_bounds);
  return g_test_run();
}
