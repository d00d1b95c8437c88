/* chisel's manifests, and the sources of what they list. */
#include <string.h>

#include "inspect/packages/chisel_sources.h"
#include "inspect/packages/packages.h"

static const Package *
first_package(const LayerInventory *inventory)
{
  g_assert_cmpuint(inventory->packages->len, >, 0);
  return g_ptr_array_index(inventory->packages, 0);
}

/* As chisel writes them, but not packed, which the reader takes as well. */
static void
test_chisel(void)
{
#define WALL(count) "{\"jsonwall\":\"1.0\",\"schema\":\"1.0\",\"count\":" count "}\n"
#define PACKAGE(name)                                                                              \
  "{\"kind\":\"package\",\"name\":\"" name "\",\"version\":\"1-2\",\"arch\":\"amd64\"}\n"
  static const struct {
    const char *name, *text;
    guint packages;
    bool unread;
  } cases[] = {
      {"a manifest", WALL("3") PACKAGE("tzdata") "{\"kind\":\"slice\",\"name\":\"tzdata_zone\"}\n",
       1, false},
      {"no packages", WALL("1"), 0, false},
      {"a library's source is known", WALL("2") PACKAGE("libssl3t64"), 1, false},
      {"a source is not known", WALL("3") PACKAGE("tzdata") PACKAGE("dotnet-runtime-8.0"), 2, true},
      {"cut off", WALL("3") PACKAGE("tzdata"), 1, true},
      {"more than it says", WALL("1") PACKAGE("tzdata"), 1, true},
      {"another schema", "{\"jsonwall\":\"1.0\",\"schema\":\"2.0\",\"count\":1}\n", 0, true},
      {"another version", "{\"jsonwall\":\"2.0\",\"schema\":\"1.0\",\"count\":1}\n", 0, true},
      {"no version", WALL("2") "{\"kind\":\"package\",\"name\":\"a\"}\n", 0, true},
      {"a broken line", WALL("2") "{\"kind\":\"package\",\"name\":", 0, true},
      {"a line of too many values",
       WALL(
           "2") "{\"kind\":\"package\",\"name\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
                "1,1,1,"
                "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
                "1,1,1,1,"
                "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}\n",
       0, true},
      {"no JSON", "x", 0, true},
      {"empty", "", 0, true},
      {"broken zstd", "\x28\xb5\x2f\xfd\x24", 0, true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    chisel_manifest_parse(slice_from_string(cases[i].text), "var/lib/chisel/manifest.wall",
                          inventory);
    g_test_message("case %s", cases[i].name);
    g_assert_cmpuint(inventory->packages->len, ==, cases[i].packages);
    g_assert_cmpuint(inventory->unread->len, ==, cases[i].unread);
    if (cases[i].packages > 0)
      g_assert_cmpstr(first_package(inventory)->version, ==, "1-2");
  }
}

static void
test_chisel_notes(void)
{
  g_autoptr(LayerInventory) inventory = layer_inventory_new();
  chisel_manifest_parse(
      slice_from_string(WALL("4") PACKAGE("libc6") PACKAGE("unheard-of") PACKAGE("libunheard1")),
      "var/lib/chisel/manifest.wall", inventory);
  g_assert_cmpuint(inventory->packages->len, ==, 3);
  g_assert_cmpstr(first_package(inventory)->source_name, ==, "glibc");
  g_assert_cmpstr(first_package(inventory)->source_version, ==, "1-2");
  g_assert_cmpuint(inventory->unread->len, ==, 1);
  g_assert_cmpuint(inventory->notes->len, ==, 1);
  const LayerNote *note = g_ptr_array_index(inventory->notes, 0);
  g_assert_cmpstr(note->kind, ==, "no-sources");
  g_assert_nonnull(strstr(note->detail, "of unheard-of, libunheard1: "));
}

/* Names and versions of real packages of Ubuntu. */
static void
test_chisel_sources(void)
{
  static const struct {
    const char *name, *version, *source; /* NULL: not known */
  } cases[] = {
      {"apache2-bin", "2.4.58-1ubuntu8.5", "apache2"},
      {"aspnetcore-runtime-6.0", "6.0.136-0ubuntu1~22.04.1", "dotnet6"},
      {"aspnetcore-runtime-8.0", "8.0.11-0ubuntu1~24.04.1", NULL},
      {"base-files", "13ubuntu10.1", "base-files"},
      {"coreutils", "9.4-3ubuntu6", "coreutils"},
      {"coreutils", "9.5-1ubuntu2+0.0.0~ubuntu21", NULL},
      {"gcc", "4:13.2.0-7ubuntu1", NULL},
      {"gcc-14-base", "14.2.0-4ubuntu2~24.04", "gcc-14"},
      {"gcc-14-evil", "14.2.0-4ubuntu2~24.04", NULL},
      {"gpgv", "2.4.4-2ubuntu17", "gnupg2"},
      {"libapt-pkg6.0t64", "2.7.14build2", "apt"},
      {"libatk1.0-0t64", "2.52.0-1build1", "at-spi2-core"},
      {"libc6", "2.39-0ubuntu8.3", "glibc"},
      {"libcrypt1", "1:4.4.36-4build1", "libxcrypt"},
      {"libcurl3t64-gnutls", "8.5.0-2ubuntu10.4", "curl"},
      {"libdevmapper1.02.1", "2:1.02.185-3ubuntu3", NULL},
      {"libexpat1", "2.6.1-2ubuntu0.1", "expat"},
      {"libgcc-s1", "12.3.0-1ubuntu1~22.04", "gcc-12"},
      {"libgcc-s1", "14.2.0-4ubuntu2~24.04", "gcc-14"},
      {"libgcc-s1", "15-20250404-0ubuntu1", "gcc-15"},
      {"libgcc-s1", "unnumbered", NULL},
      {"libgssapi-krb5-2", "1.20.1-6ubuntu2.1", "krb5"},
      {"libicu70", "70.1-2", "icu"},
      {"libicu74", "74.2-1ubuntu3", "icu"},
      {"libjpeg8", "8c-2ubuntu11", "libjpeg8-empty"},
      {"libllvm19", "1:19.1.1-1ubuntu1~24.04.2", "llvm-toolchain-19"},
      {"libpq5", "16.4-0ubuntu0.24.04.2", "postgresql-16"},
      {"libpython3-stdlib", "3.12.3-0ubuntu2", "python3-defaults"},
      {"libpython3.12-minimal", "3.12.3-1ubuntu0.3", "python3.12"},
      {"libpython3.12t64", "3.12.3-1ubuntu0.3", "python3.12"},
      {"libssl3", "3.0.2-0ubuntu1.18", "openssl"},
      {"libssl3t64", "3.0.13-0ubuntu3.4", "openssl"},
      {"libstdc++6", "14.2.0-4ubuntu2~24.04", "gcc-14"},
      {"libuv1t64", "1.48.0-1.1build1", "libuv1"},
      {"login", "1:4.13+dfsg1-4ubuntu3.2", "shadow"},
      {"login", "1:4.16.0-2+really2.40.2-14ubuntu1", NULL},
      {"openjdk-11-jre-headless", "11.0.25+9-1ubuntu1~24.04", "openjdk-lts"},
      {"openjdk-17-jre-headless", "17.0.13+11-2ubuntu1~24.04", "openjdk-17"},
      {"openjdk-21-jre-headless", "21.0.5+11-1ubuntu1~24.04", "openjdk-21"},
      {"openssl", "3.0.13-0ubuntu3.4", "openssl"},
      {"openssl-provider-legacy", "3.4.1-1ubuntu1", "openssl"},
      {"passwd", "1:4.13+dfsg1-4ubuntu3.2", "shadow"},
      {"perl-base", "5.38.2-3.2build2", "perl"},
      {"python3", "3.12.3-0ubuntu2", "python3-defaults"},
      {"python3.13", "3.13.3-1", "python3.13"},
      {"rustc", "1.75.0+dfsg0ubuntu1-0ubuntu7.1", NULL},
      {"t64", "1", NULL},
      {"", "1", NULL},
      {"zlib1g", "1:1.3.dfsg-3.1ubuntu2.1", "zlib"},
  };
  g_assert_true(chisel_sources_are_sorted());
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *source = chisel_source(cases[i].name, cases[i].version);
    g_test_message("%s %s", cases[i].name, cases[i].version);
    g_assert_cmpstr(source, ==, cases[i].source);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/chisel/manifests", test_chisel);
  g_test_add_func("/chisel/notes", test_chisel_notes);
  g_test_add_func("/chisel/sources", test_chisel_sources);
  return g_test_run();
}
