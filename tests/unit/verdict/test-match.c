/* What statements, packages and versions amount to; the tables are in match-cases.h,
 * match-rpm-cases.h, match-os-cases.h and match-maker-cases.h. */
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/json.h"
#include "inspect/overlay.h"
#include "inventory/ecosystem.h"
#include "match-cases.h"
#include "match-maker-cases.h"
#include "match-os-cases.h"
#include "match-rpm-cases.h"
#include "verdict/match.h"

static void
add_statement(AdvisoryBuilder *builder, const MatchCase *test, const Statement *statement,
              const char *name)
{
  g_autoptr(GError) error = NULL;
  AdvisoryRange range = statement->range;
  if (range.ecosystem == NULL)
    range.ecosystem = test->ecosystem;
  if (range.package == NULL)
    range.package = name;
  const char *type = test->package.type;
  range.scheme = strcmp(type, "deb") == 0   ? VERSION_DEBIAN
                 : strcmp(type, "apk") == 0 ? VERSION_APK
                                            : VERSION_RPM;
  g_assert_true(advisory_builder_add_range(builder, &range, &error));
}

/* The case's statements, each with its feed, and feed "knows" with the details. */
static AdvisoryDatabase *
build(const MatchCase *test, const char *path, const char *package)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = advisory_builder_new(path, &error);
  g_assert_no_error(error);
  for (size_t i = 0; i < STATEMENTS && test->statements[i].feed != NULL; i++) {
    AdvisoryFeedStatus feed = {.feed = test->statements[i].feed, .type = "osv", .source = "test"};
    if (i == 0 || strcmp(test->statements[i - 1].feed, feed.feed) != 0)
      g_assert_true(advisory_builder_begin_feed(builder, &feed, &error));
    add_statement(builder, test, &test->statements[i], package);
  }
  AdvisoryFeedStatus knows = {.feed = "knows", .type = "osv", .source = "test"};
  g_assert_true(advisory_builder_begin_feed(builder, &knows, &error));
  for (size_t i = 0; i < G_N_ELEMENTS(test->details) && test->details[i].id != NULL; i++)
    g_assert_true(advisory_builder_add_details(builder, &test->details[i], &error));
  g_assert_true(advisory_builder_finish(builder, &error));
  AdvisoryDatabase *database = advisory_database_open(path, &error);
  g_assert_no_error(error);
  return database;
}

/* A file that was read; its number. */
static unsigned
add_file(LayerInventory *layer, const char *place)
{
  layer_inventory_add_change(layer, CHANGE_FILE, place, NULL);
  return layer_inventory_add_read(layer, layer->changes->len - 1, place, false, NULL);
}

static ImageInventory *
inventory_of(const MatchCase *test, const char **subject)
{
  LayerInventory *layer = layer_inventory_new();
  OsRelease *os = g_new0(OsRelease, 1);
  os->location = g_strdup("etc/os-release");
  os->id = g_strdup(test->os);
  os->version_id = g_strdup(test->version_id);
  g_ptr_array_add(layer->releases, os);
  os->read = add_file(layer, os->location);
  Package *package = g_new0(Package, 1);
  const CasePackage *from = &test->package;
  package->type = g_strdup(from->type);
  package->name = g_strdup(from->name);
  package->version = g_strdup(from->version);
  package->source_name = g_strdup(from->source_name != NULL ? from->source_name : from->name);
  package->source_version =
      g_strdup(from->source_version != NULL ? from->source_version : from->version);
  package->module = g_strdup(from->module);
  package->vendor = g_strdup(from->vendor);
  package->architecture = g_strdup(from->architecture);
  package->location = g_strdup("var/lib/dpkg/status");
  package->read = add_file(layer, package->location);
  g_ptr_array_add(layer->packages, package);
  *subject = strcmp(package->type, "rpm") == 0 ? package->name : package->source_name;
  GPtrArray *layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  g_ptr_array_add(layers, layer);
  return image_inventory_new(layers, NULL, NULL, NULL);
}

