/* Until when there are fixes for a program's release. */
#include "inventory/program_life.h"

#include <jansson.h>
#include <string.h>

#include "inventory/program_life-private.h"

static Package
package_of(const char *type, const char *name, const char *version)
{
  return (Package){.type = (char *)(uintptr_t)type,
                   .name = (char *)(uintptr_t)name,
                   .version = (char *)(uintptr_t)version,
                   .location = (char *)(uintptr_t) "opt/x"};
}

static void
test_releases(void)
{
  static const struct {
    const char *type, *name, *version, *release, *end;
  } cases[] = {
      {"generic", "node", "16.20.2", "16", "2023-09-11"},
      {"generic", "node", "1.8.4", "1", ""},
      {"generic", "python", "3.9.18", "3.9", "2025-10-31"},
      {"generic", "python", "3.99.1", NULL, NULL},
      {"generic", "openssl", "1.1.1zb", "1.1.1", "2023-09-11"},
      {"generic", "openssl", "1.1.10", NULL, NULL},
      {"generic", "postgresql", "12beta4", "12", "2024-11-21"},
      {"generic", "postgresql", "9.6.24", "9.6", "2021-11-11"},
      {"generic", "openjdk", "1.8.0_352-b08", "8", NULL},
      {"generic", "openjdk", "23.0.2+7", "23", "2025-03-18"},
      {"generic", "memcached", "1.6.18", NULL, NULL},
      {"bitnami", "redis", "5.0.14-3", "5.0", NULL},
      {"golang", "stdlib", "1.20.4", "1.20", "2024-02-06"},
      {"golang", "stdlib", "v1.2.1", NULL, NULL},
      {"pypi", "django", "3.2.4", "3.2", "2024-04-01"},
      {"maven", "org.apache.logging.log4j:log4j-core", "2.17.1", NULL, NULL},
      {"maven", "org.apache.logging.log4j:log4j-core", "2.12.4", "2.12", "2021-12-14"},
      {"npm", "node", "16.20.2", NULL, NULL},
      {"gem", "openssl", "1.1.1", NULL, NULL},
      {"generic", "python", "unknown", NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Package package = package_of(cases[i].type, cases[i].name, cases[i].version);
    const ProgramLife *life = program_life_of(&package);
    g_test_message("%s %s", cases[i].name, cases[i].version);
    g_assert_cmpstr(life == NULL ? NULL : life->release, ==, cases[i].release);
    if (life != NULL && cases[i].end != NULL)
      g_assert_cmpstr(life->end, ==, cases[i].end);
  }
}

/* Builds of OpenJDK end when their makers say. */
static void
test_vendors(void)
{
  static const struct {
    const char *name, *vendor, *product;
  } cases[] = {
      {"openjdk", NULL, "eclipse-temurin"},
      {"openjdk", "Eclipse Adoptium", "eclipse-temurin"},
      {"openjdk", "Amazon.com Inc.", "amazon-corretto"},
      {"openjdk", "Microsoft", NULL},
      {"openjdk", "SAP SE", NULL},
      {"zulu", "Azul Systems, Inc.", NULL},
      {"jdk", "Oracle Corporation", "oracle-jdk"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Package package = package_of("generic", cases[i].name, "1.8.0_352-b08");
    package.vendor = (char *)(uintptr_t)cases[i].vendor;
    const ProgramLife *life = program_life_of(&package);
    g_assert_cmpstr(life == NULL ? NULL : life->product, ==, cases[i].product);
    g_assert_true(life == NULL || strcmp(life->release, "8") == 0);
  }
}

static void
add(GArray *packages, const Package *package)
{
  ImagePackage one = {.package = package};
  g_array_append_val(packages, one);
}

static void
test_notes(void)
{
  Package old = package_of("generic", "node", "16.20.2"), again = old, owned = old,
          fine = package_of("generic", "node", "99.1.0");
  owned.version = (char *)(uintptr_t) "14.0.0";
  owned.owner = (char *)(uintptr_t) "nodejs";
  again.location = (char *)(uintptr_t) "opt/y";
  g_autoptr(GArray) packages = g_array_new(FALSE, FALSE, sizeof(ImagePackage));
  g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
  ImageInventory image = {.packages = packages};
  add(packages, &old);
  add(packages, &again);
  add(packages, &owned);
  add(packages, &fine);
  int64_t next = -1;
  g_autoptr(GPtrArray) ended = program_life_ended(&image, &next);
  program_life_add_texts(ended, notes);
  g_assert_cmpint(next, ==, 0);
  g_assert_cmpuint(notes->len, ==, 1);
  g_assert_cmpstr(notes->pdata[0], ==,
                  "node 16.20.2 reached its end of life on 2023-09-11: it gets no more fixes "
                  "(opt/x)");
}

static void
test_many_notes(void)
{
  Package packages[30];
  char versions[30][16];
  g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(ImagePackage));
  g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
  ImageInventory image = {.packages = list};
  for (unsigned i = 0; i < 30; i++) {
    g_snprintf(versions[i], sizeof versions[i], "16.0.%u", i);
    packages[i] = package_of("generic", "node", versions[i]);
    add(list, &packages[i]);
  }
  int64_t next = -1;
  g_autoptr(GPtrArray) ended = program_life_ended(&image, &next);
  program_life_add_texts(ended, notes);
  g_assert_cmpint(next, ==, 0);
  g_assert_cmpuint(notes->len, ==, 21);
  g_assert_cmpstr(notes->pdata[20], ==, "10 more programs reached their end of life");
}

/* The table says what the data says, of all products that it has. */
static void
test_shared_data(void)
{
  const char *shared = g_getenv("ASSAY_SHARED");
  unsigned compared = 0;
  for (size_t i = 0; i < program_life_dates_count; i++) {
    const ProgramLife *life = &program_life_dates[i];
    g_autofree char *file = g_strconcat(life->product, ".json", NULL);
    g_autofree char *path =
        g_build_filename(shared != NULL ? shared : "../shared", "data", "endoflife", file, NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
      g_test_skip("the data is not here");
      return;
    }
    json_t *entries = json_load_file(path, 0, NULL), *entry;
    size_t index;
    json_array_foreach(entries, index, entry) {
      const char *end = json_string_value(json_object_get(entry, "eol"));
      if (g_strcmp0(json_string_value(json_object_get(entry, "cycle")), life->release) != 0)
        continue;
      g_assert_cmpstr(end == NULL ? "" : end, ==, life->end);
      compared++;
    }
    json_decref(entries);
  }
  g_assert_cmpuint(compared, ==, program_life_dates_count);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/program-life/releases", test_releases);
  g_test_add_func("/program-life/notes", test_notes);
  g_test_add_func("/program-life/many-notes", test_many_notes);
  g_test_add_func("/program-life/shared-data", test_shared_data);
  g_test_add_func("/program-life/vendors", test_vendors);
  return g_test_run();
}
