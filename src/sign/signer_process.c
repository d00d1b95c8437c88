/* Starting the process that signs, and handing it requests; see the header. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "sign/signer_process-private.h"

/* It may end between being found and being asked. */
#define ATTEMPTS 3
/* In its environment, so that a program that does not know `signer` and starts itself does so once.
 */
#define MARK "ASSAY_SIGNER"

struct SignerProcess {
  pid_t pid;
  int socket;
};

struct SignerProcesses {
  GMutex lock;            /* guards `current` */
  SignerProcess *current; /* a reference, or NULL */
  char *program;
};

SignerProcesses *
signer_processes_new(const char *program)
{
  SignerProcesses *processes = g_new0(SignerProcesses, 1);
  g_mutex_init(&processes->lock);
  processes->program = g_strdup(program != NULL ? program : "/proc/self/exe");
  return processes;
}

static void
end_process(void *data)
{
  SignerProcess *process = data;
  close(process->socket);
  kill(process->pid, SIGKILL);
  while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
    continue;
}

static void
let_go(SignerProcess *process)
{
  g_atomic_rc_box_release_full(process, end_process);
}

void
signer_processes_free(SignerProcesses *processes)
{
  if (processes->current != NULL)
    let_go(processes->current);
  g_mutex_clear(&processes->lock);
  g_free(processes->program);
  g_free(processes);
}

/* --- starting one --- */

/* (transfer full) */
static char **
make_environment(void)
{
  return g_environ_setenv(g_get_environ(), MARK, "1", TRUE);
}

/* What it says goes to our standard error; modules that print do not disturb anybody. */
static int
spawn(const char *program, int socket, pid_t *pid)
{
  char name[] = "assay", command[] = "signer";
  char *arguments[] = {name, command, NULL};
  g_auto(GStrv) environment = make_environment();
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  int code = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

/* (transfer full) */
static SignerProcess *
start(const char *program, GError **error)
{
  int ends[2];
  pid_t pid = 0;
  if (g_getenv(MARK) != NULL) {
    error_set(error, ASSAY_ERROR_FAILED,
              "start the process that signs: this process was started to be one");
    return NULL;
  }
  int code = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? errno : 0;
  if (code == 0) {
    code = spawn(program, ends[1], &pid);
    close(ends[1]);
    if (code != 0)
      close(ends[0]);
  }
  if (code != 0) {
    error_set_errno(error, code, "start the process that signs");
    return NULL;
  }
  SignerProcess *process = g_atomic_rc_box_new0(SignerProcess);
  *process = (SignerProcess){pid, ends[0]};
  return process;
}

/* --- asking it --- */

/* (transfer full) */
static SignerProcess *
find(SignerProcesses *processes, GError **error)
{
  g_mutex_lock(&processes->lock);
  if (processes->current == NULL)
    processes->current = start(processes->program, error);
  SignerProcess *process = processes->current;
  if (process != NULL)
    g_atomic_rc_box_acquire(process);
  g_mutex_unlock(&processes->lock);
  return process;
}

void
signer_process_release(SignerProcesses *processes, SignerProcess *process, bool use)
{
  g_mutex_lock(&processes->lock);
  bool retired = !use && processes->current == process;
  if (retired)
    processes->current = NULL;
  g_mutex_unlock(&processes->lock);
  if (retired)
    let_go(process);
  let_go(process);
}

/* 0 or an errno. */
static int
send_socket(int process, int socket)
{
  char byte = 0;
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  *header = (struct cmsghdr){
      .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(header), &socket, sizeof socket);
  ssize_t sent;
  do
    sent = sendmsg(process, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}

int
signer_process_connect(SignerProcesses *processes, SignerProcess **process, GError **error)
{
  int ends[2], code = 0;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) {
    error_set_errno(error, errno, "a socket to the process that signs");
    return -1;
  }
  auto_fd int ours = ends[0];
  auto_fd int theirs = ends[1];
  for (unsigned i = 0; i < ATTEMPTS; i++) {
    *process = find(processes, error);
    if (*process == NULL)
      return -1;
    code = send_socket((*process)->socket, theirs);
    if (code == 0)
      return fd_steal(&ours);
    signer_process_release(processes, g_steal_pointer(process), false);
  }
  error_set_errno(error, code, "the process that signs takes no request");
  return -1;
}
