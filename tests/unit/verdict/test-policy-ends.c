/* Policies on what gets no more fixes: distributions and programs. */
#include <string.h>

#include "inventory/program_life.h"
#include "verdict/judge.h"

#define DAY ((int64_t)86400 * G_USEC_PER_SEC)
#define NOW ((int64_t)1800000000 * G_USEC_PER_SEC) /* 2027-01-15T08:00:00Z */

static PolicySet *
load(const char *yaml)
{
  g_autoptr(GError) error = NULL;
  PolicySet *set = policy_set_parse(slice_from_string(yaml), "policy.yaml", NULL, &error);
  g_assert_no_error(error);
  return set;
}

static void
test_ended_programs(void)
{
  static const struct {
    const char *rule;
    bool allowed;
    guint warnings;
    int64_t expires;
  } rules[] = {{"ended_programs: block", false, 0, NOW + DAY},
               {"ended_programs: warn", true, 1, NOW + DAY},
               {"mode: enforce", true, 1, NOW + DAY},
               {"ended_programs: allow", true, 0, 0}};
  static const char message[] =
      "team/app:v1: node 16.1.0 reached its end of life on 2023-09-11: it gets no more fixes "
      "(usr/bin/node), and 1 more program did";
  EndedProgram node = {(char *)(uintptr_t) "node",         (char *)(uintptr_t) "16.1.0",
                       (char *)(uintptr_t) "usr/bin/node", (char *)(uintptr_t) "nodejs",
                       (char *)(uintptr_t) "16",           (char *)(uintptr_t) "2023-09-11"};
  g_autoptr(GPtrArray) ended = g_ptr_array_new();
  g_ptr_array_add(ended, &node);
  g_ptr_array_add(ended, &node);
  for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
    g_autofree char *yaml =
        g_strdup_printf("policies: [{name: p, namespaces: ['**'], %s}]", rules[i].rule);
    g_autoptr(PolicySet) set = load(yaml);
    PolicyInput input = {.repository = "team/app",
                         .reference = "v1",
                         .scan_state = SCAN_DONE,
                         .ended = ended,
                         .next_ends = NOW + DAY,
                         .now = NOW};
    g_autoptr(Verdict) verdict = policy_judge(set, &input);
    g_assert_cmpint(verdict->allowed, ==, rules[i].allowed);
    g_assert_cmpuint(verdict->warnings->len, ==, rules[i].warnings);
    g_assert_cmpint(verdict->expires, ==, rules[i].expires);
    g_assert_cmpint(verdict->message != NULL && strstr(verdict->message, message) != NULL, ==,
                    !rules[i].allowed);
  }
}

/* A verdict that is remembered ends with the life of the distribution. */
static void
test_a_life_that_will_end(void)
{
  static const struct {
    const char *rule;
    int64_t expires;
  } rules[] = {
      {"end_of_life: block", NOW + DAY}, {"end_of_life: allow", 0}, {"mode: enforce", NOW + DAY}};
  for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
    g_autofree char *yaml =
        g_strdup_printf("policies: [{name: p, namespaces: ['**'], %s}]", rules[i].rule);
    g_autoptr(PolicySet) set = load(yaml);
    PolicyInput input = {.repository = "a",
                         .reference = "b",
                         .scan_state = SCAN_DONE,
                         .life_ends = NOW + DAY,
                         .now = NOW};
    g_autoptr(Verdict) verdict = policy_judge(set, &input);
    g_assert_true(verdict->allowed);
    g_assert_cmpint(verdict->expires, ==, rules[i].expires);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/policy-ends/programs", test_ended_programs);
  g_test_add_func("/policy-ends/distributions", test_a_life_that_will_end);
  return g_test_run();
}
