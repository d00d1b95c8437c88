/* Problems: what each code becomes, and that a code without a row is told as well. */
#include "server/http/problem.h"

#include <string.h>

#include "base/json.h"

static const struct {
  unsigned status;
  const char *code, *message, *id, *type, *instance;
  bool remedy;
} cases[] = {
    {404, "NAME_UNKNOWN", "nothing was pushed", "1a2b", "urn:assay:problem:name-unknown",
     "urn:assay:request:1a2b", false},
    {429, "TOOMANYREQUESTS", "slow down", "1a2b", "urn:assay:problem:toomanyrequests",
     "urn:assay:request:1a2b", true},
    {400, "INVALID", "no \"x\"", "a b\"c", "urn:assay:problem:invalid",
     "urn:assay:request:a%20b%22c", false},
    {418, "NEVER_HEARD", "tea", "1", "urn:assay:problem:never-heard", "urn:assay:request:1", false},
};

static void
test_members(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(json_t) problem =
        problem_to_json(cases[i].status, cases[i].code, cases[i].message, cases[i].id);
    g_assert_cmpstr(json_get_string(problem, "type"), ==, cases[i].type);
    g_assert_cmpstr(json_get_string(problem, "instance"), ==, cases[i].instance);
    g_assert_cmpstr(json_get_string(problem, "detail"), ==, cases[i].message);
    g_assert_cmpstr(json_get_string(problem, "code"), ==, cases[i].code);
    g_assert_cmpint(json_get_integer(problem, "status", 0), ==, cases[i].status);
    g_assert_cmpuint(strlen(json_get_string(problem, "title")), >, 0);
    if ((json_get_string(problem, "remedy") != NULL) != cases[i].remedy)
      g_error("%s: a remedy", cases[i].code);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/problem/members", test_members);
  return g_test_run();
}
