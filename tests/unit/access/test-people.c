/* People, robots and tokens: who is made, and who is known by what they show. */
#include "access/credentials/secrets.h"
#include "access/credentials/tokens.h"
#include "access/people/people.h"
#include "access/people/robots.h"
#include "base/json.h"
#include "fixture.h"

#define HOME "192.0.2.7"

typedef struct {
  Fixture base;
  char *robot, *token, *scoped, *token_id;
} Cast;

static void
gather(Cast *cast, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  set_up(&cast->base, data);
  Access *access = cast->base.access;
  const NewPerson alice = {.name = "alice", .password = "correct horse", .administrator = true};
  const NewPerson bob = {.name = "bob", .mail = "bob@example.com"};
  const NewRobot robot = {.name = "team.ci"};
  g_assert_true(people_create(access, &alice, "operator", &error));
  g_assert_true(people_create(access, &bob, "alice", &error));
  g_assert_true(robots_create(access, &robot, "alice", &cast->robot, &error));
  const NewToken all = {.owner = "bob", .name = "laptop"};
  g_autofree char *id = NULL;
  g_assert_true(tokens_create(access, &all, "bob", &cast->token_id, &cast->token, &error));
  g_autoptr(json_t) json =
      json_pack("[{s:s, s:[s, s]}]", "pattern", "team/*", "verbs", "pull", "list");
  g_autoptr(GArray) scopes = scopes_from_json(json, &error);
  const NewToken scoped = {.owner = "bob", .name = "kiosk", .scopes = scopes};
  g_assert_true(tokens_create(access, &scoped, "bob", &id, &cast->scoped, &error));
  g_assert_no_error(error);
}

static void
part(Cast *cast, gconstpointer data)
{
  secret_free(cast->robot);
  secret_free(cast->token);
  secret_free(cast->scoped);
  g_free(cast->token_id);
  tear_down(&cast->base, data);
}

/* What a case shows: a word, or the secret that the word stands for. */
static const char *
secret_of(const Cast *cast, const char *word)
{
  return strcmp(word, "ROBOT") == 0    ? cast->robot
         : strcmp(word, "TOKEN") == 0  ? cast->token
         : strcmp(word, "SCOPED") == 0 ? cast->scoped
                                       : word;
}

