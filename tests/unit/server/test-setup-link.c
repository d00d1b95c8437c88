/* The one-time link to the first administrator: what ends it. */
#include "server/setup_link.h"

#include "../access/fixture.h"
#include "access/credentials/secrets.h"
#include "access/people/people.h"

#define START   ((int64_t)1000000)
#define MINUTES ((int64_t)60 * G_USEC_PER_SEC)

typedef struct {
  Fixture base;
  SetupLink *link;
} Place;

static void
open_place(Place *place, gconstpointer data)
{
  set_up(&place->base, data);
  place->link = setup_link_new(place->base.access);
}

static void
close_place(Place *place, gconstpointer data)
{
  setup_link_free(place->link);
  tear_down(&place->base, data);
}

static void
test_before_it_is_made(Place *place, gconstpointer data)
{
  static const char *const shown[] = {"", "assay_setup_", "0"};
  for (size_t i = 0; i < G_N_ELEMENTS(shown); i++)
    g_assert_false(setup_link_check(place->link, shown[i], 0, NULL));
}

static void
test_time(Place *place, gconstpointer data)
{
  static const struct {
    const char *name;
    int64_t after; /* minutes */
    bool counts;
  } cases[] = {{"at once", 0, true},
               {"after 59", 59, true},
               {"after an hour", 60, false},
               {"next day", 1500, false}};
  g_autoptr(SecretText) first = setup_link_make(place->link, START);
  g_autoptr(SecretText) secret = setup_link_make(place->link, START);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    int64_t now = START + cases[i].after * MINUTES;
    g_autoptr(GError) error = NULL;
    if (setup_link_check(place->link, secret, now, &error) != cases[i].counts)
      g_error("%s", cases[i].name);
    g_assert_false(setup_link_check(place->link, first, now, NULL));
    if (!cases[i].counts) {
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
      g_assert_false(setup_link_use(place->link, secret, "late", "correct horse", now, NULL));
    }
  }
  g_assert_cmpint(number_of(place->base.sql, "SELECT count(*) FROM principals"), ==, 0);
}

static void
test_use(Place *place, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(SecretText) secret = setup_link_make(place->link, START);
  g_assert_false(setup_link_use(place->link, secret, "alice", "short", START, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  g_clear_error(&error);
  g_assert_true(setup_link_use(place->link, secret, "alice", "correct horse", START, &error));
  g_assert_no_error(error);
  g_assert_false(setup_link_use(place->link, secret, "bob", "correct horse", START, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  /* Also where that administrator is gone again, who stays while there is no other. */
  const NewPerson root = {.name = "root", .password = "correct horse", .administrator = true};
  g_assert_false(people_delete(place->base.access, "alice", "operator", NULL));
  g_assert_true(people_create(place->base.access, &root, "operator", NULL));
  g_assert_true(people_delete(place->base.access, "alice", "operator", NULL));
  g_assert_false(setup_link_check(place->link, secret, START, NULL));
}

static void
test_another_way(Place *place, gconstpointer data)
{
  g_autoptr(SecretText) secret = setup_link_make(place->link, START);
  const NewPerson plain = {.name = "bob", .password = "correct horse"};
  const NewPerson root = {.name = "root", .password = "correct horse", .administrator = true};
  g_assert_true(people_create(place->base.access, &plain, "operator", NULL));
  g_assert_true(setup_link_check(place->link, secret, START, NULL));
  g_assert_true(people_create(place->base.access, &root, "operator", NULL));
  g_assert_false(setup_link_check(place->link, secret, START, NULL));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add("/setup-link/before", Place, NULL, open_place, test_before_it_is_made, close_place);
  g_test_add("/setup-link/time", Place, NULL, open_place, test_time, close_place);
  g_test_add("/setup-link/use", Place, NULL, open_place, test_use, close_place);
  g_test_add("/setup-link/another-way", Place, NULL, open_place, test_another_way, close_place);
  return g_test_run();
}
