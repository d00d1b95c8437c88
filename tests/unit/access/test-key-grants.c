/* Which grant lets a rule use a key: a table of grants, and one of uses. */
#include "access/rights/key_grants.h"

#define NOW 1000

#define T(text) ((char *)(uintptr_t)(text))
static KeyGrant grants[] = {
    {5, T("release"), T("k1"), T("sign"), T("prod/*"), 0, 0, NULL},
    {4, T("release"), T("k1"), T("sign"), T("prod/web"), NOW + 1, 0, NULL},
    {3, T("release"), T("k1"), T("sign"), T("prod/web"), NOW, 0, NULL},
    {6, T("release"), T("k1"), T("verify"), T("*"), 0, 0, NULL},
    {7, T("nightly"), T("k2"), T("sign"), T("*/base"), 0, 0, NULL},
};

static const struct {
  const char *name;
  KeyUse use;
  int64_t id; /* 0: none */
} cases[] = {
    {"by pattern", {"release", "k1", VERB_SIGN, "prod/api"}, 5},
    {"the first of two, and not what has ended", {"release", "k1", VERB_SIGN, "prod/web"}, 4},
    {"beside the pattern", {"release", "k1", VERB_SIGN, "test/web"}, 0},
    {"the other verb", {"release", "k1", VERB_VERIFY, "test/web"}, 6},
    {"another key", {"release", "k2", VERB_SIGN, "prod/api"}, 0},
    {"another rule", {"nightly", "k1", VERB_SIGN, "prod/api"}, 0},
    {"a star in front", {"nightly", "k2", VERB_SIGN, "team/base"}, 7},
    {"a verb that no grant has", {"release", "k1", VERB_PUSH, "prod/api"}, 0},
};

static void
test_uses(void)
{
  g_autoptr(GPtrArray) list = g_ptr_array_new();
  for (size_t i = 0; i < G_N_ELEMENTS(grants); i++)
    g_ptr_array_add(list, &grants[i]);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const KeyGrant *by = key_use_decide(list, &cases[i].use, NOW);
    if ((by == NULL ? 0 : by->id) != cases[i].id)
      g_error("%s: grant %d", cases[i].name, by == NULL ? 0 : (int)by->id);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/key-grants/uses", test_uses);
  return g_test_run();
}