static void
test_identities(Cast *cast, gconstpointer data)
{
  static const struct {
    const char *scheme, *name, *secret;
    const char *who, *how; /* NULL: refused, and why begins so */
  } cases[] = {
      {"Basic", "alice", "correct horse", "alice", "password"},
      {"Basic", "alice", "correct Horse", NULL, "the password is wrong"},
      {"Basic", "alice", "", NULL, "an empty password"},
      {"Basic", "bob", "", NULL, "an empty password"},
      {"Basic", "bob", "correct horse", NULL, "there is no person of that name"},
      {"Basic", "nobody", "correct horse", NULL, "there is no person of that name"},
      {"Basic", "Alice", "correct horse", NULL, "there is no person of that name"},
      {"Basic", "team.ci", "correct horse", NULL, "there is no person of that name"},
      {"Bearer", NULL, "correct horse", NULL, "nothing knows"},
      {"Basic", "team.ci", "ROBOT", "team.ci", "robot"},
      {"Basic", "robot$team+ci", "ROBOT", "team.ci", "robot"},
      {"Basic", "robot$ci", "ROBOT", NULL, "it is no secret of a robot"},
      {"Basic", "alice", "ROBOT", NULL, "it is no secret of a robot"},
      {"Basic", "nobody", "ROBOT", NULL, "it is no secret of a robot"},
      {"Bearer", NULL, "ROBOT", NULL, "nothing knows"},
      {"Basic", "bob", "TOKEN", "bob", "token"},
      {"Basic", "oauth2", "TOKEN", "bob", "token"},
      {"Bearer", NULL, "TOKEN", "bob", "token"},
      {"Bearer", NULL, "SCOPED", "bob", "token"},
      {"Bearer", NULL, "assay_pat_", NULL, "nothing knows"},
      {"Bearer", NULL, "assay_pat_LA9KHJvu8nes_xJEubQ4BYRGyimASfy7CTdncFbqaVs3iU2U6", NULL,
       "there is no token LA9KHJvu8nes"},
      {"Bearer", NULL, "assay_pat_LA9KHJvu8nes_xJEubQ4BYRGyimASfy7CTdncFbqaVs3iU2U7", NULL,
       "nothing knows"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *why = NULL;
    /* Each from elsewhere, so that none waits for the others. */
    g_autofree char *address = g_strdup_printf("198.51.100.%zu", i);
    g_autoptr(Principal) who = shown_by(cast->base.access, cases[i].scheme, cases[i].name,
                                        secret_of(cast, cases[i].secret), address, &why);
    if (g_strcmp0(who == NULL ? NULL : who->name, cases[i].who) != 0 ||
        (who != NULL ? strcmp(who->how, cases[i].how) != 0 : !g_str_has_prefix(why, cases[i].how)))
      g_error("case %zu, %s %s %s: %s %s %s", i, cases[i].scheme, cases[i].name, cases[i].secret,
              who == NULL ? "nobody" : who->name, who == NULL ? "" : who->how, why);
  }
}

static void
test_scopes(Cast *cast, gconstpointer data)
{
  g_autoptr(Principal) all = shown_by(cast->base.access, "Bearer", NULL, cast->token, HOME, NULL);
  g_autoptr(Principal) scoped =
      shown_by(cast->base.access, "Bearer", NULL, cast->scoped, HOME, NULL);
  g_assert_null(all->limits);
  g_assert_cmpuint(scoped->limits->len, ==, 1);
  const Scope *scope = &g_array_index(scoped->limits, Scope, 0);
  g_assert_cmpstr(scope->pattern, ==, "team/*");
  g_assert_cmpuint(scope->verbs, ==, VERB_BIT(VERB_PULL) | VERB_BIT(VERB_LIST));
  g_assert_cmpstr(all->token, ==, cast->token_id);
  g_assert_cmpint(number_of(cast->base.sql, "SELECT count(*) FROM tokens WHERE last_address = "
                                            "'" HOME "' AND last_used IS NOT NULL"),
                  ==, 2);
}

/* Whether all that belongs to a person ends with it. */
static void
test_end(Cast *cast, gconstpointer data)
{
  static const struct {
    const char *what; /* SQL before */
    bool disable, erase;
    bool token, robot; /* still known after */
  } cases[] = {
      {NULL, .token = true, .robot = true},
      {"UPDATE tokens SET expires = 1", .robot = true},
      {"UPDATE robot_secrets SET expires = 1", .token = true},
      {"UPDATE principals SET expires = 1 WHERE kind = 'robot'", .token = true},
      {NULL, .disable = true, .robot = true},
      {NULL, .erase = true, .robot = true},
  };
  Access *access = cast->base.access;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    const bool disabled = cases[i].disable;
    const PersonChange to = {.disabled = &disabled};
    change(cast->base.sql, "UPDATE tokens SET expires = NULL");
    change(cast->base.sql, "UPDATE robot_secrets SET expires = NULL");
    change(cast->base.sql, "UPDATE principals SET expires = NULL");
    if (cases[i].what != NULL)
      change(cast->base.sql, cases[i].what);
    g_assert_true(cases[i].erase ? people_delete(access, "bob", "alice", &error)
                                 : people_change(access, "bob", &to, "alice", &error));
    g_autoptr(Principal) token = shown_by(access, "Bearer", NULL, cast->token, HOME, NULL);
    g_autoptr(Principal) robot = shown_by(access, "Basic", "team.ci", cast->robot, HOME, NULL);
    if ((token != NULL) != cases[i].token || (robot != NULL) != cases[i].robot)
      g_error("case %zu: token %d, robot %d", i, token != NULL, robot != NULL);
  }
  g_assert_cmpint(number_of(cast->base.sql, "SELECT count(*) FROM tokens"), ==, 0);
}

