/* Measures how long a decision takes with 10,000 bindings of 1,000 people on 10,000 repositories,
 * and prints nanoseconds of processor time for one. */
#include <stdio.h>
#include <time.h>

#include "access/rights/rights.h"

#define PEOPLE     1000u
#define TEAMS      100u
#define EACH       5u /* teams of a person */
#define BINDINGS   10000u
#define NAMESPACES 100u
#define IN_EACH    100u /* repositories of a namespace */
#define ROUNDS     1000000u

static const VerbSet verbs = VERB_BIT(VERB_PULL) | VERB_BIT(VERB_LIST);

/* Of four bindings one is a person's, two a team's and one everybody's, all but the latter on one
 * repository or the namespace; some deny. */
static Binding
make_binding(unsigned number)
{
  unsigned space = number % NAMESPACES, repository = number / 7 % IN_EACH;
  Binding binding = {.id = number + 1, .role = g_strdup("guest"), .verbs = verbs};
  binding.kind = number % 4 == 0  ? SUBJECT_PRINCIPAL
                 : number % 4 < 3 ? SUBJECT_TEAM
                                  : SUBJECT_EVERYONE;
  binding.subject = binding.kind == SUBJECT_PRINCIPAL ? (int64_t)(number / 4 % PEOPLE)
                    : binding.kind == SUBJECT_TEAM    ? (int64_t)(number / 4 % TEAMS)
                                                      : 0;
  binding.deny = number % 50 == 1;
  binding.pattern = number % 16 == 2 ? g_strdup_printf("space%u/*", space)
                                     : g_strdup_printf("space%u/repository%u", space, repository);
  return binding;
}

static AccessRules *
make_rules(void)
{
  GArray *bindings = g_array_new(FALSE, FALSE, sizeof(Binding));
  for (unsigned i = 0; i < BINDINGS; i++) {
    Binding binding = make_binding(i);
    g_array_append_val(bindings, binding);
  }
  return access_rules_new(bindings);
}

static void
fill_teams(GArray *teams, unsigned person)
{
  g_array_set_size(teams, 0);
  for (unsigned i = 0; i < EACH; i++) {
    int64_t team = (person + 17 * i) % TEAMS;
    g_array_append_val(teams, team);
  }
}

int
main(void)
{
  g_autoptr(AccessRules) rules = make_rules();
  g_autoptr(Principal) who = principal_new(PRINCIPAL_PERSON, 0, "person", "password");
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  unsigned allowed = 0;
  for (unsigned i = 0; i < NAMESPACES * IN_EACH; i++)
    g_ptr_array_add(names, g_strdup_printf("space%u/repository%u", i % NAMESPACES, i / NAMESPACES));
  clock_t started = clock();
  for (unsigned i = 0; i < ROUNDS; i++) {
    const char *name = g_ptr_array_index(names, i * 7919u % names->len);
    who->id = i % PEOPLE;
    fill_teams(who->teams, i % PEOPLE);
    allowed += access_decide(rules, who, VERB_PULL, (Resource){name, NULL}, 1).allowed;
  }
  double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
  if (allowed == 0 || allowed == ROUNDS) {
    fprintf(stderr, "access-load: %u of %u are allowed, so nothing was measured\n", allowed,
            ROUNDS);
    return 1;
  }
  printf("%.0f\n", seconds * 1e9 / ROUNDS);
  return 0;
}
