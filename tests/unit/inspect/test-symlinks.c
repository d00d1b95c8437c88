/* Where symbolic links lead within a layer. */
#include "inspect/worker_symlinks-private.h"

#include <stdint.h>

typedef struct {
  const char *name, *path, *leads_to; /* NULL: nowhere */
  const char *links[9];               /* path, target, ... */
} Case;

static const Case cases[] = {
    {"beside it", "app/a", "app/b", {"app/a", "b"}},
    {"from the root", "app/a", "opt/b", {"app/a", "/opt//b"}},
    {"up, and no higher than the root", "app/a", "b", {"app/a", "../../.././b"}},
    {"through folders", "x/y/a", "real/y/b", {"x", "real", "real/y/a", "b"}},
    {"a folder on the way to the target", "a", "opt/2/b", {"a", "cur/b", "cur", "opt/2"}},
    {"up from where a folder is", "a", "opt/b", {"a", "cur/../b", "cur", "opt/2"}},
    {"one after another", "a", "d", {"a", "b", "b", "c", "c", "./d"}},
    {"an empty target", "app/a", "app", {"app/a", ""}},
    {"itself", "a", NULL, {"a", "a"}},
    {"around", "a", NULL, {"a", "b/x", "b", "a"}},
    {"deeper each time", "a", NULL, {"a", "a/a/a/a"}},
    {"none", "app/a", "app/a", {NULL}},
};

static GHashTable *
table_of(const char *const *links)
{
  GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
  for (; links[0] != NULL; links += 2)
    g_hash_table_insert(table, (char *)(uintptr_t)links[0], (char *)(uintptr_t)links[1]);
  return table;
}

static void
test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GHashTable) table = table_of(cases[i].links);
    size_t work = 0;
    g_autofree char *found = symlink_resolve(table, cases[i].path, &work);
    if (g_strcmp0(found, cases[i].leads_to) != 0) {
      g_test_message("%s: found %s", cases[i].name, found == NULL ? "nowhere" : found);
      g_test_fail();
    }
  }
}

/* A deep path costs the more the deeper it is: past the bound nothing is followed. */
static void
test_bound(void)
{
  g_autoptr(GHashTable) table = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GString) deep = g_string_new("a");
  for (unsigned i = 0; i < 2000; i++)
    g_string_append(deep, "/a");
  g_hash_table_insert(table, deep->str, (char *)(uintptr_t) "b");
  size_t work = 0, found = 0;
  for (unsigned i = 0; i < 1000; i++) {
    g_autofree char *target = symlink_resolve(table, deep->str, &work);
    found += target != NULL;
  }
  g_assert_cmpuint(found, >, 10);
  g_assert_cmpuint(found, <, 1000);
  g_assert_cmpuint(work, >, SYMLINK_WORK_MAX);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_set_nonfatal_assertions();
  g_test_add_func("/symlinks/cases", test_cases);
  g_test_add_func("/symlinks/bound", test_bound);
  return g_test_run();
}
