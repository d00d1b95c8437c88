/* What is said of a certificate as time passes. */
#include <glib.h>
#include <string.h>

#include "server/http/certificate.h"

#define DAY  ((int64_t)86400)
#define FROM ((int64_t)1700000000)

static void
test_problems(void)
{
  static const struct {
    int64_t now;
    const char *says; /* NULL: nothing */
  } cases[] = {
      {FROM - 1, "not valid before 2023-11-14 22:13 UTC"},
      {FROM, NULL},
      {FROM + 85 * DAY, NULL},
      {FROM + 86 * DAY, "expires on 2024-02-22 22:13 UTC, in 14 days"},
      {FROM + 99 * DAY - 1, "in 1 day:"},
      {FROM + 100 * DAY - 1, "in 0 days:"},
      {FROM + 100 * DAY, "expired on 2024-02-22 22:13 UTC"},
      {FROM + 9000 * DAY, "expired on"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    CertificateTimes times = {FROM, FROM + 100 * DAY, INT64_MAX};
    g_autofree char *problem = certificate_problem(times, cases[i].now);
    g_test_message("%s", problem != NULL ? problem : "nothing");
    g_assert_cmpint(problem == NULL, ==, cases[i].says == NULL);
    g_assert_true(problem == NULL || strstr(problem, cases[i].says) != NULL);
  }
}

static void
test_chain(void)
{
  g_autofree char *before = certificate_problem(
      (CertificateTimes){FROM, FROM + 100 * DAY, FROM + 40 * DAY}, FROM + 20 * DAY);
  g_autofree char *soon = certificate_problem(
      (CertificateTimes){FROM, FROM + 100 * DAY, FROM + 40 * DAY}, FROM + 30 * DAY);
  g_autofree char *after = certificate_problem(
      (CertificateTimes){FROM, FROM + 100 * DAY, FROM + 40 * DAY}, FROM + 50 * DAY);
  g_assert_null(before);
  g_assert_nonnull(strstr(soon, "another certificate of its file expires on"));
  g_assert_nonnull(strstr(after, "another certificate of its file expired on"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/certificate/problems", test_problems);
  g_test_add_func("/certificate/chain", test_chain);
  return g_test_run();
}
