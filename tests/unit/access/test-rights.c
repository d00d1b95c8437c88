/* Who may do what: a table of bindings, and of questions with the binding that decides. */
#include "access/rights/rights.h"
#include "access/rights/roles.h"
#include "text/glob.h"

enum { ALICE = 1, BOB, CI, DEV = 10, OPS };

#define NOW 1000

typedef struct {
  SubjectKind kind;
  int64_t subject;
  const char *role;
  bool deny;
  const char *pattern, *tags;
  int64_t until;
} Row;

static const Row rows[] = {
    {SUBJECT_PRINCIPAL, ALICE, "administrator", false, "*", NULL, 0},    /* 0 */
    {SUBJECT_TEAM, DEV, "developer", false, "team/*", NULL, 0},          /* 1 */
    {SUBJECT_TEAM, DEV, "guest", false, "prod/*", NULL, 0},              /* 2 */
    {SUBJECT_ANONYMOUS, 0, "guest", false, "library/*", NULL, 0},        /* 3 */
    {SUBJECT_EVERYONE, 0, "guest", false, "shared", NULL, 0},            /* 4 */
    {SUBJECT_TEAM, DEV, "guest", true, "team/secret*", NULL, 0},         /* 5 */
    {SUBJECT_PRINCIPAL, CI, "maintainer", false, "team/app", "v*", 0},   /* 6 */
    {SUBJECT_PRINCIPAL, CI, "developer", true, "team/app", "latest", 0}, /* 7 */
    {SUBJECT_PRINCIPAL, BOB, "owner", false, "old/*", NULL, NOW},        /* 8: ended */
    {SUBJECT_PRINCIPAL, BOB, "auditor", false, "*", NULL, NOW + 1},      /* 9 */
    {SUBJECT_TEAM, OPS, "developer", false, "*/base", NULL, 0},          /* 10 */
    {SUBJECT_PRINCIPAL, ALICE, "guest", true, "hr/*", NULL, 0},          /* 11 */
    {SUBJECT_PRINCIPAL, CI, "owner", false, "*", "v*", 0},               /* 12 */
};

static AccessRules *
rules_of(const Row *from, size_t count)
{
  GArray *bindings = g_array_new(FALSE, FALSE, sizeof(Binding));
  for (size_t i = 0; i < count; i++) {
    Binding binding = {.id = (int64_t)i,
                       .kind = from[i].kind,
                       .subject = from[i].subject,
                       .who = from[i].subject == CI ? g_strdup("ci") : NULL,
                       .role = g_strdup(from[i].role),
                       .verbs = built_in_role(from[i].role)->verbs,
                       .deny = from[i].deny,
                       .pattern = g_strdup(from[i].pattern),
                       .tags = g_strdup(from[i].tags),
                       .until = from[i].until};
    g_array_append_val(bindings, binding);
  }
  return access_rules_new(bindings);
}

