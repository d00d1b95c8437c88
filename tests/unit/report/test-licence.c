/* What is a licence expression of SPDX, and what is only called a licence. */
#include "report/licence.h"

static void
test_expressions(void)
{
  static const struct {
    const char *text;
    bool expression;
  } cases[] = {
      {"MIT", true},
      {"(MIT OR Apache-2.0)", true},
      {"GPL-2.0-or-later WITH Classpath-exception-2.0 AND (BSD-3-Clause)", true},
      {"", false},
      {"MIT License", false},
      {"mit", false},
      {"MIT OR", false},
      {"MIT OR (ISC", false},
      {"MIT) OR (ISC", false},
      {"OR MIT", false},
      {"MIT AND AND ISC", false},
      {"MIT WITH ISC", false},
      {"GPL", false},
      {"()", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%s", cases[i].text);
    g_assert_true(licence_is_expression(cases[i].text) == cases[i].expression);
  }
}

/* Each identifier of the tables is found: the search asks for their order. */
static void
test_identifiers(void)
{
  static const char *const some[] = {
      "0BSD",          "Zlib",     "bzip2-1.0.6", "zlib-acknowledgement",
      "BlueOak-1.0.0", "SSPL-1.0", "PSF-2.0",     "OLDAP-2.8"};
  for (size_t i = 0; i < G_N_ELEMENTS(some); i++)
    g_assert_true(licence_is_identifier(some[i]));
  g_assert_true(licence_is_expression("MIT WITH LLVM-exception"));
  g_assert_true(licence_is_expression("MIT WITH Linux-syscall-note"));
}

static void
test_references(void)
{
  g_autofree char *one = licence_reference("Public  Domain!"),
                  *two = licence_reference("Public Domain?");
  g_assert_true(g_str_has_prefix(one, "LicenseRef-Public-Domain-"));
  g_assert_cmpstr(one, !=, two);
  for (const char *p = one; *p != '\0'; p++)
    g_assert_true(g_ascii_isalnum(*p) || *p == '-' || *p == '.');
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/licence/expressions", test_expressions);
  g_test_add_func("/licence/identifiers", test_identifiers);
  g_test_add_func("/licence/references", test_references);
  return g_test_run();
}
