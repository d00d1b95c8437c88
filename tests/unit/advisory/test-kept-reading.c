/* An update that reads only the feeds that changed gives the database of one that reads all. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "advisory/database/record-private.h"
#include "advisory/database/table-private.h"
#include "advisory/feed_log-private.h"
#include "advisory/kept_reading-private.h"
#include "advisory/update.h"
#include "database-fixture.h"

#define FEEDS  5u
#define ROUNDS 12

static const char *const types[FEEDS] = {"alpine-secdb", "osv", "osv", "kev", "epss"};

/* --- feeds that change --- */

static void
write_file(const char *path, const char *content)
{
  g_assert_true(g_file_set_contents(path, content, -1, NULL));
}

static char *
random_cve(GRand *chance)
{
  return g_strdup_printf("CVE-2024-%d", g_rand_int_range(chance, 1000, 1040));
}

static void
write_secdb(GRand *chance, const char *path)
{
  g_autoptr(GString) text =
      g_string_new("{\"distroversion\":\"v3.18\",\"reponame\":\"main\",\"packages\":[");
  for (int i = g_rand_int_range(chance, 1, 9); i > 0; i--) {
    g_autofree char *cve = random_cve(chance);
    g_string_append_printf(text,
                           "{\"pkg\":{\"name\":\"p%d\",\"secfixes\":{\"1.%d-r0\":[\"%s\"]}}},",
                           g_rand_int_range(chance, 0, 6), g_rand_int_range(chance, 0, 5), cve);
  }
  g_string_append(text,
                  "{\"pkg\":{\"name\":\"last\",\"secfixes\":{\"1-r0\":[\"CVE-2024-1000\"]}}}]}");
  write_file(path, text->str);
}

/* A folder of records whose aliases, texts and ratings meet those of other feeds. Some are none. */
static void
write_osv(GRand *chance, const char *folder)
{
  g_assert_true(directory_remove(AT_FDCWD, folder, NULL));
  g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
  for (int i = g_rand_int_range(chance, 1, 12); i > 0; i--) {
    g_autofree char *cve = random_cve(chance);
    g_autofree char *other = random_cve(chance);
    int number = g_rand_int_range(chance, 0, 20);
    g_autofree char *text = g_strdup_printf(
        "{\"id\":\"GHSA-%d\",\"modified\":\"2024-01-0%dT00:00:00Z\",\"summary\":\"summary "
        "%d\",\"details\":\"text %d\","
        "\"aliases\":[\"%s\",\"%s\"],\"severity\":[{\"type\":\"CVSS_V3\",\"score\":"
        "\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:%c\"}],\"references\":[{\"url\":\"https://"
        "example.com/%d\"}],"
        "\"affected\":[{\"package\":{\"ecosystem\":\"%s\",\"name\":\"p%d\"},\"ranges\":[{\"type\":"
        "\"SEMVER\","
        "\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.%d.0\"}]}]}]}",
        number, g_rand_int_range(chance, 1, 9), number, g_rand_int_range(chance, 0, 3), cve, other,
        "NLH"[g_rand_int_range(chance, 0, 3)], number,
        g_rand_boolean(chance) ? "npm" : "No such ecosystem", g_rand_int_range(chance, 0, 6),
        g_rand_int_range(chance, 0, 9));
    g_autofree char *path = g_strdup_printf("%s/%d.json", folder, i);
    write_file(path, g_rand_int_range(chance, 0, 5) == 0 ? "{}" : text);
  }
}

