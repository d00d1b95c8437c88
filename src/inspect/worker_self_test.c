/* `assay worker --self-test=NAME`: what a worker that was taken over might try, for the tests that
 * show what becomes of it. */
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "inspect/worker-private.h"

static void
try_open(void)
{
  auto_fd int opened = open("/etc/passwd", O_RDONLY);
}

static void
try_socket(void)
{
  auto_fd int opened = socket(AF_INET, SOCK_STREAM, 0);
}

/* Without a socket of its own: on whatever descriptor it may have been given. */
static void
try_connect(void)
{
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  connect(STDIN_FILENO, (struct sockaddr *)&address, sizeof address);
}

static void
try_exec(void)
{
  execl("/bin/true", "true", NULL);
}

static void
try_fork(void)
{
  fork();
}

static void
try_ptrace(void)
{
  ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static void
try_kill(void)
{
  kill(getppid(), 0);
}

/* The call that abort() needs, at somebody else. */
static void
try_signal_thread(void)
{
  syscall(SYS_tgkill, 1, 1, 0);
}

/* A process of the same user can be ended by a limit that is set on it from outside. */
static void
try_limit_other(void)
{
  struct rlimit limit = {0, 0};
  syscall(SYS_prlimit64, 1, RLIMIT_CPU, &limit, NULL);
}

static void
try_mount(void)
{
  mount("none", "/", "tmpfs", 0, NULL);
}

static void
try_io_uring(void)
{
  struct io_uring_params parameters = {0};
  syscall(SYS_io_uring_setup, 1, &parameters);
}

static void
try_memory_file(void)
{
  auto_fd int opened = memfd_create("x", 0);
}

static void
try_executable_memory(void)
{
  syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
          0);
}

/* What may be open for writing is input all the same. */
static void
try_shared_memory(void)
{
  syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, STDIN_FILENO, 0);
}

static void
try_namespace(void)
{
  syscall(SYS_unshare, 0);
}

static void
try_read_other(void)
{
  syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static void
try_prctl(void)
{
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void
try_memory(void)
{
  for (GString *grown = g_string_new(NULL);;)
    g_string_append_printf(grown, "%01048576d", 0);
}

static void
try_endless(void)
{
  for (volatile unsigned turns = 0;; turns++)
    continue;
}

/* What every library does, and nothing must stop. */
static void *
use_memory(void *unused)
{
  GPtrArray *pieces = g_ptr_array_new_with_free_func(g_free);
  for (unsigned i = 0; i < 1000; i++)
    g_ptr_array_add(pieces, g_malloc0(60000));
  g_ptr_array_unref(pieces);
  return unused;
}

static void
try_memory_of_thread(void)
{
  g_thread_join(g_thread_new("memory", use_memory, NULL));
}

static const struct {
  const char *name;
  void (*attempt)(void);
} attempts[] = {
    {"open", try_open},
    {"socket", try_socket},
    {"connect", try_connect},
    {"exec", try_exec},
    {"fork", try_fork},
    {"ptrace", try_ptrace},
    {"kill", try_kill},
    {"signal-thread", try_signal_thread},
    {"limit-other", try_limit_other},
    {"mount", try_mount},
    {"io_uring", try_io_uring},
    {"memory-file", try_memory_file},
    {"executable-memory", try_executable_memory},
    {"shared-memory", try_shared_memory},
    {"namespace", try_namespace},
    {"read-other", try_read_other},
    {"prctl", try_prctl},
    {"memory", try_memory},
    {"memory-of-thread", try_memory_of_thread},
    {"endless", try_endless},
};

bool
worker_break_out(const char *how)
{
  for (size_t i = 0; i < G_N_ELEMENTS(attempts); i++) {
    if (strcmp(how, attempts[i].name) != 0)
      continue;
    attempts[i].attempt();
    return true;
  }
  return strcmp(how, "nothing") == 0;
}
