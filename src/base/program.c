/* Running another program to its end; see the header. */
#include "base/program.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/fd.h"

#define PIECE ((size_t)4096)

/* Not a pipe, for a program that does not read it. */
static int
make_input(const char *text, GError **error)
{
  auto_fd int file = memory_file_new("input", error);
  if (file < 0 || !fd_write_all(file, slice_from_string(text), error))
    return -1;
  if (lseek(file, 0, SEEK_SET) < 0) {
    error_set_errno(error, errno, "the input of a program");
    return -1;
  }
  return fd_steal(&file);
}

static bool
start(const Program *program, int input, GPid *pid, int *output, GError **error)
{
  g_autoptr(GError) failure = NULL;
  GSpawnFlags flags = G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES |
                      (program->quiet ? G_SPAWN_STDERR_TO_DEV_NULL : G_SPAWN_DEFAULT);
  return g_spawn_async_with_pipes_and_fds(NULL, program->arguments, NULL, flags, NULL, NULL, input,
                                          -1, -1, NULL, NULL, 0, pid, NULL, output, NULL,
                                          &failure) ||
         error_set(error, ASSAY_ERROR_NOT_FOUND, "%s", failure->message);
}

/* Until @fd has something to tell. */
static bool
wait_for(int fd, Cancellable *cancellable, GError **error)
{
  struct pollfd polled[] = {{.fd = fd, .events = POLLIN},
                            {.fd = cancellable_descriptor(cancellable), .events = POLLIN}};
  int ready;
  do {
    if (cancellable_set_error_if_cancelled(cancellable, error))
      return false;
    ready = poll(polled, G_N_ELEMENTS(polled), -1);
  } while ((ready < 0 && errno == EINTR) || (ready > 0 && polled[0].revents == 0));
  return ready > 0 || error_set_errno(error, errno, "waiting for a program");
}

static bool
read_all(const Program *program, int output, GByteArray *said, Cancellable *cancellable,
         GError **error)
{
  guint8 piece[PIECE];
  ssize_t got;
  do {
    if (!wait_for(output, cancellable, error))
      return false;
    got = read(output, piece, sizeof piece);
    if (got > 0)
      g_byte_array_append(said, piece, (guint)got);
    if (said->len > program->most)
      return error_set(error, ASSAY_ERROR_LIMIT, "its answer has more than %zu bytes",
                       program->most);
  } while (got > 0 || (got < 0 && errno == EINTR));
  return got == 0 || error_set_errno(error, errno, "its answer");
}

/* It may close its output long before it ends. */
static bool
wait_for_end(GPid pid, Cancellable *cancellable, GError **error)
{
  auto_fd int process = pidfd_open(pid, 0);
  /* Sandboxes may refuse it: then it cannot be cancelled any more. */
  if (process < 0 && (errno == ENOSYS || errno == EPERM))
    return true;
  if (process < 0)
    return error_set_errno(error, errno, "waiting for a program");
  return wait_for(process, cancellable, error);
}

GBytes *
program_run(const Program *program, Cancellable *cancellable, bool *succeeded, GError **error)
{
  GPid pid;
  int status;
  auto_fd int input = -1, output = -1;
  g_autoptr(GByteArray) said = g_byte_array_new();
  if (program->input != NULL && (input = make_input(program->input, error)) < 0)
    return NULL;
  if (!start(program, input, &pid, &output, error))
    return NULL;
  bool done =
      read_all(program, output, said, cancellable, error) && wait_for_end(pid, cancellable, error);
  if (!done)
    kill(pid, SIGKILL);
  bool reaped = TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) == pid;
  *succeeded = done && reaped && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return done ? g_byte_array_free_to_bytes(g_steal_pointer(&said)) : NULL;
}
