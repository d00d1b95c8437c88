/* Until when there are advisories for a release. */
#include "inventory/end_of_life.h"

#include <string.h>

#include "inventory/ecosystem.h"

static void
test_releases(void)
{
  static const struct {
    const char *id, *version_id, *codename, *end, *pretty_name;
  } cases[] = {
      {"debian", "9", "stretch", "2022-07-01"},
      {"debian", "11", "bullseye", "2026-08-31"}, /* with LTS */
      {"debian", NULL, "forky", NULL},
      {"devuan", "2", "ascii", "2022-07-01"},
      {"ubuntu", "18.04", "bionic", "2023-05-31"},
      {"alpine", "3.15.4", NULL, "2023-11-01"},
      {"alpine", "3.24.0_alpha1", NULL, NULL},
      {"centos", "7", NULL, "2024-06-30", "CentOS Linux 7 (Core)"},
      {"centos", "8", NULL, "2021-12-31", "CentOS Linux 8"},
      {"centos", "8", NULL, "2024-05-31", "CentOS Stream 8"},
      {"rhel", "7.9", NULL, "2024-06-30"},
      {"rocky", "8.9", NULL, "2029-05-31"},
      {"ol", "7.9", NULL, "2024-12-31"},
      {"amzn", "2", NULL, "2026-06-30"},
      {"fedora", "40", NULL, "2025-05-13"},
      {"sles", "15", NULL, "2019-12-31"},
      {"sles", "15.5", NULL, "2024-12-31"},
      {"opensuse-leap", "15.5", NULL, "2024-12-31"},
      {"opensuse-tumbleweed", "20260101", NULL, NULL},
      {"photon", "3.0", NULL, "2025-10-02"},
      {"wolfi", "20230201", NULL, NULL},
      {"unheard-of", "1", NULL, NULL},
      {"debian", NULL, NULL, NULL},
  };
  g_assert_null(end_of_life_of(NULL));
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    OsRelease os = {.id = (char *)(uintptr_t)cases[i].id,
                    .version_id = (char *)(uintptr_t)cases[i].version_id,
                    .pretty_name = (char *)(uintptr_t)cases[i].pretty_name,
                    .codename = (char *)(uintptr_t)cases[i].codename};
    const EndOfLife *life = end_of_life_of(&os);
    g_test_message("%s %s", cases[i].id, cases[i].version_id);
    g_assert_cmpstr(life != NULL ? life->end : NULL, ==, cases[i].end);
  }
}

static void
test_the_day(void)
{
  const EndOfLife life = {"debian", "9", "2022-07-01", NULL};
  g_assert_false(end_of_life_is_past(&life, "2022-06-30"));
  g_assert_false(end_of_life_is_past(&life, "2022-07-01"));
  g_assert_true(end_of_life_is_past(&life, "2022-07-02"));
}

static void
test_words(void)
{
  OsRelease old = {.id = (char *)(uintptr_t) "debian",
                   .version_id = (char *)(uintptr_t) "9",
                   .pretty_name = (char *)(uintptr_t) "Debian\033 9"};
  g_autofree char *said = end_of_life_in_words(&old);
  g_assert_cmpstr(
      said, ==,
      "Debian? 9 reached its end of life on 2022-07-01: advisories for it are no longer "
      "published, so it may have vulnerabilities that are not found");
  OsRelease paid = {.id = (char *)(uintptr_t) "ubuntu", .version_id = (char *)(uintptr_t) "20.04"};
  g_autofree char *except = end_of_life_in_words(&paid);
  g_assert_nonnull(strstr(except, "ubuntu 20.04 reached its end of life on 2025-05-31"));
  /* As long as somebody pays for it. */
  g_autoptr(GDateTime) now = g_date_time_new_now_utc();
  g_assert_cmpint(strstr(except, "with Ubuntu Pro, until 2030-04-02)") != NULL, ==,
                  g_date_time_get_year(now) < 2030);
  OsRelease none = {.id = (char *)(uintptr_t) "wolfi"};
  g_assert_null(end_of_life_in_words(&none));
  g_assert_null(end_of_life_in_words(NULL));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/end-of-life/releases", test_releases);
  g_test_add_func("/end-of-life/the-day", test_the_day);
  g_test_add_func("/end-of-life/words", test_words);
  return g_test_run();
}
