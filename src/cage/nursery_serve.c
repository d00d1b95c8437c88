/* The nursery's own side; see the header. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cage/nursery-private.h"

/* A worker that runs. */
typedef struct {
  pid_t pid;
  int news;
} Child;

static void
report(int news, const NurseryReport *told, int process)
{
  NurseryControl control = {0};
  struct iovec part = {(void *)(uintptr_t)told, sizeof *told};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (process >= 0)
    nursery_bring(&message, &control, &process, 1);
  /* Two messages never fill a socket, and whoever does not listen any more has given it up. */
  sendmsg(news, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- a worker's first steps --- */

/* What was received has higher numbers than those of a worker, of which 0 to 3 are our own, and two
 * come before it: none is overwritten before its turn, except for the job's, which goes behind. */
static void
become_worker(const int *received, unsigned count, pid_t nursery, void (*run)(int job))
{
  sigset_t none;
  sigemptyset(&none);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != nursery || setpgid(0, 0) < 0)
    _exit(1);
  int job = fcntl(received[REQUEST_JOB], F_DUPFD, received[count - 1] + 1);
  if (job < 0)
    _exit(1);
  for (unsigned i = REQUEST_WORKER; i < count; i++)
    if (dup2(received[i], (int)(i - REQUEST_WORKER)) < 0)
      _exit(1);
  int own = (int)(count - REQUEST_WORKER);
  if (dup2(job, own) < 0)
    _exit(1);
  closefrom(own + 1);
  sigprocmask(SIG_SETMASK, &none, NULL);
  run(own);
  _exit(1);
}

/* --- requests --- */

/* How many descriptors came, 0 where some were lost for want of room; -1: the socket is closed. */
static int
receive(int received[REQUEST_DESCRIPTORS], bool *light)
{
  char byte = 0;
  NurseryControl control;
  struct iovec part = {&byte, 1};
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t got = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
  if (got <= 0)
    return got < 0 && errno == EINTR ? 0 : -1;
  *light = byte != 0;
  const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_type != SCM_RIGHTS)
    return 0;
  size_t size = header->cmsg_len - CMSG_LEN(0), count = size / sizeof *received;
  memcpy(received, CMSG_DATA(header), size);
  bool lost = (message.msg_flags & MSG_CTRUNC) != 0;
  for (size_t i = 0; lost && i < count; i++)
    close(received[i]);
  return lost ? 0 : (int)count;
}

static void
take_request(GArray *children, void (*prepare)(bool heavy), void (*run)(int job))
{
  int received[REQUEST_DESCRIPTORS];
  bool light = false;
  int count = receive(received, &light);
  if (count < 0)
    _exit(0);
  if (count > REQUEST_WORKER) {
    static bool prepared;
    if (!light && !prepared)
      prepare(true);
    prepared |= !light;
    pid_t nursery = getpid(), pid = fork();
    if (pid == 0)
      become_worker(received, (unsigned)count, nursery, run);
    NurseryReport told = {.failure = pid < 0 ? errno : 0};
    auto_fd int process = pid < 0 ? -1 : pidfd_open(pid, 0);
    report(received[REQUEST_NEWS], &told, process);
    if (pid >= 0) {
      Child child = {pid, received[REQUEST_NEWS]};
      g_array_append_val(children, child);
      received[REQUEST_NEWS] = -1;
    }
  }
  for (int i = 0; i < count; i++)
    fd_clear(&received[i]);
}

static double
seconds_of(struct timeval time)
{
  return (double)time.tv_sec + (double)time.tv_usec / G_USEC_PER_SEC;
}

static void
reap(int signals, GArray *children)
{
  struct signalfd_siginfo unused;
  struct rusage usage;
  int status;
  pid_t pid;
  if (read(signals, &unused, sizeof unused) < 0)
    return;
  while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0)
    for (guint i = 0; i < children->len; i++) {
      Child child = g_array_index(children, Child, i);
      if (child.pid != pid)
        continue;
      NurseryReport told = {
          .ended = true, .end = {status, seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime)}};
      report(child.news, &told, -1);
      close(child.news);
      g_array_remove_index_fast(children, i);
      break;
    }
}

bool
nursery_serve(void (*prepare)(bool heavy), void (*run)(int job), GError **error)
{
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "standard input is not a nursery's socket");
  prepare(false);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ends, NULL);
  int signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0)
    return error_set_errno(error, errno, "signalfd");
  GArray *children = g_array_new(FALSE, FALSE, sizeof(Child));
  struct pollfd sources[] = {{STDIN_FILENO, POLLIN, 0}, {signals, POLLIN, 0}};
  for (;;) {
    if (poll(sources, G_N_ELEMENTS(sources), -1) < 0 && errno != EINTR)
      _exit(1);
    if (sources[1].revents != 0)
      reap(signals, children);
    if (sources[0].revents != 0)
      take_request(children, prepare, run);
  }
}
