/* What is built can be read; what is replaced is noticed. */
#include <stdio.h>
#include <string.h>

#include "advisory/database/record-private.h"
#include "advisory/database/table-private.h"
#include "database-fixture.h"

#define MANY_STATEMENTS 200000u

static char *
look_up(AdvisoryDatabase *database, const char *ecosystem, const char *package)
{
  g_autoptr(GError) error = NULL;
  GString *text = g_string_new(NULL);
  g_assert_true(advisory_database_lookup(database, ecosystem, package, describe, text, &error));
  g_assert_no_error(error);
  return g_string_free(text, false);
}

static void
test_round_trip(Fixture *fixture, gconstpointer data)
{
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "feed");
  g_autofree char *long_name = g_strnfill(3000, 'n');
  add(builder, (AdvisoryRange){.id = "CVE-2024-1",
                               .ecosystem = "debian:12",
                               .package = "openssl",
                               .state = STATE_FIXED,
                               .severity = SEVERITY_HIGH,
                               .fixed_version = "3.0.1-1",
                               .vendor_id = "DSA-1-1"});
  add(builder, (AdvisoryRange){.id = "CVE-2024-2",
                               .ecosystem = "debian:12",
                               .package = "openssl",
                               .state = STATE_WILL_NOT_FIX,
                               .release_version = "3.0.0-1",
                               .note = "Minor issue"});
  add(builder, (AdvisoryRange){.id = "CVE-2024-1",
                               .ecosystem = "almalinux:9",
                               .package = "openssl",
                               .module = "m:1",
                               .introduced = "1",
                               .scheme = VERSION_RPM,
                               .state = STATE_AFFECTED});
  /* Said twice, kept once. */
  for (int i = 0; i < 2; i++)
    add(builder, (AdvisoryRange){.id = "X", .ecosystem = "go", .package = long_name});
  g_autoptr(GError) error = NULL;
  g_assert_false(advisory_builder_add_range(
      builder, &(AdvisoryRange){.id = "", .ecosystem = "go", .package = "p"}, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  g_clear_error(&error);
  finish(builder);

  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_autofree char *debian = look_up(database, "debian:12", "openssl");
  g_assert_cmpstr(
      debian, ==,
      "CVE-2024-1|debian:12|openssl|feed|fixed|high|-|-|3.0.1-1|DSA-1-1|-|0|0;"
      "CVE-2024-2|debian:12|openssl|feed|will-not-fix|unknown|-|-|-|-|Minor issue|0|0|-|3.0.0-1;");
  g_autofree char *alma = look_up(database, "almalinux:9", "openssl");
  g_assert_cmpstr(alma, ==,
                  "CVE-2024-1|almalinux:9|openssl|feed|affected|unknown|m:1|1|-|-|-|2|0;");
  g_autofree char *none = look_up(database, "debian:12", "open");
  g_assert_cmpstr(none, ==, "");
  g_autofree char *named_long = look_up(database, "go", long_name);
  g_assert_true(g_str_has_prefix(named_long, "X|go|nnn"));
  g_assert_cmpuint(strlen(named_long), <, 3200);
  g_assert_true(advisory_database_covers(database, "debian:12", NULL));
  g_assert_false(advisory_database_covers(database, "debian:11", NULL));

  g_autoptr(GPtrArray) feeds = advisory_database_feeds(database, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(feeds->len, ==, 1);
  const AdvisoryFeedStatus *status = feeds->pdata[0];
  g_assert_cmpstr(status->feed, ==, "feed");
  g_assert_cmpuint(status->count, ==, 5);
  g_assert_cmpint(status->updated, ==, 17);
}

static void
test_architectures_are_kept(Fixture *fixture, gconstpointer data)
{
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "feed");
  add(builder, (AdvisoryRange){.id = "CVE-2024-3",
                               .ecosystem = "ol:7",
                               .package = "rsyslog",
                               .state = STATE_FIXED,
                               .fixed_version = "2-1",
                               .architectures = "aarch64,noarch"});
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_autofree char *oracle = look_up(database, "ol:7", "rsyslog");
  g_assert_cmpstr(oracle, ==,
                  "CVE-2024-3|ol:7|rsyslog|feed|fixed|unknown|-|-|2-1|-|-|0|0|aarch64,noarch|-;");
}

static void
test_details_are_merged(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "first");
  g_auto(GStrv) aliases = g_strsplit("GHSA-1", " ", 0);
  g_auto(GStrv) more = g_strsplit("GHSA-1 PYSEC-2", " ", 0);
  g_autofree char *text = g_strnfill(100000, 'x');
  add(builder, (AdvisoryRange){.id = "CVE-1", .ecosystem = "npm", .package = "p"});
  AdvisoryDetails first = {.id = "CVE-1",
                           .aliases = aliases,
                           .title = "one",
                           .cvss_score = -1,
                           .epss_score = -1,
                           .epss_percentile = -1};
  AdvisoryDetails second = {.id = "CVE-1",
                            .aliases = more,
                            .title = "two",
                            .description = text,
                            .cvss_vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                            .cvss_score = 9.8,
                            .severity = SEVERITY_CRITICAL,
                            .epss_score = 0.12345,
                            .epss_percentile = 1.0,
                            .known_exploited = true,
                            .known_exploited_due = "2024-01-01"};
  AdvisoryDetails unused = {.id = "CVE-2", .title = "of no package here"};
  g_assert_true(advisory_builder_add_details(builder, &first, &error));
  g_assert_true(
      advisory_builder_begin_feed(builder, &(AdvisoryFeedStatus){.feed = "second"}, &error));
  g_assert_true(advisory_builder_add_details(builder, &second, &error));
  g_assert_true(advisory_builder_add_details(builder, &unused, &error));
  finish(builder);

  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  const char *const names[] = {"CVE-1", "GHSA-1", "PYSEC-2"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autoptr(AdvisoryDetails) details = advisory_database_details(database, names[i], &error);
    g_assert_no_error(error);
    g_assert_nonnull(details);
    g_assert_cmpstr(details->id, ==, "CVE-1");
    g_assert_cmpstr(details->title, ==, "one");
    g_assert_cmpuint(g_strv_length(details->aliases), ==, 2);
    g_assert_cmpuint(strlen(details->description), ==, RECORD_TEXT_MAX);
    g_assert_cmpfloat_with_epsilon(details->cvss_score, 9.8, 1e-9);
    g_assert_cmpfloat_with_epsilon(details->epss_score, 0.12345, 1e-9);
    g_assert_cmpint(details->severity, ==, SEVERITY_CRITICAL);
    g_assert_cmpstr(details->severity_source, ==, "second");
    g_assert_true(details->known_exploited);
    g_assert_cmpstr(details->known_exploited_due, ==, "2024-01-01");
  }
  g_assert_null(advisory_database_details(database, "CVE-2", &error));
  g_assert_no_error(error);
}