static const char *
or_dash(const char *text)
{
  return text != NULL ? text : "-";
}

static char *
describe(const GPtrArray *findings)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    g_string_append_printf(text, "%s%s %s %s(%s) %s -> %s | %s", i == 0 ? "" : "\n", finding->id,
                           advisory_state_name(finding->state), severity_name(finding->severity),
                           or_dash(finding->severity_source), finding->affected,
                           or_dash(finding->fixed_version), finding->remedy);
  }
  return g_string_free(text, FALSE);
}

static char *
describe_ruled_out(const GPtrArray *findings)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    g_assert_cmpint(finding->state, ==, STATE_NOT_AFFECTED);
    g_string_append_printf(text, "%s%s(%s: %s)", i == 0 ? "" : " ", finding->id, finding->feed,
                           or_dash(finding->reason));
  }
  return g_string_free(text, FALSE);
}

/* Adds "CVE-1 high affected 1.2 exploited" to a set. */
static void
note_fact(const MatchFact *fact, void *data)
{
  g_hash_table_add(data,
                   g_strdup_printf("%s %s %s %s%s", fact->id, severity_name(fact->severity),
                                   advisory_state_name(fact->state), or_dash(fact->fixed_version),
                                   fact->known_exploited ? " exploited" : ""));
}

/* The rows of findings and the findings must never tell two stories. */
static void
check_facts(AdvisoryDatabase *database, const ImageInventory *inventory, const GPtrArray *findings)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) facts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) expected = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  const ImagePackage *package = &g_array_index(inventory->packages, ImagePackage, 0);
  bool undecided = false;
  g_autofree char *ecosystem = ecosystem_of_image(inventory->os, package->package->type);
  g_assert_true(match_package_facts(database, ecosystem, package->package, note_fact, facts,
                                    &undecided, &error));
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    MatchFact fact = {finding->id, finding->severity, finding->state, finding->fixed_version,
                      finding->known_exploited};
    note_fact(&fact, expected);
  }
  g_assert_cmpuint(g_hash_table_size(facts), ==, findings->len);
  GHashTableIter iter;
  void *text;
  g_hash_table_iter_init(&iter, expected);
  while (g_hash_table_iter_next(&iter, &text, NULL))
    if (!g_hash_table_contains(facts, text))
      g_error("%s is a finding, and no fact", (const char *)text);
}

static void
test_case(gconstpointer data)
{
  const MatchCase *test = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-match-XXXXXX", &error);
  g_autofree char *path = g_build_filename(folder, "advisories.db", NULL);
  const char *subject;
  g_autoptr(ImageInventory) inventory = inventory_of(test, &subject);
  g_autoptr(AdvisoryDatabase) database = build(test, path, subject);
  /* What packages say of the image as a whole is no vulnerability. */
  g_ptr_array_set_size(inventory->observations, 0);
  g_autoptr(MatchResult) result = match_image(database, inventory, &error);
  g_assert_no_error(error);
  g_autofree char *found = describe(result->findings);
  g_autofree char *ruled_out = describe_ruled_out(result->not_affected);
  g_assert_cmpstr(found, ==, test->expected);
  g_assert_cmpstr(ruled_out, ==, test->ruled_out != NULL ? test->ruled_out : "");
  g_assert_cmpuint(result->third_party->len, ==, test->third_party != NULL);
  if (test->third_party != NULL)
    g_assert_cmpstr(g_ptr_array_index(result->third_party, 0), ==, test->third_party);
  check_facts(database, inventory, result->findings);
  directory_remove(AT_FDCWD, folder, NULL);
}

