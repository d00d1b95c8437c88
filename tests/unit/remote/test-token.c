/* The parameters of a registry's challenge. */
#include "remote/token.h"

static const struct {
  const char *challenge, *name, *value;
} cases[] = {
    {"Bearer realm=\"https://a/t\",service=\"s\"", "realm", "https://a/t"},
    {"Bearer realm=\"https://a/t\",service=\"s\"", "service", "s"},
    {"Bearer realm=\"https://a/t\",service=\"s\"", "scope", NULL},
    {"Bearer realm=\"https://a/t\", scope=\"repository:a:pull,push\" , service=\"a b\"", "service",
     "a b"},
    {"Bearer scope=\"x,realm=y\",realm=z", "realm", "z"},
    {"Bearer REALM=\"r\"", "realm", "r"},
    {"Bearer xrealm=\"r\"", "realm", NULL},
    {"Bearer realm=\"a \\\"quoted\\\" word\"", "realm", "a \"quoted\" word"},
    {"Bearer realm=\"unfinished", "realm", "unfinished"},
    {"Bearer realm=\"ends with \\", "realm", "ends with \\"},
    {"Bearer realm", "realm", NULL},
    {"Bearer realm=", "realm", ""},
    {"Bearer ,,,=,realm=r", "realm", "r"},
    {"Bearer", "realm", NULL},
    {"", "realm", NULL},
};

static void
test_parameters(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].challenge);
    g_autofree char *value = token_challenge_parameter(cases[i].challenge, cases[i].name);
    g_assert_cmpstr(value, ==, cases[i].value);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/token/parameters", test_parameters);
  return g_test_run();
}