/* What a package suite lets us conclude gives way to what an advisory states. */
/* Texts wait in a file: more of them than its buffer holds, and such as another feed adds to. */
static void
test_texts_wait(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "first");
  g_autofree char *text = g_strnfill(2000, 'x');
  for (unsigned round = 0; round < 2; round++)
    for (unsigned i = 0; i < 500; i++) {
      g_autofree char *id = g_strdup_printf("CVE-2024-%u", 1000 + i);
      g_autofree char *said = g_strdup_printf("%s %u %u", id, round, i % 3);
      g_autofree char *description = g_strconcat(said, " ", text, NULL);
      char *references[] = {said, NULL};
      /* A third has texts of the first round alone, a third of both, a third of the second. */
      bool has = round == 0 ? i % 3 < 2 : i % 3 > 0;
      AdvisoryDetails details = {.id = id,
                                 .description = has ? description : NULL,
                                 .references = has ? references : NULL,
                                 .cvss_score = -1,
                                 .epss_score = -1,
                                 .epss_percentile = -1};
      add(builder, (AdvisoryRange){.id = id, .ecosystem = "npm", .package = "p"});
      g_assert_true(advisory_builder_add_details(builder, &details, &error));
    }
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  for (unsigned i = 0; i < 500; i++) {
    g_autofree char *id = g_strdup_printf("CVE-2024-%u", 1000 + i);
    g_autoptr(AdvisoryDetails) details = advisory_database_details(database, id, &error);
    g_autofree char *said = g_strdup_printf("%s %u %u ", id, i % 3 == 2 ? 1u : 0u, i % 3);
    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(details->description, said));
    g_assert_cmpuint(g_strv_length(details->references), ==, i % 3 == 1 ? 2 : 1);
  }
}

