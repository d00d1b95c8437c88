/* Who may give rights to others: nobody makes more of what he has. */
#include "access/rights/delegation.h"
#include "access/rights/explain.h"
#include "access/rights/roles.h"
#include "base/error.h"

enum { ADMIN = 1, OWNER, CLERK, GUARDED, BRIEF, TAGGED, BOB, DEV = 10 };

#define NOW 1000

/* --- patterns --- */

static void
test_patterns(void)
{
  static const struct {
    const char *one, *other;
    bool covers, overlap;
  } cases[] = {
      {"*", "*", true, true},
      {"*", "team/*", true, true},
      {"**", "team/app", true, true},
      {"**", "*", false, true}, /* "*" alone is also what is of no repository */
      {"team/*", "*", false, true},
      {"team/*", "team/*", true, true},
      {"team/*", "team/app", true, true},
      {"team/*", "team/app*", true, true},
      {"team/*", "team", false, false},
      {"team/*", "teams/app", false, false},
      {"team/*", "other/*", false, false},
      {"team/app", "team/*", false, true},
      {"team/app", "team/app", true, true},
      {"team/app", "team/ap", false, false},
      {"*/base", "team/base", true, true},
      {"*/base", "team/*", false, true},
      {"*/base", "*/case", false, false},
      {"*/base", "team/*/base", true, true},
      {"a*b", "a*c", false, false},
      {"a*b*c", "a*c", false, true},
      {"a*b*c", "axbxc", true, true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    if (pattern_covers(cases[i].one, cases[i].other) != cases[i].covers)
      g_error("%s covers %s", cases[i].one, cases[i].other);
    if (patterns_overlap(cases[i].one, cases[i].other) != cases[i].overlap ||
        patterns_overlap(cases[i].other, cases[i].one) != cases[i].overlap)
      g_error("%s overlaps %s", cases[i].one, cases[i].other);
  }
}

/* --- the rules that all cases share --- */

typedef struct {
  SubjectKind kind;
  int64_t subject;
  const char *role;
  bool deny;
  const char *pattern, *tags;
  int64_t until;
} Row;

#define CLERK_ROLE "clerk" /* manages access, and nothing else */

static const Row rows[] = {
    {SUBJECT_PRINCIPAL, ADMIN, "administrator", false, "*", NULL, 0},      /* 0 */
    {SUBJECT_PRINCIPAL, OWNER, "owner", false, "team/*", NULL, 0},         /* 1 */
    {SUBJECT_PRINCIPAL, OWNER, "guest", false, "*", NULL, 0},              /* 2 */
    {SUBJECT_PRINCIPAL, CLERK, CLERK_ROLE, false, "*", NULL, 0},           /* 3 */
    {SUBJECT_PRINCIPAL, GUARDED, "owner", false, "shop/*", NULL, 0},       /* 4 */
    {SUBJECT_PRINCIPAL, GUARDED, "developer", true, "shop/pay", NULL, 0},  /* 5 */
    {SUBJECT_PRINCIPAL, BRIEF, "owner", false, "brief/*", NULL, NOW + 50}, /* 6 */
    {SUBJECT_PRINCIPAL, TAGGED, "owner", false, "tags/*", "v*", 0},        /* 7 */
    {SUBJECT_TEAM, DEV, "guest", true, "team/secret", NULL, 0},            /* 8 */
    {SUBJECT_PRINCIPAL, ADMIN, "developer", true, "hr/*", NULL, 0},        /* 9 */
    {SUBJECT_PRINCIPAL, CLERK, "guest", true, "hr/*", NULL, 0},            /* 10 */
};

static VerbSet
verbs_of(const char *role)
{
  const Role *built_in = built_in_role(role);
  return built_in != NULL ? built_in->verbs : VERB_BIT(VERB_MANAGE_ACCESS);
}

static AccessRules *
make_rules(void)
{
  GArray *bindings = g_array_new(FALSE, FALSE, sizeof(Binding));
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    Binding binding = {.id = (int64_t)i,
                       .kind = rows[i].kind,
                       .subject = rows[i].subject,
                       .role = g_strdup(rows[i].role),
                       .verbs = verbs_of(rows[i].role),
                       .deny = rows[i].deny,
                       .pattern = g_strdup(rows[i].pattern),
                       .tags = g_strdup(rows[i].tags),
                       .until = rows[i].until};
    g_array_append_val(bindings, binding);
  }
  return access_rules_new(bindings);
}

