/* What a refusal says to people: which image it is, and whose packages. */
#include <string.h>

#include "verdict/judge.h"
#include "verdict/match.h"

/* A refusal names an image that somebody can ask for. */
static void
test_names_of_images(void)
{
#define HEX "7e8770da82f07e8770da82f07e8770da82f07e8770da82f07e8770da82f07e87"
  static const struct {
    const char *repository, *reference, *name;
  } names[] = {{"team/app", "v1", " refuses team/app:v1: "},
               {"team/app", "sha256:" HEX, " refuses team/app@sha256:7e8770da82f0: "},
               {"team/app", "oci:image:v1", " refuses team/app (oci:image:v1): "},
               {"team/app", "rootfs:/", " refuses team/app (rootfs:/): "},
               {"", "oci:image:v1", " refuses oci:image:v1: "}};
  const char *yaml = "policies: [{name: p, namespaces: ['**'], end_of_life: block}]";
  g_autoptr(GError) error = NULL;
  g_autoptr(PolicySet) set = policy_set_parse(slice_from_string(yaml), "policy.yaml", NULL, &error);
  g_assert_no_error(error);
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    PolicyInput input = {.repository = names[i].repository,
                         .reference = names[i].reference,
                         .scan_state = SCAN_DONE,
                         .end_of_life = "Debian 9 is over"};
    g_autoptr(Verdict) verdict = policy_judge(set, &input);
    g_assert_nonnull(strstr(verdict->message, names[i].name));
  }
}

/* Packages of one maker are told together. */
static void
test_makers(void)
{
  g_autoptr(GPtrArray) packages = g_ptr_array_new();
  static const char *const each[] = {"a 1 (A (of B))", "b 2", "c 3 (C)", "d 4 (A (of B))", "e 5"};
  for (size_t i = 0; i < G_N_ELEMENTS(each); i++)
    g_ptr_array_add(packages, (gpointer)(uintptr_t)each[i]);
  g_autofree char *text = match_third_party_in_words(packages);
  g_assert_cmpstr(text, ==,
                  "5 packages are not the distribution's, whose advisories do not speak of them: "
                  "2 packages of A (of B) (a 1 ...), b 2, c 3 (C), e 5");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/words/names", test_names_of_images);
  g_test_add_func("/words/makers", test_makers);
  return g_test_run();
}