static void
test_rotation(Cast *cast, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Access *access = cast->base.access;
  RobotSecret made;
  static const int slots[] = {2, 1, 2};
  g_autoptr(SecretText) before = g_strdup(cast->robot);
  for (size_t i = 0; i < G_N_ELEMENTS(slots); i++) {
    g_autoptr(SecretText) fresh = NULL;
    g_usleep(1000); /* the older of the two is replaced */
    g_assert_true(robots_rotate(access, "team.ci", 0, "alice", &made, &fresh, &error));
    g_assert_cmpint(made.slot, ==, slots[i]);
    g_autoptr(Principal) by_new = shown_by(access, "Basic", "team.ci", fresh, HOME, NULL);
    g_autoptr(Principal) by_former = shown_by(access, "Basic", "team.ci", before, HOME, NULL);
    g_autoptr(Principal) by_first = shown_by(access, "Basic", "team.ci", cast->robot, HOME, NULL);
    g_assert_nonnull(by_new);
    g_assert_nonnull(by_former);
    g_assert_true((by_first != NULL) == (i == 0));
    secret_free(before);
    before = g_strdup(fresh);
  }
  g_assert_true(robots_end_secret(access, "team.ci", 2, "alice", &error));
  g_autoptr(Principal) by_ended = shown_by(access, "Basic", "team.ci", before, HOME, NULL);
  g_assert_null(by_ended);
  g_assert_false(robots_end_secret(access, "team.ci", 2, "alice", &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
}

static void
test_expired_robots_go(Cast *cast, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  unsigned count = 7;
  g_assert_true(robots_remove_expired(cast->base.access, &count, &error));
  g_assert_cmpuint(count, ==, 0);
  change(cast->base.sql, "UPDATE principals SET expires = 5");
  g_assert_true(robots_remove_expired(cast->base.access, &count, &error));
  g_assert_cmpuint(count, ==, 0); /* nobody asked for it */
  change(cast->base.sql, "UPDATE principals SET remove_expired = 1");
  g_assert_true(robots_remove_expired(cast->base.access, &count, &error));
  g_assert_cmpuint(count, ==, 1);
  g_assert_cmpint(number_of(cast->base.sql, "SELECT count(*) FROM robot_secrets"), ==, 0);
  g_assert_cmpint(number_of(cast->base.sql, "SELECT count(*) FROM principals"), ==, 2);
}

/* What is refused when somebody or something is made. */
static void
test_refusals(Cast *cast, gconstpointer data)
{
  g_autofree char *long_name = g_strnfill(129, 'a'), *long_password = g_strnfill(257, 'a');
  const struct {
    const char *name, *password;
    AssayErrorCode code;
  } cases[] = {
      {"alice", "12345678", ASSAY_ERROR_EXISTS},    {"team.ci", "12345678", ASSAY_ERROR_EXISTS},
      {"Carol", "12345678", ASSAY_ERROR_INVALID},   {"a:b", "12345678", ASSAY_ERROR_INVALID},
      {"", "12345678", ASSAY_ERROR_INVALID},        {"-a", "12345678", ASSAY_ERROR_INVALID},
      {"a b", "12345678", ASSAY_ERROR_INVALID},     {"a/b", "12345678", ASSAY_ERROR_INVALID},
      {"a$b", "12345678", ASSAY_ERROR_INVALID},     {"ä", "12345678", ASSAY_ERROR_INVALID},
      {long_name, "12345678", ASSAY_ERROR_INVALID}, {"carol", "", ASSAY_ERROR_INVALID},
      {"carol", "1234567", ASSAY_ERROR_INVALID},    {"carol", long_password, ASSAY_ERROR_INVALID},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    const NewPerson person = {.name = cases[i].name, .password = cases[i].password};
    g_assert_false(people_create(cast->base.access, &person, "alice", &error));
    if (!g_error_matches(error, ASSAY_ERROR, (int)cases[i].code))
      g_error("%s: %s", cases[i].name, error->message);
  }
  g_assert_cmpint(number_of(cast->base.sql, "SELECT count(*) FROM principals"), ==, 3);
}

/* Each change tells one event, and never a secret. */
static void
test_events(Cast *cast, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  Access *access = cast->base.access;
  const PersonChange to = {.password = "another horse", .display = "Bob"};
  g_assert_true(people_change(access, "bob", &to, "alice", &error));
  g_assert_true(tokens_revoke(access, cast->token_id, "bob", "bob", &error));
  g_assert_false(tokens_revoke(access, cast->token_id, NULL, "bob", &error));
  g_assert_true(people_delete(access, "bob", "alice", NULL));
  g_assert_cmpint(number_of(cast->base.sql, "SELECT count(*) FROM events"), ==, 5 + 3);
  g_assert_cmpint(number_of(cast->base.sql, "SELECT count(*) FROM events WHERE data LIKE "
                                            "'%horse%' OR data LIKE '%assay_%'"),
                  ==, 0);
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name;
    void (*run)(Cast *cast, gconstpointer data);
  } tests[] = {
      {"/access/people/identities", test_identities},
      {"/access/people/scopes", test_scopes},
      {"/access/people/end", test_end},
      {"/access/people/rotation", test_rotation},
      {"/access/people/expired-robots-go", test_expired_robots_go},
      {"/access/people/refusals", test_refusals},
      {"/access/people/events", test_events},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
    g_test_add(tests[i].name, Cast, NULL, gather, tests[i].run, part);
  return g_test_run();
}