static void
write_overlay(GRand *chance, const char *path, bool kev)
{
  g_autoptr(GString) text = g_string_new(
      kev ? "{\"dateReleased\":\"2024-05-05\",\"vulnerabilities\":["
          : "#model_version:v1,score_date:2024-05-05T00:00:00Z\ncve,epss,percentile\n");
  for (int i = g_rand_int_range(chance, 1, 9); i > 0; i--) {
    g_autofree char *cve = random_cve(chance);
    if (kev)
      g_string_append_printf(text, "%s{\"cveID\":\"%s\",\"dueDate\":\"2024-06-0%d\"}",
                             i == 1 ? "" : "", cve, i);
    else
      g_string_append_printf(text, "%s,0.0%d,0.%d\n", cve, i, i);
    if (kev && i > 1)
      g_string_append_c(text, ',');
  }
  if (kev)
    g_string_append(text, "]}");
  write_file(path, text->str);
}

static void
change_feed(GRand *chance, const char *path, unsigned number)
{
  if (strcmp(types[number], "osv") == 0)
    write_osv(chance, path);
  else if (strcmp(types[number], "alpine-secdb") == 0)
    write_secdb(chance, path);
  else
    write_overlay(chance, path, strcmp(types[number], "kev") == 0);
}

/* --- updates of them --- */

typedef struct {
  Fixture at;
  FeedSettings feeds[FEEDS];
  AdvisorySettings settings;
  char *data;
} World;

static void
set_up_world(World *world, gconstpointer unused)
{
  set_up(&world->at, NULL);
  world->data = g_build_filename(world->at.folder, "data", NULL);
  for (unsigned i = 0; i < FEEDS; i++) {
    world->feeds[i] =
        (FeedSettings){.name = g_strdup_printf("feed-%u", i), .type = g_strdup(types[i])};
    world->feeds[i].path = g_build_filename(world->at.folder, world->feeds[i].name, NULL);
  }
  world->settings = (AdvisorySettings){.feeds = world->feeds, .feeds_count = FEEDS};
}

static void
tear_down_world(World *world, gconstpointer unused)
{
  for (unsigned i = 0; i < FEEDS; i++) {
    g_free(world->feeds[i].name);
    g_free(world->feeds[i].type);
    g_free(world->feeds[i].path);
  }
  g_free(world->data);
  tear_down(&world->at, NULL);
}

/* (transfer full): the notes, sorted and joined: what an update tells is the same, too. */
static char *
update(World *world, const char *data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(UpdateOutcome) outcome = NULL;
  g_assert_true(advisory_update(&world->settings, data, NULL, NULL, NULL, &outcome, &error));
  g_assert_no_error(error);
  g_ptr_array_sort(outcome->notes, text_compare);
  g_ptr_array_add(outcome->notes, NULL);
  return g_strjoinv("\n", (char **)outcome->notes->pdata);
}

/* All but what each build has of its own: its name, and when the feeds were taken. */
static bool
hash_record(Slice key, Slice record, void *data, GError **error)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  byte_array_add_prefixed(bytes, key);
  if (key.data[0] == 'F') {
    AdvisoryFeedStatus *status = record_decode_feed(record, slice_sub(key, 1, key.size), error);
    g_assert_nonnull(status);
    status->updated = 0;
    record_encode_feed(status, bytes);
    advisory_feed_status_free(status);
  } else if (!slice_equal_string(key, "Mgeneration")) {
    byte_array_add_prefixed(bytes, record);
  }
  g_checksum_update(data, bytes->data, bytes->len);
  return true;
}

static char *
hash_database(const char *data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
  g_autofree char *path = advisory_database_path(data);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  g_autoptr(Table) table = table_open(fd, path, &error);
  g_assert_no_error(error);
  g_assert_true(table_visit(table, SLICE_EMPTY, hash_record, checksum, &error));
  return g_strdup(g_checksum_get_string(checksum));
}

static char *
kept_file(const World *world, unsigned feed)
{
  return g_strdup_printf("%s/feeds/.feed-%u.parsed", world->data, feed);
}

/* Which file that is: another one when the feed was read again. */
static uint64_t
identify_kept(const World *world, unsigned feed)
{
  struct stat status;
  g_autofree char *path = kept_file(world, feed);
  g_assert_cmpint(g_stat(path, &status), ==, 0);
  return (uint64_t)status.st_mtim.tv_sec * 1000000000u + (uint64_t)status.st_mtim.tv_nsec;
}