static void
test_derived_gives_way(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "suite");
  AdvisoryRange derived = {.ecosystem = "debian:12",
                           .package = "p",
                           .state = STATE_FIXED,
                           .fixed_version = "2",
                           .derived = true};
  const char *const ids[] = {"CVE-1", "CVE-2", "bookworm-security/p/2", "bookworm-security/p/3"};
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
    derived.id = ids[i];
    derived.fixed_version = i == 3 ? "3" : "2";
    add(builder, derived);
  }
  g_assert_true(
      advisory_builder_begin_feed(builder, &(AdvisoryFeedStatus){.feed = "tracker"}, &error));
  add(builder, (AdvisoryRange){.id = "CVE-1",
                               .ecosystem = "debian:12",
                               .package = "p",
                               .state = STATE_FIXED,
                               .fixed_version = "2"});
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_autofree char *found = look_up(database, "debian:12", "p");
  g_assert_cmpstr(found, ==,
                  "CVE-2|debian:12|p|suite|fixed|unknown|-|-|2|-|-|0|1;"
                  "bookworm-security/p/3|debian:12|p|suite|fixed|unknown|-|-|3|-|-|0|1;"
                  "CVE-1|debian:12|p|tracker|fixed|unknown|-|-|2|-|-|0|0;");
}

/* Whose packages are spoken of, by architecture: what is not spoken of is not clean. */
static void
test_architectures_covered(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *ecosystem, *architecture;
    bool covered;
  } cases[] = {
      {"ol:7", NULL, true},       {"ol:7", "x86_64", true},   {"ol:7", "i386", true},
      {"ol:7", "noarch", true},   {"ol:7", "aarch64", false}, {"ol:8", "x86_64", true},
      {"ol:8", "aarch64", true},  {"ol:9", "x86_64", true},   {"debian:12", "amd64", true},
      {"debian:12", "all", true}, {"debian:11", NULL, false}, {"empty", "x86_64", true},
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "errata");
  add(builder, (AdvisoryRange){
                   .id = "X", .ecosystem = "ol:7", .package = "p", .architectures = "x86_64,i686"});
  add(builder,
      (AdvisoryRange){.id = "X", .ecosystem = "ol:8", .package = "p", .architectures = "x86_64"});
  add(builder,
      (AdvisoryRange){.id = "X", .ecosystem = "ol:9", .package = "p", .architectures = "noarch"});
  add(builder, (AdvisoryRange){.id = "X", .ecosystem = "debian:12", .package = "p"});
  advisory_builder_add_ecosystem(builder, "empty");
  g_assert_true(advisory_builder_begin_feed(builder, &(AdvisoryFeedStatus){.feed = "all"}, &error));
  advisory_builder_add_ecosystem(builder, "ol:7");
  add(builder, (AdvisoryRange){.id = "X", .ecosystem = "ol:8", .package = "p"});
  g_assert_true(
      advisory_builder_begin_feed(builder, &(AdvisoryFeedStatus){.feed = "broken"}, &error));
  add(builder,
      (AdvisoryRange){.id = "X", .ecosystem = "ol:7", .package = "p", .architectures = "aarch64"});
  advisory_builder_drop_feed(builder);
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("%s %s", cases[i].ecosystem, cases[i].architecture);
    g_assert_cmpint(advisory_database_covers(database, cases[i].ecosystem, cases[i].architecture),
                    ==, cases[i].covered);
  }
}

/* A feed that broke in the middle is taken back with all that it spoke of: a release that counts as
 * looked after, though nothing is known of it, would pass for free of findings. */
static void
test_dropped_feed_covers_nothing(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "good");
  add(builder, (AdvisoryRange){.id = "X", .ecosystem = "both", .package = "p"});
  g_assert_true(
      advisory_builder_begin_feed(builder, &(AdvisoryFeedStatus){.feed = "broken"}, &error));
  advisory_builder_add_ecosystem(builder, "named");
  add(builder, (AdvisoryRange){.id = "X", .ecosystem = "both", .package = "p"});
  add(builder, (AdvisoryRange){.id = "X", .ecosystem = "own", .package = "p"});
  advisory_builder_drop_feed(builder);
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_assert_true(advisory_database_covers(database, "both", NULL));
  g_assert_false(advisory_database_covers(database, "named", NULL));
  g_assert_false(advisory_database_covers(database, "own", NULL));
}