/* All that requirement R10 lists, from three feeds and two overlays. */
static void
test_everything_known(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-match-XXXXXX", &error);
  g_autofree char *path = g_build_filename(folder, "advisories.db", NULL);
  const MatchCase test = {
      "all",
      "debian",
      "12",
      DEB("p", "1.0"),
      "debian:12",
      {{"a",
        {.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "1.2", .vendor_id = "DSA-1-1"}}},
      {{.id = "CVE-1",
        .aliases = (char *[]){(gpointer)(uintptr_t) "GHSA-1", NULL},
        .title = "A title",
        .description = "What it is",
        .published = "2024-01-01T00:00:00Z",
        .modified = "2024-02-01T00:00:00Z",
        .cvss_vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        .cvss_score = 9.8,
        .severity = SEVERITY_CRITICAL,
        .references = (char *[]){(gpointer)(uintptr_t) "https://example.org/1", NULL},
        .epss_score = -1,
        .epss_percentile = -1},
       {.id = "CVE-1",
        .cvss_score = -1,
        .epss_score = 0.5,
        .epss_percentile = 0.9,
        .known_exploited = true,
        .known_exploited_due = "2024-03-01"}},
      NULL,
      NULL};
  const char *subject;
  g_autoptr(ImageInventory) inventory = inventory_of(&test, &subject);
  g_autoptr(AdvisoryDatabase) database = build(&test, path, subject);
  g_autoptr(MatchResult) result = match_image(database, inventory, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(result->findings->len, ==, 1);
  /* Through JSON, so that what travels is what was found. */
  g_autoptr(json_t) json = finding_to_json(g_ptr_array_index(result->findings, 0));
  Finding *finding = finding_from_json(json, NULL);
  g_assert_cmpstr(finding->title, ==, "A title");
  g_assert_cmpstr(finding->description, ==, "What it is");
  g_assert_cmpstr(finding->aliases[0], ==, "GHSA-1");
  g_assert_cmpstr(finding->vendor_id, ==, "DSA-1-1");
  g_assert_cmpstr(finding->cvss_vector, ==, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
  g_assert_cmpfloat(finding->cvss_score, ==, 9.8);
  g_assert_cmpfloat(finding->epss_score, ==, 0.5);
  g_assert_cmpfloat(finding->epss_percentile, ==, 0.9);
  g_assert_true(finding->known_exploited);
  g_assert_cmpstr(finding->known_exploited_due, ==, "2024-03-01");
  g_assert_cmpint(finding->severity, ==, SEVERITY_CRITICAL);
  g_assert_cmpstr(finding->severity_source, ==, "knows");
  g_assert_cmpstr(finding->references[0], ==, "https://example.org/1");
  g_assert_cmpstr(finding->published, ==, "2024-01-01T00:00:00Z");
  g_assert_cmpstr(finding->location, ==, "var/lib/dpkg/status");
  g_assert_cmpstr(finding->feed, ==, "a");
  finding_free(finding);
  directory_remove(AT_FDCWD, folder, NULL);
}

/* "high(a): a=high b=medium knows=critical/9.8 " */
static char *
write_ratings(const Finding *finding)
{
  GString *text = g_string_new(NULL);
  g_string_printf(text, "%s(%s): ", severity_name(finding->severity), finding->severity_source);
  for (guint r = 0; r < finding->ratings->len; r++) {
    const AdvisoryRating *rating = g_ptr_array_index(finding->ratings, r);
    g_string_append_printf(text, "%s=%s", rating->source, severity_name(rating->severity));
    if (rating->cvss_score >= 0)
      g_string_append_printf(text, "/%.1f", rating->cvss_score);
    g_string_append_c(text, ' ');
  }
  return g_string_free(text, FALSE);
}

/* The distribution's word is shown for its packages, GitHub's for those of applications; what
 * others say stays beside it. */
static void
test_ratings(void)
{
  static const struct {
    const char *os, *ecosystem, *github; /* the vendor's id of the second statement */
    CasePackage package;
    const char *expected;
  } rated[] = {
      {"debian",
       "npm",
       "GHSA-1",
       {.type = "npm", .name = "p", .version = "1.0"},
       "medium(ghsa): ghsa=medium a=high knows=critical/9.8 "},
      {"debian",
       "npm",
       NULL,
       {.type = "npm", .name = "p", .version = "1.0"},
       "high(a): a=high b=medium knows=critical/9.8 "},
      {"debian", "debian:12", NULL, DEB("p", "1.0"),
       "high(a): a=high b=medium knows=critical/9.8 "},
  };
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-match-XXXXXX", &error);
  g_autofree char *path = g_build_filename(folder, "advisories.db", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(rated); i++) {
    const MatchCase test = {
        "ratings",
        rated[i].os,
        "12",
        rated[i].package,
        rated[i].ecosystem,
        {{"a",
          {.id = "CVE-1", .state = STATE_FIXED, .fixed_version = "2", .severity = SEVERITY_HIGH}},
         {"b",
          {.id = "CVE-1",
           .state = STATE_FIXED,
           .fixed_version = "2",
           .severity = SEVERITY_MEDIUM,
           .vendor_id = rated[i].github}}},
        {{.id = "CVE-1",
          .cvss_vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
          .cvss_score = 9.8,
          .severity = SEVERITY_CRITICAL,
          .epss_score = -1,
          .epss_percentile = -1}},
        NULL,
        NULL};
    const char *subject;
    g_autoptr(ImageInventory) inventory = inventory_of(&test, &subject);
    g_autoptr(AdvisoryDatabase) database = build(&test, path, subject);
    g_autoptr(MatchResult) result = match_image(database, inventory, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(result->findings->len, ==, 1);
    g_autoptr(json_t) json = finding_to_json(g_ptr_array_index(result->findings, 0));
    Finding *finding = finding_from_json(json, NULL);
    g_autofree char *text = write_ratings(finding);
    g_assert_cmpstr(text, ==, rated[i].expected);
    finding_free(finding);
  }
  directory_remove(AT_FDCWD, folder, NULL);
}

static void
test_a_distribution_that_nobody_knows(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-match-XXXXXX", &error);
  g_autofree char *path = g_build_filename(folder, "advisories.db", NULL);
  const MatchCase test = {"unknown",       "debian",    "99",
                          DEB("p", "1.0"), "debian:12", {{"a", FIXED("CVE-1", "1.2")}},
                          {{0}},           NULL,        NULL};
  const char *subject;
  g_autoptr(ImageInventory) inventory = inventory_of(&test, &subject);
  g_autoptr(AdvisoryDatabase) database = build(&test, path, subject);
  g_autoptr(MatchResult) result = match_image(database, inventory, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(result->findings->len, ==, 0);
  g_assert_cmpuint(result->uncovered->len, ==, 1);
  g_assert_cmpstr(g_ptr_array_index(result->uncovered, 0), ==, "debian:99 (deb packages)");
  g_assert_cmpstr(g_ptr_array_index(result->gaps, 0), ==,
                  "there are no advisories for debian:99 (deb packages)");
  g_assert_nonnull(strstr(g_ptr_array_index(result->notes, 0), "debian:99"));
  directory_remove(AT_FDCWD, folder, NULL);
}

static void
add_cases(const MatchCase *list, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    g_autofree char *path = g_strdup_printf("/match/%s", list[i].name);
    g_test_add_data_func(path, &list[i], test_case);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  add_cases(cases, G_N_ELEMENTS(cases));
  add_cases(rpm_cases, G_N_ELEMENTS(rpm_cases));
  add_cases(maker_cases, G_N_ELEMENTS(maker_cases));
  add_cases(os_cases, G_N_ELEMENTS(os_cases));
  g_test_add_func("/match-everything-known", test_everything_known);
  g_test_add_func("/match-ratings", test_ratings);
  g_test_add_func("/match-unknown-distribution", test_a_distribution_that_nobody_knows);
  return g_test_run();
}
