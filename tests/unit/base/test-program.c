/* Wishes to stop, and programs that are run to their end. */
#include <glib.h>
#include <poll.h>
#include <string.h>

#include "base/cancellable.h"
#include "base/error.h"
#include "base/program.h"

static bool
can_be_read(int fd)
{
  struct pollfd polled = {.fd = fd, .events = POLLIN};
  return poll(&polled, 1, 0) == 1;
}

static void
test_cancellable(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Cancellable) early = cancellable_new(), late = cancellable_new();
  g_autoptr(Cancellable) from = cancellable_new(), other = cancellable_new();
  int descriptor = cancellable_descriptor(from);
  cancellable_forward(from, early);
  cancellable_forward(from, other);
  cancellable_forward_end(from, other);
  g_assert_cmpint(cancellable_descriptor(NULL), ==, -1);
  g_assert_false(cancellable_is_cancelled(NULL));
  g_assert_false(can_be_read(descriptor));
  g_assert_false(cancellable_set_error_if_cancelled(from, &error));
  cancellable_cancel(from);
  cancellable_cancel(from);
  cancellable_forward(from, late);
  g_assert_true(can_be_read(descriptor));
  g_assert_cmpint(cancellable_descriptor(from), ==, descriptor);
  g_assert_true(can_be_read(cancellable_descriptor(late)));
  g_assert_true(cancellable_is_cancelled(early));
  g_assert_true(cancellable_is_cancelled(late));
  g_assert_false(cancellable_is_cancelled(other));
  g_assert_true(cancellable_set_error_if_cancelled(from, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_CANCELLED);
  cancellable_forward_end(from, early);
  cancellable_forward_end(from, late);
}

static void
check_run(const char *script, const char *input, const char *said, bool succeeds)
{
  g_autoptr(GError) error = NULL;
  const char *const arguments[] = {"sh", "-c", script, NULL};
  const Program program = {.arguments = arguments, .input = input, .quiet = true, .most = 10};
  bool succeeded = !succeeds;
  g_autoptr(GBytes) output = program_run(&program, NULL, &succeeded, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(g_bytes_get_data(output, NULL), g_bytes_get_size(output), said, strlen(said));
  g_assert_true(succeeded == succeeds);
}

static void
test_runs(void)
{
  check_run("cat; echo not for us >&2", "in", "in", true);
  check_run("cat", NULL, "", true);
  check_run("echo out; exit 3", "nobody reads this", "out\n", false);
  check_run("kill -9 $$", NULL, "", false);
  check_run("exec >&-; sleep 0.1; exit 1", NULL, "", false);
}

static void
check_refused(const char *const *arguments, Cancellable *cancellable, AssayErrorCode code)
{
  g_autoptr(GError) error = NULL;
  const Program program = {.arguments = arguments, .most = 10};
  bool succeeded = true;
  g_assert_null(program_run(&program, cancellable, &succeeded, &error));
  g_assert_error(error, ASSAY_ERROR, (int)code);
}

static gpointer
cancel_soon(gpointer cancellable)
{
  g_usleep(50000);
  cancellable_cancel(cancellable);
  return NULL;
}

/* Also one that has closed its output. */
static void
test_refused(void)
{
  const char *const none[] = {"assay-no-such-program", NULL};
  const char *const loud[] = {"sh", "-c", "while :; do echo 0123456789; done", NULL};
  const char *const long_ones[][4] = {{"sleep", "1000", NULL},
                                      {"sh", "-c", "exec sleep 1000 >&-", NULL}};
  check_refused(none, NULL, ASSAY_ERROR_NOT_FOUND);
  check_refused(loud, NULL, ASSAY_ERROR_LIMIT);
  for (size_t i = 0; i < G_N_ELEMENTS(long_ones); i++) {
    g_autoptr(Cancellable) cancellable = cancellable_new();
    GThread *thread = g_thread_new("cancel", cancel_soon, cancellable);
    check_refused(long_ones[i], cancellable, ASSAY_ERROR_CANCELLED);
    g_thread_join(thread);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/program/cancellable", test_cancellable);
  g_test_add_func("/program/runs", test_runs);
  g_test_add_func("/program/refused", test_refused);
  return g_test_run();
}
