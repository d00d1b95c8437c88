/* Keys, attestors and rules as rows: what needs what, what is told, and what a rule is for. */
#include <fcntl.h>

#include "base/error.h"
#include "base/fd.h"
#include "jobs/event.h"
#include "jobs/schema.h"
#include "signing/schema.h"
#include "signing/signing.h"

typedef struct {
  char *folder;
  SqlPool *sql;
  Signing *signing;
} Fixture;

static void
open_signing(Fixture *fixture)
{
  static const Schema *const schemas[] = {&jobs_schema, &signing_schema, NULL};
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", fixture->folder);
  fixture->sql = sql_pool_open(url, schemas, false, &error);
  g_assert_no_error(error);
  fixture->signing = signing_new(fixture->sql, &error);
  g_assert_no_error(error);
}

static void
close_signing(Fixture *fixture)
{
  signing_free(fixture->signing);
  sql_pool_close(fixture->sql);
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp("assay-signing-XXXXXX", NULL);
  open_signing(fixture);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  close_signing(fixture);
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, NULL));
  g_free(fixture->folder);
}

static char name[] = "release", uri[] = "file:/etc/release.key", repository[] = "prod/**",
            version_tags[] = "v*";

static SigningKey
key_of(GPtrArray *former)
{
  return (SigningKey){.name = name, .uri = uri, .former = former};
}