static Principal *
who(const char *name)
{
  static const struct {
    const char *name;
    PrincipalKind kind;
    int64_t id, team;
  } all[] = {
      {"alice", PRINCIPAL_PERSON, ALICE, 0}, {"bob", PRINCIPAL_PERSON, BOB, DEV},
      {"ci", PRINCIPAL_ROBOT, CI, 0},        {"eve", PRINCIPAL_PERSON, 99, 0},
      {"ops", PRINCIPAL_PERSON, 98, OPS},    {"nobody", PRINCIPAL_ANONYMOUS, 0, 0},
      {"open", PRINCIPAL_OPEN, 0, 0},        {"operator", PRINCIPAL_OPERATOR, 0, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
    if (!g_str_equal(all[i].name, name))
      continue;
    Principal *principal = principal_new(all[i].kind, all[i].id, name, "password");
    if (all[i].team != 0)
      principal_add_team(principal, all[i].team);
    return principal;
  }
  g_assert_not_reached();
}

enum { NOBODY = -1, KIND = -2, RIGHTLESS = -3 };

static const struct {
  const char *who;
  Verb verb;
  const char *repository, *tag;
  bool allowed;
  int by; /* the row, or one of the above */
} questions[] = {
    {"alice", VERB_PUSH, "any/where", NULL, true, 0},
    {"alice", VERB_MANAGE_ACCESS, NULL, NULL, true, 0},
    {"alice", VERB_PULL, "hr/payroll", NULL, false, 11},
    {"alice", VERB_PUSH, "hr/payroll", NULL, true, 0},
    {"bob", VERB_PUSH, "team/app", NULL, true, 1},
    {"bob", VERB_DELETE, "team/app", NULL, false, NOBODY},
    {"bob", VERB_PULL, "team/deep/er/app", NULL, true, 1},
    {"bob", VERB_PULL, "team/secrets", NULL, false, 5},
    {"bob", VERB_PUSH, "team/secrets", NULL, true, 1},
    {"bob", VERB_PULL, "team", NULL, false, NOBODY},
    {"bob", VERB_PULL, "teams/app", NULL, false, NOBODY},
    {"bob", VERB_PULL, "prod/app", NULL, true, 2},
    {"bob", VERB_PUSH, "prod/app", NULL, false, NOBODY},
    {"bob", VERB_PUSH, "old/app", NULL, false, NOBODY},
    {"bob", VERB_READ_AUDIT, NULL, NULL, true, 9},
    {"bob", VERB_MANAGE_ACCESS, NULL, NULL, false, NOBODY},
    {"bob", VERB_PULL, "shared", NULL, true, 4},
    {"ci", VERB_PUSH, "team/app", "v1", true, 6},
    {"ci", VERB_DELETE, "team/app", "v1", true, 6},
    {"ci", VERB_DELETE, "team/app", NULL, false, NOBODY},
    {"ci", VERB_PUSH, "team/app", NULL, true, 6},
    {"ci", VERB_PULL, "team/app", NULL, true, 6},
    {"ci", VERB_PUSH, "team/app", "latest", false, 7},
    {"ci", VERB_PUSH, "team/app", "main", false, NOBODY},
    {"ci", VERB_MANAGE_ACCESS, NULL, NULL, false, NOBODY},
    {"ci", VERB_DELETE, "team/app", "latest", false, NOBODY},
    {"ops", VERB_PUSH, "team/base", NULL, true, 10},
    {"ops", VERB_PUSH, "team/app", NULL, false, NOBODY},
    {"eve", VERB_PULL, "team/app", NULL, false, NOBODY},
    {"eve", VERB_PULL, "library/debian", NULL, true, 3},
    {"nobody", VERB_PULL, "library/debian", NULL, true, 3},
    {"nobody", VERB_PUSH, "library/debian", NULL, false, NOBODY},
    {"nobody", VERB_PULL, "shared", NULL, false, NOBODY},
    {"nobody", VERB_NONE, NULL, NULL, true, RIGHTLESS},
    {"open", VERB_MANAGE_ACCESS, NULL, NULL, true, KIND},
    {"operator", VERB_PUSH, "hr/payroll", NULL, true, KIND},
};

static void
decides_by_the_table(void)
{
  g_autoptr(AccessRules) rules = rules_of(rows, G_N_ELEMENTS(rows));
  for (size_t i = 0; i < G_N_ELEMENTS(questions); i++) {
    g_autoptr(Principal) principal = who(questions[i].who);
    Decision decision = access_decide(rules, principal, questions[i].verb,
                                      (Resource){questions[i].repository, questions[i].tag}, NOW);
    g_autofree char *says = decision_text(&decision, principal);
    g_test_message("%s %s %s:%s -> %s", questions[i].who, verb_name(questions[i].verb),
                   questions[i].repository, questions[i].tag, says);
    g_assert_cmpint(decision.allowed, ==, questions[i].allowed);
    int by = decision.by == BY_BINDING  ? (int)decision.binding->id
             : decision.by == BY_KIND   ? KIND
             : decision.by == BY_NOBODY ? NOBODY
                                        : RIGHTLESS;
    g_assert_cmpint(by, ==, questions[i].by);
  }
}

static void
limits_only_take_away(void)
{
  g_autoptr(AccessRules) rules = rules_of(rows, G_N_ELEMENTS(rows));
  g_autoptr(Principal) principal = who("bob");
  principal_add_limit(principal, "team/app", VERB_BIT(VERB_PULL) | VERB_BIT(VERB_DELETE));
  principal_add_limit(principal, "prod/*", VERB_BIT(VERB_PUSH));
  Resource app = {"team/app", NULL}, other = {"team/other", NULL}, prod = {"prod/app", NULL};
  g_assert_true(access_decide(rules, principal, VERB_PULL, app, NOW).allowed);
  g_assert_cmpint(access_decide(rules, principal, VERB_PUSH, app, NOW).by, ==, BY_LIMITS);
  g_assert_cmpint(access_decide(rules, principal, VERB_DELETE, app, NOW).by, ==, BY_NOBODY);
  g_assert_cmpint(access_decide(rules, principal, VERB_PULL, other, NOW).by, ==, BY_LIMITS);
  g_assert_cmpint(access_decide(rules, principal, VERB_PUSH, prod, NOW).by, ==, BY_NOBODY);
  g_assert_false(
      access_decide(rules, principal, VERB_READ_AUDIT, (Resource){NULL, NULL}, NOW).allowed);
}

static void
what_has_expired_may_nothing(void)
{
  g_autoptr(AccessRules) rules = rules_of(rows, G_N_ELEMENTS(rows));
  g_autoptr(Principal) principal = who("alice");
  principal->expires = NOW + 1;
  g_assert_true(access_decide(rules, principal, VERB_PULL, (Resource){"a/b", NULL}, NOW).allowed);
  principal->expires = NOW;
  g_assert_cmpint(access_decide(rules, principal, VERB_PULL, (Resource){"a/b", NULL}, NOW).by, ==,
                  BY_EXPIRY);
  g_assert_false(access_may_anywhere(rules, principal, VERB_PULL, NOW));
}

static void
anywhere_is_what_lists_ask(void)
{
  static const struct {
    const char *who;
    Verb verb;
    bool may;
  } cases[] = {
      {"nobody", VERB_LIST, true}, {"nobody", VERB_PUSH, false}, {"bob", VERB_PUSH, true},
      {"bob", VERB_DELETE, false}, {"eve", VERB_PULL, true},     {"ci", VERB_DELETE, true},
  };
  g_autoptr(AccessRules) rules = rules_of(rows, G_N_ELEMENTS(rows));
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Principal) principal = who(cases[i].who);
    g_test_message("%s %s", cases[i].who, verb_name(cases[i].verb));
    g_assert_cmpint(access_may_anywhere(rules, principal, cases[i].verb, NOW), ==, cases[i].may);
  }
}

