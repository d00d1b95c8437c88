/* Files that appear whole, bounded reads, and removal that does not follow links. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

static void
test_replace_and_read(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-fd-XXXXXX", &error);
  auto_fd int fd = directory_open(folder, &error);
  g_assert_no_error(error);

  for (int round = 0; round < 2; round++) {
    g_autofree char *text = g_strdup_printf("round %d", round);
    g_assert_true(file_replace(fd, "file", slice_from_string(text), 0600, &error));
    g_autoptr(GBytes) bytes = file_read(fd, "file", 100, &error);
    g_assert_no_error(error);
    g_assert_true(slice_equal_string(slice_from_bytes(bytes), text));
  }
  g_assert_null(file_read(fd, "file", 6, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  g_clear_error(&error);
  g_assert_null(file_read(fd, "absent", 6, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_clear_error(&error);
  g_assert_true(directory_remove(AT_FDCWD, folder, &error));
  g_assert_no_error(error);
}

static void
test_remove_keeps_what_links_point_to(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-fd-XXXXXX", &error);
  g_autofree char *victim = g_dir_make_tmp("assay-fd-XXXXXX", &error);
  g_autofree char *kept = g_build_filename(victim, "kept", NULL);
  g_assert_true(g_file_set_contents(kept, "x", 1, &error));
  g_autofree char *link = g_build_filename(folder, "link", NULL);
  g_assert_cmpint(symlink(victim, link), ==, 0);

  g_assert_true(directory_remove(AT_FDCWD, folder, &error));
  g_assert_no_error(error);
  g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
  g_assert_true(g_file_test(kept, G_FILE_TEST_EXISTS));
  g_assert_true(directory_remove(AT_FDCWD, victim, &error));
  g_assert_true(directory_remove(AT_FDCWD, victim, &error));
}

/* What a killed program left of one name goes; all else stays. */
static void
test_remains(void)
{
  static const char *const gone[] = {"place.0123abcd.new", "place.ffffffff.new"};
  static const char *const kept[] = {"place",
                                     "place.new",
                                     "place.0123abcd",
                                     "place.0123abcg.new",
                                     "places.0123abcd.new",
                                     "place.0123abcd.new2"};
  g_autoptr(GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp("assay-fd-XXXXXX", &error);
  auto_fd int fd = directory_open(folder, &error);
  for (size_t i = 0; i < G_N_ELEMENTS(gone); i++)
    g_assert_true(file_replace(fd, gone[i], SLICE_EMPTY, 0600, &error));
  for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
    g_assert_true(file_replace(fd, kept[i], SLICE_EMPTY, 0600, &error));
  file_remove_remains(fd, ".", "place");
  for (size_t i = 0; i < G_N_ELEMENTS(gone); i++)
    g_assert_cmpint(faccessat(fd, gone[i], F_OK, 0), !=, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(kept); i++)
    g_assert_cmpint(faccessat(fd, kept[i], F_OK, 0), ==, 0);
  g_assert_true(directory_remove(AT_FDCWD, folder, &error));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/fd/replace-and-read", test_replace_and_read);
  g_test_add_func("/fd/remove-does-not-follow", test_remove_keeps_what_links_point_to);
  g_test_add_func("/fd/remains", test_remains);
  return g_test_run();
}
