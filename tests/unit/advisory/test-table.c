/* The database's file: what is damaged is an error, and never a wrong answer. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/database/table-private.h"
#include "database-fixture.h"

static AdvisoryBuilder *
fill(const Fixture *fixture, unsigned packages)
{
  AdvisoryBuilder *builder = new_builder(fixture, "feed");
  for (unsigned i = 0; i < packages; i++) {
    g_autofree char *package = g_strdup_printf("package-%u", i);
    g_autofree char *version = g_strdup_printf("1.%u-1", i);
    add(builder,
        (AdvisoryRange){
            .id = "CVE-1", .ecosystem = "e", .package = package, .fixed_version = version});
  }
  return builder;
}

/* All that can be asked, of a file that may be anything: what is answered is right. */
static void
check_answers(const Fixture *fixture, unsigned packages, const char *what)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryDatabase) database = advisory_database_open(fixture->path, &error);
  g_test_message("%s: %s", what, database == NULL ? error->message : "opened");
  for (unsigned i = 0; database != NULL && i < packages + 10; i++) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *package = g_strdup_printf("package-%u", i);
    g_autofree char *expected = g_strdup_printf("|fixed|unknown|-|-|1.%u-1|-|-|0|0;", i);
    if (!advisory_database_lookup(database, "e", package, describe, text, &failure)) {
      g_assert_error(failure, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
      g_assert_true(advisory_database_is_damaged(database));
    } else if (i < packages) {
      g_assert_true(g_str_has_suffix(text->str, expected));
    } else {
      g_assert_cmpstr(text->str, ==, "");
    }
  }
}

static void
write_file(const Fixture *fixture, GBytes *bytes, bool in_place)
{
  g_autofree char *beside = g_strconcat(fixture->path, ".other", NULL);
  gsize size;
  const void *data = g_bytes_get_data(bytes, &size);
  auto_fd int fd = open(in_place ? fixture->path : beside, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  g_assert_cmpint(ftruncate(fd, 0), ==, 0);
  g_assert_true(fd_write_all(fd, slice_new(data, size), NULL));
  g_assert_true(in_place || rename(beside, fixture->path) == 0);
}

/* Cut, zeroed, filled with noise, shifted: before it is opened, and while it is open. */
static void
test_damage(Fixture *fixture, gconstpointer data)
{
  enum { PACKAGES = 400 };
  g_autoptr(GError) error = NULL;
  g_autoptr(AdvisoryBuilder) builder = fill(fixture, PACKAGES);
  finish(builder);
  g_autoptr(GBytes) whole = file_read(AT_FDCWD, fixture->path, 1 << 24, &error);
  g_assert_no_error(error);
  check_answers(fixture, PACKAGES, "whole");
  g_autoptr(AdvisoryDatabase) verified = advisory_database_open_verified(fixture->path, &error);
  g_assert_no_error(error);
  g_assert_nonnull(verified);
  for (unsigned round = 0; round < 600; round++) {
    gsize size;
    g_autofree uint8_t *bytes = g_memdup2(g_bytes_get_data(whole, &size), g_bytes_get_size(whole));
    gsize from = (gsize)g_test_rand_int_range(0, (gint32)size);
    gsize length = (gsize)g_test_rand_int_range(1, round % 2 == 0 ? 16 : (gint32)size);
    for (gsize i = from; round % 3 != 0 && i < MIN(size, from + length); i++)
      bytes[i] = round % 3 == 1 ? 0 : (uint8_t)g_test_rand_int();
    g_autoptr(GBytes) damaged = g_bytes_new(bytes, round % 3 == 0 ? from : size);
    if (g_bytes_equal(damaged, whole))
      continue;
    g_autofree char *what = g_strdup_printf("round %u, %zu bytes from %zu", round, length, from);
    write_file(fixture, damaged, false);
    check_answers(fixture, PACKAGES, what);
    g_assert_null(advisory_database_open_verified(fixture->path, &error));
    /* Unsupported: what was hit is the number of the version, so that it looks like another. */
    g_assert_true(g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH) ||
                  g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_INVALID) ||
                  g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED));
    g_clear_error(&error);
    /* The file that is open itself. */
    write_file(fixture, whole, false);
    g_autoptr(AdvisoryDatabase) open = open_database(fixture);
    write_file(fixture, damaged, true);
    g_assert_true(advisory_database_is_stale(open));
    for (unsigned i = 0; i < PACKAGES; i += 7) {
      g_autoptr(GString) text = g_string_new(NULL);
      g_autofree char *package = g_strdup_printf("package-%u", i);
      g_autofree char *expected = g_strdup_printf("|1.%u-1|-|-|0|0;", i);
      if (advisory_database_lookup(open, "e", package, describe, text, NULL))
        g_assert_true(g_str_has_suffix(text->str, expected));
      else
        g_assert_true(advisory_database_is_damaged(open));
    }
    g_assert_false(advisory_database_verify(open, NULL));
    g_assert_true(advisory_database_is_damaged(open));
  }
}