static void
check_like_from_scratch(World *world, const char *notes)
{
  g_autofree char *fresh = g_build_filename(world->at.folder, "fresh", NULL);
  g_autofree char *fresh_notes = update(world, fresh);
  g_autofree char *made = hash_database(world->data), *wanted = hash_database(fresh);
  g_assert_cmpstr(made, ==, wanted);
  g_assert_cmpstr(notes, ==, fresh_notes);
  g_assert_true(directory_remove(AT_FDCWD, fresh, NULL));
}

static void
test_random_changes(World *world, gconstpointer unused)
{
  g_autoptr(GRand) chance = g_rand_new_with_seed(7);
  uint64_t kept[FEEDS] = {0};
  for (int round = 0; round < ROUNDS; round++) {
    bool changed[FEEDS];
    for (unsigned i = 0; i < FEEDS; i++) {
      changed[i] = round == 0 || g_rand_int_range(chance, 0, 3) == 0;
      if (changed[i])
        change_feed(chance, world->feeds[i].path, i);
    }
    /* Something is built in each round. */
    if (round > 0 && !changed[0]) {
      change_feed(chance, world->feeds[0].path, 0);
      changed[0] = true;
    }
    g_autofree char *notes = update(world, world->data);
    check_like_from_scratch(world, notes);
    for (unsigned i = 0; i < FEEDS; i++) {
      uint64_t now = identify_kept(world, i);
      g_assert_true(changed[i] || now == kept[i]);
      g_assert_true(i == 0 || !changed[i] || now != kept[i]);
      kept[i] = now;
    }
  }
}

/* Writes the file anew with one thing wrong in it. */
static void
damage(GRand *chance, const char *path, int kind)
{
  g_autofree char *content = NULL;
  gsize size;
  g_assert_true(g_file_get_contents(path, &content, &size, NULL));
  gsize place = (gsize)g_rand_int_range(chance, 0, (gint32)size);
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  g_byte_array_append(bytes, (const guint8 *)content, (guint)(kind == 0 ? place : size));
  if (kind == 1)
    bytes->data[place] ^= 1;
  else if (kind == 2)
    g_byte_array_append(bytes, (const guint8 *)"more", 4);
  g_assert_true(g_file_set_contents(path, (const char *)bytes->data, bytes->len, NULL));
}

static void
test_damage(World *world, gconstpointer unused)
{
  g_autoptr(GRand) chance = g_rand_new_with_seed(8);
  for (unsigned i = 0; i < FEEDS; i++)
    change_feed(chance, world->feeds[i].path, i);
  g_free(update(world, world->data));
  for (int round = 0; round < ROUNDS; round++) {
    unsigned victim = 1 + (unsigned)round % (FEEDS - 1);
    g_autofree char *path = kept_file(world, victim);
    if (round % 4 == 3) /* not even a file */
      g_assert_true(g_unlink(path) == 0 && g_mkdir(path, 0700) == 0);
    else
      damage(chance, path, round % 4);
    change_feed(chance, world->feeds[0].path, 0);
    g_autofree char *notes = update(world, world->data);
    check_like_from_scratch(world, notes);
    if (round % 4 == 3) {
      g_assert_true(g_file_test(path, G_FILE_TEST_IS_DIR));
      g_assert_true(directory_remove(AT_FDCWD, path, NULL));
      g_free(update(world, world->data));
      change_feed(chance, world->feeds[0].path, 0);
      g_free(update(world, world->data));
    }
    g_assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
  }
}