static Principal *
somebody(int64_t id)
{
  return principal_new(id == 0 ? PRINCIPAL_OPERATOR : PRINCIPAL_PERSON, id, "who", "password");
}

/* --- giving --- */

static void
test_give(void)
{
  static const struct {
    const char *name;
    int64_t who;
    const char *role, *pattern, *tags;
    int64_t until;
    bool deny, given;
  } cases[] = {
      {"the operator gives all", 0, "administrator", "*", NULL, 0, false, true},
      {"an administrator gives all", ADMIN, "owner", "team/*", NULL, 0, false, true},
      {"... but what is denied him", ADMIN, "developer", "hr/app", NULL, 0, false, false},
      {"... also as a part", ADMIN, "developer", "*", NULL, 0, false, false},
      {"an owner gives his role below", OWNER, "owner", "team/app", NULL, 0, false, true},
      {"... less", OWNER, "guest", "team/*", NULL, 0, false, true},
      {"... denies it", OWNER, "owner", "team/app", NULL, 0, true, true},
      {"... not elsewhere", OWNER, "guest", "other/*", NULL, 0, false, false},
      {"... not where he only reads", OWNER, "guest", "*", NULL, 0, false, false},
      {"... not more than below", OWNER, "guest", "te*", NULL, 0, false, false},
      {"... no role that is more", OWNER, "administrator", "team/*", NULL, 0, false, false},
      {"... nor one with other rights", OWNER, "auditor", "team/*", NULL, 0, false, false},
      {"... nor denies what he has not", OWNER, "administrator", "team/*", NULL, 0, true, false},
      {"who manages access alone gives nothing else", CLERK, "guest", "*", NULL, 0, false, false},
      {"... not himself all", CLERK, "administrator", "*", NULL, 0, false, false},
      {"... but that", CLERK, CLERK_ROLE, "shop/*", NULL, 0, false, true},
      {"what is denied him in part, no owner gives whole", GUARDED, "developer", "shop/*", NULL, 0,
       false, false},
      {"... nor that part", GUARDED, "guest", "shop/pay", NULL, 0, false, false},
      {"... but the rest", GUARDED, "developer", "shop/web", NULL, 0, false, true},
      {"what ends is given for as long", BRIEF, "guest", "brief/*", NULL, NOW + 50, false, true},
      {"... not longer", BRIEF, "guest", "brief/*", NULL, NOW + 51, false, false},
      {"... not for ever", BRIEF, "guest", "brief/*", NULL, 0, false, false},
      {"what is for tags is given for them", TAGGED, "guest", "tags/a", "v1*", 0, false, true},
      {"... not for others", TAGGED, "guest", "tags/a", "*", 0, false, false},
      {"... not for all", TAGGED, "guest", "tags/a", NULL, 0, false, false},
      {"who has nothing gives nothing", BOB, "guest", "team/app", NULL, 0, false, false},
  };
  g_autoptr(AccessRules) rules = make_rules();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Principal) who = somebody(cases[i].who);
    const Binding gift = {.verbs = verbs_of(cases[i].role),
                          .deny = cases[i].deny,
                          .pattern = (char *)(uintptr_t)cases[i].pattern,
                          .tags = (char *)(uintptr_t)cases[i].tags,
                          .until = cases[i].until};
    if (access_may_give(rules, who, &gift, NOW, &error) != cases[i].given)
      g_error("%s: %s", cases[i].name, error != NULL ? error->message : "given");
    g_assert_true(cases[i].given || g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_DENIED));
  }
}