/* What is no file of ours, or no file. */
static void
test_foreign(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  const char *const contents[] = {"", "x", "SQLite format 3"};
  for (size_t i = 0; i < G_N_ELEMENTS(contents); i++) {
    g_assert_true(g_file_set_contents(fixture->path, contents[i], -1, NULL));
    g_assert_null(advisory_database_open(fixture->path, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
    g_clear_error(&error);
  }
  g_autofree char *zeros = g_malloc0(100000);
  g_assert_true(g_file_set_contents(fixture->path, zeros, 100000, NULL));
  g_assert_null(advisory_database_open(fixture->path, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  g_clear_error(&error);
  /* The seal of the version before. */
  memcpy(zeros + 8192, "assay advisory database seal 1\n", 31);
  g_assert_true(g_file_set_contents(fixture->path, zeros, 12288, NULL));
  g_assert_null(advisory_database_open(fixture->path, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED);
  g_clear_error(&error);
  g_assert_cmpint(unlink(fixture->path), ==, 0);
  g_assert_cmpint(mkfifo(fixture->path, 0600), ==, 0);
  g_assert_null(advisory_database_open(fixture->path, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  g_clear_error(&error);
  g_assert_cmpint(unlink(fixture->path), ==, 0);
  g_assert_cmpint(mkdir(fixture->path, 0700), ==, 0);
  g_assert_null(advisory_database_open(fixture->path, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
}

static bool
count_key(Slice key, Slice record, void *data, GError **error)
{
  g_assert_true(slice_equal(key, record));
  (*(unsigned *)data)++;
  return true;
}

/* Keys that are parts of each other, records of all sizes, no record at all. */
static void
test_table(Fixture *fixture, gconstpointer data)
{
  static const unsigned counts[] = {0, 1, 2, 1000};
  for (size_t c = 0; c < G_N_ELEMENTS(counts); c++) {
    g_autoptr(GError) error = NULL;
    auto_fd int fd = open(fixture->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    g_autoptr(TableWriter) writer = table_writer_new(fd);
    g_autoptr(GString) key = g_string_new("k");
    for (unsigned i = 0; i < counts[c]; i++) {
      g_assert_true(table_writer_add(writer, slice_from_string(key->str),
                                     slice_from_string(key->str), &error));
      g_string_append_c(key, 'a');
    }
    g_assert_true(table_writer_finish(writer, &error));
    g_autoptr(Table) table = table_open(fd_steal(&fd), fixture->path, &error);
    g_assert_no_error(error);
    g_assert_true(table_verify(table, &error));
    for (unsigned size = 0; size < counts[c] + 3; size++) {
      g_autoptr(GBytes) block = NULL;
      Slice record, wanted = slice_new(key->str, MIN(size, key->len));
      g_assert_true(table_find(table, wanted, &block, &record, &error));
      g_assert_cmpint(block != NULL, ==, wanted.size > 0 && wanted.size <= counts[c]);
      g_assert_true(block == NULL || slice_equal(record, wanted));
    }
    unsigned found = 0, others = 0;
    g_assert_true(table_visit(table, SLICE_LITERAL("ka"), count_key, &found, &error));
    g_assert_cmpuint(found, ==, counts[c] == 0 ? 0 : counts[c] - 1);
    g_assert_true(table_visit(table, SLICE_LITERAL("l"), count_key, &others, &error));
    g_assert_true(table_visit(table, SLICE_LITERAL("a"), count_key, &others, &error));
    g_assert_cmpuint(others, ==, 0);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add("/advisory-table/" name, Fixture, NULL, set_up, function, tear_down)
  ADD("damage", test_damage);
  ADD("foreign", test_foreign);
  ADD("table", test_table);
  return g_test_run();
}
