/* Serving requests to sign; see the header. */
#include "sign/signer_serve.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cage/no_programs.h"
#include "sign/keys/pkcs11_key.h"
#include "sign/lanes.h"
#include "sign/open_keys.h"
#include "sign/signer_message-private.h"

/* Requests that are worked on at once: most of them wait for something else. Of one key, there are
 * LANE_WORKERS. */
#define THREADS_MAX 256

/* --- one request --- */

static GByteArray *
answer_key(Key *key)
{
  g_autoptr(GBytes) der = public_key_to_der(key_public(key));
  return signer_answer_write(NULL, slice_from_bytes(der), key_version(key));
}

typedef struct {
  int socket;
  GBytes *bytes;
  GPtrArray *texts;
  SignerRequest request;    /* points to both */
  Cancellable *cancellable; /* has the time that the request has */
} Job;

static void
free_job(Job *job)
{
  close(job->socket);
  g_clear_pointer(&job->bytes, g_bytes_unref);
  g_clear_pointer(&job->cancellable, cancellable_unref);
  g_ptr_array_unref(job->texts);
  g_free(job);
}

/* (transfer full) NULL: it is no request. */
static Job *
read_job(int socket)
{
  Job *job = g_new0(Job, 1);
  job->socket = socket;
  job->texts = g_ptr_array_new_with_free_func(g_free);
  job->bytes = fd_read_all(socket, SIGNER_REQUEST_MAX, NULL);
  if (job->bytes == NULL ||
      !signer_request_read(slice_from_bytes(job->bytes), &job->request, job->texts)) {
    free_job(job);
    return NULL;
  }
  job->cancellable = cancellable_new_until(g_get_monotonic_time() +
                                           (int64_t)job->request.seconds * G_USEC_PER_SEC);
  return job;
}

/* (transfer full) */
static GByteArray *
work(const Job *job)
{
  const SignerRequest *request = &job->request;
  const char *uri = request->texts[SIGNER_URI];
  KeyOptions options = signer_request_options(request);
  g_autoptr(GError) error = NULL;
  if (cancellable_time_left(job->cancellable) == 0) {
    error_set(&error, ASSAY_ERROR_TIMEOUT,
              "key %.*s: it gave no answer in time to others that ask it", (int)strcspn(uri, "?"),
              uri);
    return signer_answer_write(error, SLICE_EMPTY, NULL);
  }
  if (request->verb == SIGNER_MAKE) {
    key_make(uri, request->texts[SIGNER_MADE], &options, job->cancellable, &error);
    return signer_answer_write(error, SLICE_EMPTY, NULL);
  }
  if (request->verb == SIGNER_OPEN) {
    g_autoptr(Key) key = open_keys_get(uri, &options, job->cancellable, &error);
    return key == NULL ? signer_answer_write(error, SLICE_EMPTY, NULL) : answer_key(key);
  }
  g_autoptr(GBytes) signature =
      open_keys_sign(uri, &options, request->algorithm, request->message, job->cancellable, &error);
  return signature == NULL ? signer_answer_write(error, SLICE_EMPTY, NULL)
                           : signer_answer_write(NULL, slice_from_bytes(signature), NULL);
}

/* Whether anybody waits for the answer. */
static bool
is_asked(const Job *job)
{
  struct pollfd asker = {job->socket, 0, 0};
  return poll(&asker, 1, 0) <= 0 || (asker.revents & (POLLHUP | POLLERR)) == 0;
}

static void
do_job(Job *job)
{
  if (is_asked(job)) {
    g_autoptr(GByteArray) answer = work(job);
    /* Whoever does not listen any more has given it up. */
    fd_write_all(job->socket, slice_new(answer->data, answer->len), NULL);
  }
  free_job(job);
}

/* A key that gives no answer holds up no other: its requests wait for each other alone. */
static void
serve_one(gpointer data, gpointer unused)
{
  Job *job = read_job(GPOINTER_TO_INT(data));
  if (job == NULL)
    return;
  g_autofree char *lane = g_strdup(job->request.texts[SIGNER_URI]);
  if (!lanes_enter(lane, job))
    return;
  for (; job != NULL; job = lanes_next(lane))
    do_job(job);
}

/* --- the process --- */

/* Nobody reads our memory: no debugger, no core, no swap where we may forbid it. */
static bool
harden(GError **error)
{
  const struct rlimit no_core = {0, 0};
  struct rlimit locked = {0, 0};
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
    return error_set_errno(error, errno, "keep other processes out of the one that signs");
  /* Under a limit, a later allocation would fail; keys of files are locked by themselves. */
  getrlimit(RLIMIT_MEMLOCK, &locked);
  if (locked.rlim_cur == RLIM_INFINITY)
    mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
  return cage_forbid_programs(error);
}

/* A socket; -1: nobody asks any more. */
static int
receive(void)
{
  char byte;
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  for (;;) {
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return -1;
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int)))
      continue;
    int socket;
    memcpy(&socket, CMSG_DATA(header), sizeof socket);
    return socket;
  }
}

bool
signer_serve(GError **error)
{
  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "standard input is not a signer's socket");
  if (!harden(error))
    return false;
  pkcs11_key_allow();
  GThreadPool *pool = g_thread_pool_new(serve_one, NULL, THREADS_MAX, FALSE, error);
  if (pool == NULL)
    return false;
  for (int socket; (socket = receive()) >= 0;)
    g_thread_pool_push(pool, GINT_TO_POINTER(socket), NULL);
  _exit(0);
}
