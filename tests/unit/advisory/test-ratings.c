/* What several sources say of how bad a vulnerability is, and of what kind. */
#include "database-fixture.h"

/* What each source says stays, and GitHub's is shown, whichever feed came first. */
static void
test_ratings(Fixture *fixture, gconstpointer data)
{
  const char *const critical = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                    *const medium = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N";
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "ubuntu");
  add(builder, (AdvisoryRange){.id = "CVE-1", .ecosystem = "npm", .package = "p"});
  const AdvisoryDetails of_ubuntu = {.id = "CVE-1",
                                     .word = SEVERITY_LOW,
                                     .severity = SEVERITY_CRITICAL,
                                     .cvss_vector = critical,
                                     .cvss_score = 9.8,
                                     .epss_score = -1};
  const AdvisoryDetails of_github = {.id = "CVE-1",
                                     .severity_source = ADVISORY_SOURCE_GHSA,
                                     .severity = SEVERITY_MEDIUM,
                                     .cvss_vector = medium,
                                     .cvss_score = 5.3,
                                     .epss_score = -1};
  g_assert_true(advisory_builder_add_details(builder, &of_ubuntu, &error));
  g_assert_true(advisory_builder_begin_feed(builder, &(AdvisoryFeedStatus){.feed = "npm"}, &error));
  g_assert_true(advisory_builder_add_details(builder, &of_github, &error));
  finish(builder);

  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_autoptr(AdvisoryDetails) details = advisory_database_details(database, "CVE-1", &error);
  g_assert_no_error(error);
  g_assert_cmpint(details->severity, ==, SEVERITY_MEDIUM);
  g_assert_cmpstr(details->severity_source, ==, "ghsa");
  g_assert_cmpstr(details->cvss_vector, ==, medium);
  g_assert_cmpuint(details->ratings->len, ==, 2);
  const AdvisoryRating *first = g_ptr_array_index(details->ratings, 0),
                       *second = g_ptr_array_index(details->ratings, 1);
  g_assert_cmpstr(first->source, ==, "ghsa");
  g_assert_cmpstr(second->source, ==, "ubuntu");
  g_assert_cmpint(second->severity, ==, SEVERITY_LOW);
  g_assert_cmpstr(second->cvss_vector, ==, critical);
}

/* A single source is rated as well, whether its word is what is shown or not. */
static void
test_one_source(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "npm");
  const AdvisoryDetails all[] = {
      {.id = "CVE-1", .severity = SEVERITY_HIGH, .cvss_score = -1, .epss_score = -1},
      {.id = "CVE-2",
       .severity = SEVERITY_HIGH,
       .word = SEVERITY_LOW,
       .cvss_score = -1,
       .epss_score = -1},
      {.id = "CVE-3", .cvss_score = -1, .epss_score = -1}};
  const Severity expected[] = {SEVERITY_HIGH, SEVERITY_LOW, SEVERITY_UNKNOWN};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
    add(builder, (AdvisoryRange){.id = all[i].id, .ecosystem = "npm", .package = "p"});
    g_assert_true(advisory_builder_add_details(builder, &all[i], &error));
  }
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
    g_autoptr(AdvisoryDetails) details = advisory_database_details(database, all[i].id, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(details->ratings->len, ==, expected[i] != SEVERITY_UNKNOWN);
    const AdvisoryRating *rating =
        details->ratings->len > 0 ? g_ptr_array_index(details->ratings, 0) : NULL;
    g_assert_cmpint(rating != NULL ? rating->severity : SEVERITY_UNKNOWN, ==, expected[i]);
    g_assert_cmpstr(rating != NULL ? rating->source : "npm", ==, "npm");
  }
}

/* Of all sources, the first one's first; and of none. */
static void
test_cwes(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "npm");
  const AdvisoryDetails of_first = {
      .id = "CVE-1", .cvss_score = -1, .epss_score = -1, .cwes = {{79, 1333}}};
  const AdvisoryDetails of_second = {
      .id = "CVE-1", .cvss_score = -1, .epss_score = -1, .cwes = {{20, 79, 65535}}};
  const AdvisoryDetails of_none = {.id = "CVE-2", .cvss_score = -1, .epss_score = -1};
  add(builder, (AdvisoryRange){.id = "CVE-1", .ecosystem = "npm", .package = "p"});
  add(builder, (AdvisoryRange){.id = "CVE-2", .ecosystem = "npm", .package = "p"});
  g_assert_true(advisory_builder_add_details(builder, &of_first, &error));
  g_assert_true(advisory_builder_add_details(builder, &of_none, &error));
  g_assert_true(advisory_builder_begin_feed(builder, &(AdvisoryFeedStatus){.feed = "b"}, &error));
  g_assert_true(advisory_builder_add_details(builder, &of_second, &error));
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_autoptr(AdvisoryDetails) details = advisory_database_details(database, "CVE-1", &error);
  g_autoptr(AdvisoryDetails) none = advisory_database_details(database, "CVE-2", &error);
  g_assert_no_error(error);
  g_auto(GStrv) ids = cwes_to_ids(&details->cwes), no_ids = cwes_to_ids(&none->cwes);
  g_autofree char *told = g_strjoinv(" ", ids);
  g_assert_cmpstr(told, ==, "CWE-79 CWE-1333 CWE-20 CWE-65535");
  g_assert_cmpuint(cwe_number(ids[1]), ==, 1333);
  g_assert_null(no_ids);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add("/advisory/ratings", Fixture, NULL, set_up, test_ratings, tear_down);
  g_test_add("/advisory/ratings-of-one", Fixture, NULL, set_up, test_one_source, tear_down);
  g_test_add("/advisory/cwes", Fixture, NULL, set_up, test_cwes, tear_down);
  return g_test_run();
}
