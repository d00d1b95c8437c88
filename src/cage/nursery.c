/* Asking the nursery for workers, and starting one where there is none; see the header. */
#include "cage/nursery.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cage/nursery-private.h"

/* What a new one costs, 10 ms, is nothing beside so many jobs, nor in such a time. */
#define WORKERS_MAX 500u
#define AGE_MAX_US  (600 * (int64_t)G_USEC_PER_SEC)
/* One that does not take a request, or does not tell the end of a worker that was killed, for so
 * long is no use any more. It needs a millisecond. */
#define PATIENCE_SECONDS 5
/* It may end between being asked for and being asked. */
#define ATTEMPTS 3
/* In the environment of each, so that a program that does not know `worker` and starts itself does
 * so once, and not for ever. */
#define MARK "ASSAY_NURSERY"

struct Nursery {
  pid_t pid;
  int socket;
  unsigned workers; /* that were asked for; of `lock` */
  int64_t started;  /* monotonic time */
};

static GMutex lock;
static Nursery *current; /* of `lock`; a reference */
static const char *program = "/proc/self/exe";

/* Nobody waits for a worker of it any more. */
static void
end_nursery(void *data)
{
  Nursery *nursery = data;
  close(nursery->socket);
  kill(nursery->pid, SIGKILL);
  while (waitpid(nursery->pid, NULL, 0) < 0 && errno == EINTR)
    continue;
}

static void
let_go(Nursery *nursery)
{
  g_atomic_rc_box_release_full(nursery, end_nursery);
}

/* The next worker is not this one's. */
static void
retire(Nursery *nursery)
{
  g_mutex_lock(&lock);
  bool was_current = current == nursery;
  if (was_current)
    current = NULL;
  g_mutex_unlock(&lock);
  if (was_current)
    let_go(nursery);
}

static void
end_current(void)
{
  g_mutex_lock(&lock);
  Nursery *nursery = g_steal_pointer(&current);
  g_mutex_unlock(&lock);
  g_clear_pointer(&nursery, let_go);
}

void
nursery_set_program(const char *path)
{
  program = path != NULL ? path : "/proc/self/exe";
  end_current();
}

static void
leave(NurseryWorker *worker, bool fresh)
{
  if (worker->nursery != NULL && fresh)
    retire(worker->nursery);
  g_clear_pointer(&worker->nursery, let_go);
}

/* --- starting one --- */

/* posix_spawn(), which a process of many threads and much memory can afford. Of ours it keeps
 * standard error; main() of the program gives it a standard output. */