static void
all_is_what_lists_ask_first(void)
{
  static const struct {
    const char *who;
    Verb verb;
    const char *space;
    bool may;
  } cases[] = {
      {"alice", VERB_PUSH, NULL, true},        {"alice", VERB_READ_AUDIT, NULL, true},
      {"alice", VERB_PUSH, "team", true},      {"alice", VERB_PULL, "hr", false},
      {"bob", VERB_PULL, "prod", true},        {"bob", VERB_PULL, "team", false},
      {"bob", VERB_SCAN, "team", true},        {"bob", VERB_PULL, "pro", false},
      {"bob", VERB_PULL, NULL, false},         {"nobody", VERB_PULL, "library", true},
      {"nobody", VERB_PUSH, "library", false}, {"operator", VERB_PUSH, NULL, true},
      {"ops", VERB_PUSH, "team", false},       {"ci", VERB_PULL, NULL, false},
      {"alice", VERB_PULL, "hr/sub", false},   {"alice", VERB_PULL, "team/sub", true},
  };
  g_autoptr(AccessRules) rules = rules_of(rows, G_N_ELEMENTS(rows));
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Principal) principal = who(cases[i].who);
    g_test_message("%s %s %s", cases[i].who, verb_name(cases[i].verb), cases[i].space);
    g_assert_cmpint(access_may_all(rules, principal, cases[i].verb, cases[i].space, NOW), ==,
                    cases[i].may);
  }
}

static void
a_star_spans_slashes(void)
{
  static const struct {
    const char *pattern, *text;
    bool fits;
  } cases[] = {
      {"*", "a/b", true},        {"*", "", true},
      {"a/*", "a/b/c", true},    {"a/*", "a", false},
      {"a/*", "ab/c", false},    {"*/c", "a/b/c", true},
      {"*/c", "a/b/cc", false},  {"a*b*c", "aXbYbZc", true},
      {"a*b*c", "aXcYb", false}, {"a", "a", true},
      {"a", "b", false},         {"", "a", false},
      {"**", "a/b", true},       {"v*", "v1.2", true},
      {"*.*.*", "1.2", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%s %s", cases[i].pattern, cases[i].text);
    g_assert_cmpint(glob_matches_across(cases[i].pattern, cases[i].text), ==, cases[i].fits);
  }
}

static void
says_which_rule_decided(void)
{
  g_autoptr(AccessRules) rules = rules_of(rows, G_N_ELEMENTS(rows));
  g_autoptr(Principal) principal = who("ci");
  Decision decision =
      access_decide(rules, principal, VERB_PUSH, (Resource){"team/app", "latest"}, NOW);
  g_autofree char *says = decision_text(&decision, principal);
  g_assert_cmpstr(says, ==, "grant 7: ci is denied developer on team/app, tags latest");
}

static void
verbs_have_words(void)
{
  for (unsigned i = VERB_NONE + 1; i < VERB_COUNT; i++) {
    Verb verb = VERB_UNNAMED;
    g_assert_true(verb_find(verb_name((Verb)i), &verb));
    g_assert_cmpuint(verb, ==, i);
  }
  Verb verb;
  g_assert_false(verb_find("none", &verb));
  g_assert_false(verb_find(NULL, &verb));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/access/rights/table", decides_by_the_table);
  g_test_add_func("/access/rights/limits", limits_only_take_away);
  g_test_add_func("/access/rights/expiry", what_has_expired_may_nothing);
  g_test_add_func("/access/rights/anywhere", anywhere_is_what_lists_ask);
  g_test_add_func("/access/rights/all", all_is_what_lists_ask_first);
  g_test_add_func("/access/rights/patterns", a_star_spans_slashes);
  g_test_add_func("/access/rights/explains", says_which_rule_decided);
  g_test_add_func("/access/verbs", verbs_have_words);
  return g_test_run();
}