/* A token that is cut down gives no more than it may itself. */
static void
test_give_by_token(void)
{
  g_autoptr(AccessRules) rules = make_rules();
  const Binding gift = {.verbs = verbs_of("guest"), .pattern = (char *)(uintptr_t) "team/app"};
  g_autoptr(Principal) narrow = somebody(ADMIN), wide = somebody(ADMIN), ended = somebody(ADMIN);
  principal_add_limit(narrow, "team/*", VERB_BIT(VERB_MANAGE_ACCESS) | VERB_BIT(VERB_PULL));
  principal_add_limit(wide, "team/*", VERBS_ALL);
  ended->expires = NOW;
  g_assert_false(access_may_give(rules, narrow, &gift, NOW, NULL));
  g_assert_true(access_may_give(rules, wide, &gift, NOW, NULL));
  g_assert_false(access_may_give(rules, ended, &gift, NOW, NULL));
}

/* --- taking away --- */

static void
test_take(void)
{
  static const struct {
    const char *name;
    int64_t who;
    guint binding;
    bool taken;
  } cases[] = {
      {"the operator takes all", 0, 0, true},
      {"an administrator takes all", ADMIN, 1, true},
      {"... also what denies him something", ADMIN, 9, true},
      {"an owner takes what is his own", OWNER, 1, true},
      {"... and what denies others there", OWNER, 8, true},
      {"... not what is of all", OWNER, 0, false},
      {"... not what is elsewhere", OWNER, 4, false},
      {"who manages access takes what is others'", CLERK, 4, true},
      {"... not what denies him something", CLERK, 10, false},
      {"an owner does not free himself", GUARDED, 5, false},
      {"who has nothing takes nothing", BOB, 8, false},
  };
  g_autoptr(AccessRules) rules = make_rules();
  const GArray *bindings = access_rules_bindings(rules);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Principal) who = somebody(cases[i].who);
    const Binding *binding = &g_array_index(bindings, Binding, cases[i].binding);
    if (access_may_take(rules, who, binding, NOW, &error) != cases[i].taken)
      g_error("%s: %s", cases[i].name, error != NULL ? error->message : "taken");
  }
}

/* --- explaining --- */

static void
test_fitting(void)
{
  static const struct {
    const char *name;
    int64_t who;
    Verb verb;
    const char *repository;
    int expected[4]; /* ended by -1 */
  } cases[] = {
      {"one", ADMIN, VERB_PUSH, "team/app", {0, -1}},
      {"two", OWNER, VERB_PULL, "team/app", {1, 2, -1}},
      {"what denies is first", GUARDED, VERB_PUSH, "shop/pay", {5, 4, -1}},
      {"of no repository", ADMIN, VERB_READ_AUDIT, NULL, {0, -1}},
      {"none", BOB, VERB_PULL, "team/app", {-1}},
  };
  g_autoptr(AccessRules) rules = make_rules();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Principal) who = somebody(cases[i].who);
    g_autoptr(GPtrArray) fitting =
        access_fitting(rules, who, cases[i].verb, (Resource){cases[i].repository, NULL}, NOW);
    guint count = 0;
    for (; cases[i].expected[count] >= 0; count++)
      if (count >= fitting->len ||
          ((const Binding *)g_ptr_array_index(fitting, count))->id != cases[i].expected[count])
        g_error("%s: at %u", cases[i].name, count);
    if (fitting->len != count)
      g_error("%s: %u", cases[i].name, fitting->len);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/access/delegation/patterns", test_patterns);
  g_test_add_func("/access/delegation/give", test_give);
  g_test_add_func("/access/delegation/give-by-token", test_give_by_token);
  g_test_add_func("/access/delegation/take", test_take);
  g_test_add_func("/access/delegation/fitting", test_fitting);
  return g_test_run();
}