static void
test_what_needs_what(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  const SigningKey key = key_of(none);
  const AttestorRow attestor = {.name = name, .key = name, .keys = none};
  char *patterns[] = {repository, NULL};
  const SigningRule rule = {.name = name, .attestor = name, .repositories = patterns};
  g_assert_false(signing_add_rule(fixture->signing, &rule, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_false(signing_add_attestor(fixture->signing, &attestor, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_true(signing_add_key(fixture->signing, &key, &error));
  g_assert_true(signing_add_attestor(fixture->signing, &attestor, &error));
  g_assert_true(signing_add_rule(fixture->signing, &rule, &error));
  g_assert_no_error(error);
  g_assert_false(signing_add_key(fixture->signing, &key, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
  g_clear_error(&error);
  g_assert_false(signing_remove_key(fixture->signing, name, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
  g_clear_error(&error);
  g_assert_false(signing_remove_attestor(fixture->signing, name, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
  g_clear_error(&error);
  close_signing(fixture);
  open_signing(fixture);
  g_autoptr(SigningSet) set = signing_get(fixture->signing);
  g_assert_cmpstr(signing_set_key(set, name)->uri, ==, uri);
  g_assert_cmpstr(signing_set_attestor(set, name)->key, ==, name);
  g_assert_cmpstr(signing_set_rule(set, name)->repositories[0], ==, repository);
  uint64_t before = signing_generation(fixture->signing);
  g_assert_true(signing_remove_rule(fixture->signing, name, &error));
  g_assert_true(signing_remove_attestor(fixture->signing, name, &error));
  g_assert_true(signing_remove_key(fixture->signing, name, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(signing_generation(fixture->signing), ==, before + 3);
  /* What was given stays. */
  g_assert_nonnull(signing_set_key(set, name));
  g_autoptr(GPtrArray) events = events_after(fixture->sql, 0, 100, &error);
  g_assert_cmpuint(events->len, ==, 6);
  const Event *last = g_ptr_array_index(events, 5);
  g_assert_cmpstr(last->type, ==, "signing-key.removed");
}

static void
test_refused(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  static const char *const wrong[] = {"", "a b", "-a", "a/b", NULL};
  for (size_t i = 0; wrong[i] != NULL; i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *called = g_strdup(wrong[i]);
    SigningKey key = key_of(none);
    key.name = called;
    g_assert_false(signing_add_key(fixture->signing, &key, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  }
  g_autoptr(GError) error = NULL;
  char text[] = "no key";
  TrustedKey damaged = {.public = text};
  g_autoptr(GPtrArray) keys = g_ptr_array_new();
  g_ptr_array_add(keys, &damaged);
  const AttestorRow attestor = {.name = name, .keys = keys}, empty = {.name = name, .keys = none};
  g_assert_false(signing_add_attestor(fixture->signing, &attestor, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  g_clear_error(&error);
  g_assert_false(signing_add_attestor(fixture->signing, &empty, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
}

/* Of two who read the same row, the second is told. */
static void
test_changed_meanwhile(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  const SigningKey before = key_of(none);
  SigningKey revoked = before, turned = before;
  char word[] = "revoked", other[] = "file:/etc/next.key";
  revoked.state = word;
  turned.uri = other;
  g_assert_true(signing_add_key(fixture->signing, &before, &error));
  g_assert_true(
      signing_change_key(fixture->signing, &revoked, &before, "signing-key.revoked", &error));
  g_assert_no_error(error);
  g_assert_false(
      signing_change_key(fixture->signing, &turned, &before, "signing-key.turned", &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_CHANGED);
  g_autoptr(SigningSet) set = signing_get(fixture->signing);
  g_assert_cmpstr(signing_set_key(set, name)->state, ==, "revoked");
}

static void
test_fits(void)
{
  char *patterns[] = {repository, NULL}, *tags[] = {version_tags, NULL};
  SigningRule rule = {.repositories = patterns};
  g_assert_true(signing_rule_fits(&rule, "prod/team/app", NULL));
  g_assert_false(signing_rule_fits(&rule, "test/app", NULL));
  rule.tags = tags;
  g_assert_false(signing_rule_fits(&rule, "prod/app", NULL));
  g_assert_true(signing_rule_fits(&rule, "prod/app", (const char *[]){"latest", "v1", NULL}));
  g_assert_false(signing_rule_fits(&rule, "prod/app", (const char *[]){"latest", NULL}));
}

/* Of openssl genpkey: two that nobody has. */
#define FIRST_KEY                                                                                  \
  "-----BEGIN PUBLIC KEY-----\n"                                                                   \
  "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"                                 \
  "-----END PUBLIC KEY-----\n"
#define SECOND_KEY                                                                                 \
  "-----BEGIN PUBLIC KEY-----\n"                                                                   \
  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEGDmx89/Q/DCrehPKcktQj0FfEEjg\n"                             \
  "DIHG4fQrCcvkvr5P4jx7FkjcXRSANv1UiYxeLXLACDgN2N+WPFRW4TGwxA==\n"                                 \
  "-----END PUBLIC KEY-----\n"

/* What was signed by a key that was turned over goes on counting, and a revoked one is known. */
static void
test_as_verified_by(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  static char first[] = FIRST_KEY, second[] = SECOND_KEY, one[] = "cosign", version[] = "1";
  char *formats[] = {one, NULL};
  TrustedKey before = {.name = version, .public = first};
  TrustedKey other = {.public = second, .not_after = (int64_t)7 * G_USEC_PER_SEC};
  g_autoptr(GPtrArray) former = g_ptr_array_new(), others = g_ptr_array_new();
  g_ptr_array_add(former, &before);
  g_ptr_array_add(others, &other);
  SigningKey key = key_of(former);
  key.public = second;
  key.revoked = (int64_t)9 * G_USEC_PER_SEC;
  const AttestorRow attestor = {.name = name, .key = name, .keys = others, .formats = formats};
  g_assert_true(signing_add_key(fixture->signing, &key, &error));
  g_assert_true(signing_add_attestor(fixture->signing, &attestor, &error));
  g_assert_no_error(error);
  g_clear_pointer(&other.fingerprint, g_free); /* filled in */
  g_autoptr(SigningSet) set = signing_get(fixture->signing);
  g_autoptr(GPtrArray) attestors = signing_attestors(set);
  g_assert_cmpuint(attestors->len, ==, 1);
  const Attestor *made = g_ptr_array_index(attestors, 0);
  g_assert_cmpstr(made->name, ==, name);
  g_assert_cmpuint(made->formats, ==, 1u << SIGNATURE_COSIGN);
  g_assert_cmpuint(made->keys->len, ==, 3);
  const AttestorKey *present = g_ptr_array_index(made->keys, 0);
  const AttestorKey *last = g_ptr_array_index(made->keys, 1);
  const AttestorKey *theirs = g_ptr_array_index(made->keys, 2);
  g_assert_cmpint(present->revoked_at, ==, 9);
  g_assert_cmpstr(last->name, ==, version);
  g_assert_cmpint(theirs->not_after, ==, 7);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add("/signing/what-needs-what", Fixture, NULL, set_up, test_what_needs_what, tear_down);
  g_test_add("/signing/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add("/signing/as-verified-by", Fixture, NULL, set_up, test_as_verified_by, tear_down);
  g_test_add("/signing/changed-meanwhile", Fixture, NULL, set_up, test_changed_meanwhile,
             tear_down);
  g_test_add_func("/signing/fits", test_fits);
  return g_test_run();
}