static void
test_replacement(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_assert_null(advisory_database_open(fixture->path, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_clear_error(&error);

  g_autoptr(AdvisoryBuilder) first = new_builder(fixture, "feed");
  finish(first);
  g_autoptr(AdvisoryDatabase) old = open_database(fixture);
  g_assert_false(advisory_database_is_stale(old));

  g_autoptr(AdvisoryBuilder) given_up = new_builder(fixture, "feed");
  add(given_up, (AdvisoryRange){.id = "X", .ecosystem = "e", .package = "p"});
  g_clear_pointer(&given_up, advisory_builder_free);
  g_assert_false(advisory_database_is_stale(old));

  g_autoptr(AdvisoryBuilder) second = new_builder(fixture, "feed");
  add(second, (AdvisoryRange){.id = "X", .ecosystem = "e", .package = "p"});
  finish(second);
  g_assert_true(advisory_database_is_stale(old));
  g_assert_false(advisory_database_covers(old, "e", NULL));
  g_autoptr(AdvisoryDatabase) new = open_database(fixture);
  g_assert_true(advisory_database_covers(new, "e", NULL));
  g_assert_cmpstr(advisory_database_generation(old), !=, advisory_database_generation(new));

  g_autoptr(GDir) folder = g_dir_open(fixture->folder, 0, &error);
  g_assert_cmpstr(g_dir_read_name(folder), ==, "advisories.db");
  g_assert_null(g_dir_read_name(folder));
}

/* Longer than any version is: cut, but not inside a character. */
static void
test_long_strings(Fixture *fixture, gconstpointer data)
{
  g_autofree char *dots = g_strnfill(RECORD_STRING_MAX - 1, '.');
  g_autofree char *version = g_strconcat(dots, "\xc3\xa4", NULL);
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "feed");
  add(builder,
      (AdvisoryRange){.id = "X", .ecosystem = "e", .package = "p", .fixed_version = version});
  finish(builder);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_autofree char *found = look_up(database, "e", "p");
  g_assert_true(g_utf8_validate(found, -1, NULL));
  g_assert_nonnull(strstr(found, dots));
}

static bool
count_range(const AdvisoryRange *range, void *data)
{
  (*(unsigned *)data)++;
  return true;
}

/* 200,000 statements on 20,000 packages: built in seconds, read in microseconds. */
static void
test_many(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  gint64 start = g_get_monotonic_time();
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "feed");
  for (unsigned i = 0; i < MANY_STATEMENTS; i++) {
    g_autofree char *id = g_strdup_printf("CVE-2024-%u", i / 4);
    g_autofree char *package = g_strdup_printf("package-%u", i % 20000);
    add(builder,
        (AdvisoryRange){
            .id = id, .ecosystem = "debian:12", .package = package, .fixed_version = "1.2-3"});
  }
  finish(builder);
  g_test_message("built in %.2f s", (double)(g_get_monotonic_time() - start) / 1e6);

  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  unsigned found = 0;
  start = g_get_monotonic_time();
  for (unsigned i = 0; i < 20000; i++) {
    g_autofree char *package = g_strdup_printf("package-%u", i);
    g_assert_true(
        advisory_database_lookup(database, "debian:12", package, count_range, &found, &error));
  }
  g_test_message("a look-up took %.2f us", (double)(g_get_monotonic_time() - start) / 20000);
  g_assert_cmpuint(found, ==, MANY_STATEMENTS);
}

/* Every cut and every changed byte of a record is an error or another record, never a crash. */
static void
test_damaged_records(void)
{
  AdvisoryRange ranges[] = {{.id = "CVE-1", .feed = "f", .fixed_version = "1"},
                            {.id = "CVE-2", .feed = "f", .note = "n"}};
  g_auto(GStrv) list = g_strsplit("https://example.org/", " ", 0);
  AdvisoryDetails details = {.title = "t", .references = list, .cvss_score = 5.0};
  g_autoptr(GByteArray) range_record = g_byte_array_new();
  g_autoptr(GByteArray) details_record = g_byte_array_new();
  record_encode_ranges(ranges, G_N_ELEMENTS(ranges), range_record);
  record_encode_details(&details, details_record);
  unsigned found = 0;
  for (guint size = 0; size < range_record->len; size++)
    g_assert_false(record_decode_ranges(slice_new(range_record->data, size), "e", "p", count_range,
                                        &found, NULL));
  for (guint size = 0; size < details_record->len; size++)
    g_assert_null(record_decode_details(slice_new(details_record->data, size), "CVE-1", NULL));
  /* A string without even its NUL. */
  g_assert_false(record_decode_ranges(
      slice_new("\x01\x00\x01\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00", 15), "e", "p",
      count_range, &found, NULL));
  for (guint at = 0; at < range_record->len; at++)
    for (unsigned value = 0; value < 256; value += 5) {
      uint8_t kept = range_record->data[at];
      range_record->data[at] = (uint8_t)value;
      (void)record_decode_ranges(slice_new(range_record->data, range_record->len), "e", "p",
                                 count_range, &found, NULL);
      range_record->data[at] = kept;
    }
}

