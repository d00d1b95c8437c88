/* Waits after wrong passwords, by a clock of the test; and the form of secrets. */
#include "access/credentials/lockout.h"

#include "access/credentials/secrets.h"

#define SECOND ((int64_t)G_USEC_PER_SEC)
#define HOME   "192.0.2.7"
#define AWAY   "198.51.100.9"

static void
fail(Lockout *lockout, unsigned times, const char *name, const char *address, int64_t now)
{
  LockoutBegun begun;
  for (unsigned i = 0; i < times; i++)
    lockout_failed(lockout, name, address, now, &begun);
}

/* How long one waits at once, and after a while, when so many were wrong at the second 0. */
static void
test_waits(void)
{
  static const struct {
    const char *name;
    unsigned failures;
    int64_t after, wait; /* seconds */
  } cases[] = {
      {"none", 0, 0, 0},
      {"four are free", 4, 0, 0},
      {"the fifth", 5, 0, 1},
      {"then double", 6, 0, 2},
      {"again", 8, 0, 8},
      {"it passes", 8, 8, 0},
      {"never longer", 40, 0, 900},
      {"forgotten", 40, 3600, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Lockout) lockout = lockout_new(100);
    for (unsigned each = 0; each < cases[i].failures; each++) {
      g_autofree char *address = g_strdup_printf("203.0.113.%u", each);
      fail(lockout, 1, "alice", address, 0);
    }
    int64_t wait = lockout_wait(lockout, "alice", AWAY, cases[i].after * SECOND);
    if (wait != cases[i].wait * SECOND)
      g_error("%s: %" G_GINT64_FORMAT " us", cases[i].name, wait);
    g_assert_cmpint(lockout_wait(lockout, "bob", AWAY, 0), ==, 0);
  }
}

/* Many names from one address; the second half of an IPv6 address is no other one. */
static void
test_addresses(void)
{
  static const struct {
    const char *from, *then;
    bool waits;
  } cases[] = {
      {HOME, HOME, true},
      {HOME, AWAY, false},
      {"2001:db8:0:1::5", "2001:db8:0:1:ffff::9", true},
      {"2001:db8:0:1::5", "2001:db8:0:2::5", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Lockout) lockout = lockout_new(100);
    for (unsigned each = 0; each < LOCKOUT_FREE_BY_ADDRESS; each++) {
      g_autofree char *name = g_strdup_printf("name%u", each);
      fail(lockout, 1, name, cases[i].from, 0);
    }
    if ((lockout_wait(lockout, "alice", cases[i].then, 0) > 0) != cases[i].waits)
      g_error("%s then %s", cases[i].from, cases[i].then);
  }
}

/* Who guesses at a name keeps its owner out nowhere that the owner has logged in from. */
static void
test_known_places(void)
{
  g_autoptr(Lockout) lockout = lockout_new(100);
  lockout_succeeded(lockout, "alice", HOME, 0);
  fail(lockout, 30, "alice", AWAY, SECOND);
  g_assert_cmpint(lockout_wait(lockout, "alice", HOME, SECOND), ==, 0);
  g_assert_cmpint(lockout_wait(lockout, "alice", AWAY, SECOND), >, 0);
  fail(lockout, 5, "alice", HOME, SECOND);
  g_assert_cmpint(lockout_wait(lockout, "alice", HOME, SECOND), ==, SECOND);
}

static void
test_bounded(void)
{
  g_autoptr(Lockout) lockout = lockout_new(50);
  for (unsigned i = 0; i < 10000; i++) {
    g_autofree char *name = g_strdup_printf("name%u", i);
    g_autofree char *address = g_strdup_printf("2001:db8:%x::1", i % 60000);
    fail(lockout, 1, name, address, i);
    g_assert_cmpuint(lockout_count(lockout), <=, 50);
  }
}

static void
test_secrets(void)
{
  static const char prefix[] = "assay_robot_";
  for (unsigned i = 0; i < 200; i++) {
    g_autoptr(SecretText) secret = secret_new(prefix);
    g_assert_true(secret_is_well_formed(secret, prefix));
    g_assert_false(secret_is_well_formed(secret, "assay_pat_"));
    char *place = secret + sizeof prefix - 1 + i % 36;
    *place = *place == 'a' ? 'b' : 'a';
    g_assert_false(secret_is_well_formed(secret, prefix));
  }
  /* CRC-32 as zlib has it, in base 62. */
  g_assert_true(secret_is_well_formed("assay_robot_abcdefghijklmnopqrstuvwxyz01234T6w9j", prefix));
  const SecretHash hash = secret_hash("abc");
  g_assert_true(secret_matches(slice_new(hash.bytes, SECRET_HASH_SIZE), &hash));
  g_assert_false(secret_matches(slice_new(hash.bytes, SECRET_HASH_SIZE - 1), &hash));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/access/lockout/waits", test_waits);
  g_test_add_func("/access/lockout/addresses", test_addresses);
  g_test_add_func("/access/lockout/known-places", test_known_places);
  g_test_add_func("/access/lockout/bounded", test_bounded);
  g_test_add_func("/access/secrets", test_secrets);
  return g_test_run();
}