static int
spawn(int socket, pid_t *pid)
{
  char name[] = "assay", command[] = "worker", locale[] = "LC_ALL=C.UTF-8";
  char sanitiser[] = "ASAN_OPTIONS=detect_leaks=0";
  /* Functions of libraries are looked up now, and not by each worker as it calls them. */
  char linker[] = "LD_BIND_NOW=1";
  char mark[] = MARK "=1";
  char *arguments[] = {name, command, NULL};
  char *environment[] = {locale, sanitiser, linker, mark, NULL};
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
  posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  int code = posix_spawn(pid, program, &actions, &attributes, arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return code;
}

/* (transfer full) */
static Nursery *
start(GError **error)
{
  int ends[2];
  if (getenv(MARK) != NULL) {
    error_set(error, ASSAY_ERROR_FAILED,
              "start the inspection worker: this process was started to be one, and asks for one");
    return NULL;
  }
  int code = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0 ? errno : 0;
  pid_t pid = 0;
  if (code == 0) {
    const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    code = spawn(ends[1], &pid);
    close(ends[1]);
    if (code != 0)
      close(ends[0]);
  }
  if (code != 0) {
    error_set(error, ASSAY_ERROR_IO, "start the inspection worker: %s", g_strerror(code));
    return NULL;
  }
  Nursery *nursery = g_atomic_rc_box_new0(Nursery);
  *nursery = (Nursery){pid, ends[0], 0, g_get_monotonic_time()};
  return nursery;
}

/* A process that ends waits for its nursery: nothing is left of it, and whoever waits for us learns
 * what the workers took. Of `lock`. */
static void
end_at_exit(void)
{
  static bool registered;
  registered = registered || atexit(end_current) == 0;
}

/* One to ask for a worker. (transfer full) */
static Nursery *
get(GError **error)
{
  Nursery *old = NULL;
  g_mutex_lock(&lock);
  if (current != NULL &&
      (current->workers >= WORKERS_MAX || g_get_monotonic_time() - current->started > AGE_MAX_US))
    old = g_steal_pointer(&current);
  if (current == NULL)
    current = start(error);
  end_at_exit();
  Nursery *nursery = current;
  if (nursery != NULL) {
    nursery->workers++;
    g_atomic_rc_box_acquire(nursery);
  }
  g_mutex_unlock(&lock);
  if (old != NULL)
    let_go(old);
  return nursery;
}

/* --- asking it --- */

void
nursery_bring(struct msghdr *message, NurseryControl *control, const int *descriptors, size_t count)
{
  size_t size = count * sizeof *descriptors;
  message->msg_control = control->bytes;
  message->msg_controllen = CMSG_SPACE(size);
  struct cmsghdr *header = CMSG_FIRSTHDR(message);
  g_assert(header != NULL); /* there is room */
  *header = (struct cmsghdr){
      .cmsg_len = CMSG_LEN(size), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(header), descriptors, size);
}

/* 0 or an errno. */
static int
send_request(const Nursery *nursery, int news, int job, bool light,
             const int descriptors[NURSERY_DESCRIPTORS])
{
  int sent[REQUEST_DESCRIPTORS] = {[REQUEST_NEWS] = news, [REQUEST_JOB] = job};
  size_t count = REQUEST_WORKER;
  for (; count < REQUEST_DESCRIPTORS && descriptors[count - REQUEST_WORKER] >= 0; count++)
    sent[count] = descriptors[count - REQUEST_WORKER];
  char byte = (char)light;
  NurseryControl control = {0};
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  nursery_bring(&message, &control, sent, count);
  ssize_t got;
  do
    got = sendmsg(nursery->socket, &message, MSG_NOSIGNAL);
  while (got < 0 && errno == EINTR);
  return got < 0 ? errno : 0;
}

bool
nursery_fork(int job, bool light, const int descriptors[NURSERY_DESCRIPTORS], NurseryWorker *worker,
             GError **error)
{
  *worker = (NurseryWorker){NULL, -1, -1};
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return error_set_errno(error, errno, "start the inspection worker");
  worker->news = ends[0];
  auto_fd int theirs = ends[1];
  int code = 0;
  for (unsigned i = 0; i < ATTEMPTS; i++) {
    worker->nursery = get(error);
    if (worker->nursery == NULL)
      return false;
    code = send_request(worker->nursery, theirs, job, light, descriptors);
    if (code == 0)
      return true;
    leave(worker, true);
  }
  return error_set(error, ASSAY_ERROR_IO, "start the inspection worker: %s", g_strerror(code));
}

/* --- hearing of it --- */

static void
keep_process(NurseryWorker *worker, struct msghdr *message)
{
  const struct cmsghdr *header = CMSG_FIRSTHDR(message);
  if (header != NULL && header->cmsg_type == SCM_RIGHTS)
    memcpy(&worker->process, CMSG_DATA(header), sizeof worker->process);
}

NurseryNews
nursery_listen(NurseryWorker *worker, NurseryEnd *end, GError **error)
{
  NurseryReport told;
  NurseryControl control;
  struct iovec part = {&told, sizeof told};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t got = recvmsg(worker->news, &message, MSG_CMSG_CLOEXEC);
  if (got < 0 && errno == EINTR)
    return NURSERY_NOTHING;
  if (got == sizeof told && !told.ended && told.failure == 0) {
    keep_process(worker, &message);
    return NURSERY_NOTHING;
  }
  fd_clear(&worker->news);
  if (got == sizeof told && told.ended) {
    *end = told.end;
    return NURSERY_ENDED;
  }
  if (got == sizeof told)
    error_set(error, ASSAY_ERROR_IO, "start the inspection worker: %s", g_strerror(told.failure));
  else
    error_set(error, ASSAY_ERROR_IO,
              "the process that starts inspection workers died, and the worker with it");
  return NURSERY_FAILED;
}

double
nursery_kill(NurseryWorker *worker)
{
  int64_t until = g_get_monotonic_time() + PATIENCE_SECONDS * (int64_t)G_USEC_PER_SEC;
  NurseryEnd end = {0};
  while (worker->news >= 0) {
    if (worker->process >= 0)
      pidfd_send_signal(worker->process, SIGKILL, NULL, 0);
    struct pollfd news = {worker->news, POLLIN, 0};
    int64_t left = (until - g_get_monotonic_time()) / 1000;
    if (left <= 0) {
      /* Its workers end with it, if there is no other way; a signal that was sent waits for what
       * the worker waits for. */
      if (worker->process < 0)
        kill(worker->nursery->pid, SIGKILL);
      retire(worker->nursery);
      fd_clear(&worker->news);
    } else if (poll(&news, 1, (int)left) > 0) {
      nursery_listen(worker, &end, NULL);
    }
  }
  return end.used_seconds;
}

void
nursery_clear(NurseryWorker *worker, bool fresh)
{
  fd_clear(&worker->process);
  fd_clear(&worker->news);
  leave(worker, fresh);
}