static void
test_words(void)
{
  static const struct {
    const char *word;
    Severity severity;
    bool known;
  } cases[] = {
      {"Important", SEVERITY_HIGH, true},    {"MODERATE", SEVERITY_MEDIUM, true},
      {"critical", SEVERITY_CRITICAL, true}, {"unimportant", SEVERITY_NEGLIGIBLE, true},
      {"low", SEVERITY_LOW, true},           {"", SEVERITY_UNKNOWN, false},
      {NULL, SEVERITY_UNKNOWN, false},       {"highest", SEVERITY_UNKNOWN, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].word != NULL ? cases[i].word : "(none)");
    Severity severity = SEVERITY_UNKNOWN;
    g_assert_cmpint(severity_parse(cases[i].word, &severity), ==, cases[i].known);
    g_assert_cmpint(severity, ==, cases[i].severity);
  }
}

/* Of the first format, otherwise as it is. */
static bool
copy_as_first(Slice key, Slice record, void *data, GError **error)
{
  TableWriter *writer = data;
  bool format = slice_equal_string(record, RECORD_FORMAT);
  return table_writer_add(writer, key, format ? slice_from_string(RECORD_FORMAT_FIRST) : record,
                          error);
}

static void
make_first(const Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *other = g_strconcat(fixture->path, ".first", NULL);
  g_autoptr(Table) table =
      table_open(open(fixture->path, O_RDONLY | O_CLOEXEC), fixture->path, &error);
  g_assert_no_error(error);
  auto_fd int fd = open(other, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  g_autoptr(TableWriter) writer = table_writer_new(fd);
  g_assert_true(table_visit(table, SLICE_EMPTY, copy_as_first, writer, &error));
  g_assert_true(table_writer_finish(writer, &error));
  g_assert_no_error(error);
  g_assert_cmpint(rename(other, fixture->path), ==, 0);
}

/* It had packages of applications by other names and orders: they are not covered, also when a feed
 * is taken over from it. What it says of distributions counts. */
static void
test_first_format(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = new_builder(fixture, "osv");
  add(builder, (AdvisoryRange){.id = "CVE-1", .ecosystem = "npm", .package = "a"});
  add(builder, (AdvisoryRange){.id = "CVE-2", .ecosystem = "debian:12", .package = "b"});
  finish(builder);
  make_first(fixture);
  g_autoptr(AdvisoryDatabase) database = open_database(fixture);
  g_assert_false(advisory_database_covers(database, "npm", NULL));
  g_assert_true(advisory_database_covers(database, "debian:12", NULL));
  g_autofree char *of_npm = look_up(database, "npm", "a");
  g_autofree char *of_debian = look_up(database, "debian:12", "b");
  g_assert_cmpstr(of_npm, ==, "");
  g_assert_nonnull(strstr(of_debian, "CVE-2"));
  g_autoptr(AdvisoryBuilder) next = advisory_builder_new(fixture->path, &error);
  AdvisoryFeedStatus feed = {.feed = "osv", .type = "osv", .source = "test"};
  g_assert_true(advisory_builder_copy_feed(next, database, &feed, &error));
  finish(next);
  g_autoptr(AdvisoryDatabase) taken = open_database(fixture);
  g_assert_false(advisory_database_covers(taken, "npm", NULL));
  g_assert_true(advisory_database_covers(taken, "debian:12", NULL));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add("/advisory-database/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("round-trip", test_round_trip);
  ADD("details-are-merged", test_details_are_merged);
  ADD("texts-wait", test_texts_wait);
  ADD("derived-gives-way", test_derived_gives_way);
  ADD("architectures-are-kept", test_architectures_are_kept);
  ADD("architectures-covered", test_architectures_covered);
  ADD("dropped-feed", test_dropped_feed_covers_nothing);
  ADD("replacement", test_replacement);
  ADD("long-strings", test_long_strings);
  ADD("many", test_many);
  ADD("first-format", test_first_format);
  g_test_add_func("/advisory-database/damaged-records", test_damaged_records);
  g_test_add_func("/advisory-database/words", test_words);
  return g_test_run();
}