/* Other settings, a feed that is gone, what a killed update left. */
static void
test_what_else_it_depends_on(World *world, gconstpointer unused)
{
  g_autoptr(GRand) chance = g_rand_new_with_seed(9);
  for (unsigned i = 0; i < FEEDS; i++)
    change_feed(chance, world->feeds[i].path, i);
  g_free(update(world, world->data));
  uint64_t before = identify_kept(world, 1), other = identify_kept(world, 2);
  g_autofree char *left = g_build_filename(world->data, "feeds", ".feed-2.parsed.new", NULL);
  write_file(left, "half");
  world->feeds[1].ecosystem = (char[]){"npm"};
  g_autofree char *notes = update(world, world->data);
  g_assert_cmpint(identify_kept(world, 1), !=, before);
  g_assert_cmpint(identify_kept(world, 2), ==, other);
  g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
  check_like_from_scratch(world, notes);

  world->settings.feeds_count = FEEDS - 1;
  g_autofree char *fewer = update(world, world->data), *gone = kept_file(world, FEEDS - 1);
  check_like_from_scratch(world, fewer);
  g_assert_false(g_file_test(gone, G_FILE_TEST_EXISTS));
}

/* --- the log --- */

static bool
log_range(const AdvisoryRange *range, void *log, GError **error)
{
  feed_log_add_range(log, range);
  return true;
}

static bool
log_details(const AdvisoryDetails *details, void *log, GError **error)
{
  feed_log_add_details(log, details);
  return true;
}

static void
log_ecosystem(const char *ecosystem, void *log)
{
  feed_log_add_ecosystem(log, ecosystem);
}

static void
log_date(const char *date, void *log)
{
  feed_log_add_source_date(log, date);
}

static void
test_log(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GByteArray) log = g_byte_array_new(), again = g_byte_array_new();
  g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
  char *none[] = {NULL}, *two[] = {(char[]){"a"}, (char[]){""}, NULL};
  const AdvisoryRange range = {
      "id",     "debian:12", "package", "module:1",      NULL,  VERSION_RPM,   STATE_END_OF_LIFE,
      "0",      "1",         "2",       "x86_64,noarch", "9.1", SEVERITY_HIGH, "DSA-1",
      "a note", "a/b:F",     true};
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  feed_log_add_range(log, &range);
  feed_log_add_range(log, &(AdvisoryRange){.id = "", .ecosystem = "e", .package = "p"});
  details.id = "CVE-1";
  feed_log_add_details(log, &details);
  details = (AdvisoryDetails){"CVE-2", two, "title",           "description", "2024",       "2025",
                              "CVSS",  9.8, SEVERITY_CRITICAL, "ghsa",        SEVERITY_LOW, NULL,
                              none,    0.1, 1.0 / 3,           true,          "2026"};
  feed_log_add_details(log, &details);
  feed_log_add_ecosystem(log, "npm");
  feed_log_add_source_date(log, "2024-01-01");
  feed_log_add_note(log, "a note");
  const FeedSink sink = {log_range, log_details, log_ecosystem, log_date, again, NULL};
  g_assert_true(feed_log_replay(slice_new(log->data, log->len), &sink, notes, &error));
  g_assert_no_error(error);
  g_assert_cmpuint(notes->len, ==, 1);
  feed_log_add_note(again, notes->pdata[0]);
  g_assert_cmpmem(log->data, log->len, again->data, again->len);
  /* Cut anywhere, it is no log, or one of fewer calls. */
  for (guint size = 0; size < log->len; size++) {
    g_byte_array_set_size(again, 0);
    if (!feed_log_replay(slice_new(log->data, size), &sink, notes, &error))
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_CHANGED);
    g_clear_error(&error);
    g_assert_cmpuint(again->len, <=, size);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add("/kept-reading/random-changes", World, NULL, set_up_world, test_random_changes,
             tear_down_world);
  g_test_add("/kept-reading/damage", World, NULL, set_up_world, test_damage, tear_down_world);
  g_test_add("/kept-reading/what-else", World, NULL, set_up_world, test_what_else_it_depends_on,
             tear_down_world);
  g_test_add_func("/kept-reading/log", test_log);
  return g_test_run();
}
