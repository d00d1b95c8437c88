/* What a worker that was taken over can do: its cage kills it for what it tries, it was given
 * nothing but the job, and no answer of its making harms the one who asked. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cage/cage.h"
#include "cage/sanitised.h"
#include "cage/worker_process.h"
#include "inspect/inspection.h"
#include "stand-in.h"

/* --- what the kernel stops --- */

static int
self_test(const char *name)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *option = g_strconcat("--self-test=", name, NULL);
  const char *arguments[] = {g_getenv("ASSAY_PROGRAM"), "worker", option, NULL};
  int status = 0;
  g_assert_true(g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_STDERR_TO_DEV_NULL,
                             NULL, NULL, NULL, NULL, &status, &error));
  g_assert_no_error(error);
  g_test_message("%s: status %x", name, (unsigned)status);
  return status;
}

static void
test_forbidden(void)
{
  static const char *const forbidden[] = {
      "open",      "socket",        "connect",     "exec",       "fork",
      "ptrace",    "kill",          "mount",       "io_uring",   "signal-thread",
      "namespace", "memory-file",   "limit-other", "read-other", "executable-memory",
      "prctl",     "shared-memory",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++) {
    int status = self_test(forbidden[i]);
    g_assert_true(WIFSIGNALED(status));
    g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
  }
}

/* It is the attempt that kills, not the cage. */
static void
test_allowed(void)
{
  int nothing = self_test("nothing"), unknown = self_test("no such thing");
  int memory = self_test("memory-of-thread");
  g_assert_true(WIFEXITED(nothing) && WEXITSTATUS(nothing) == 0);
  g_assert_true(WIFEXITED(unknown) && WEXITSTATUS(unknown) != 0);
  g_assert_true(WIFEXITED(memory) && WEXITSTATUS(memory) == 0);
}

static void
test_limits(void)
{
  int status = self_test("endless");
  g_assert_true(WIFSIGNALED(status));
  g_assert_cmpint(WTERMSIG(status), ==, SIGXCPU);
  if (SANITISED) {
    g_test_skip("AddressSanitizer needs more address space than any limit");
    return;
  }
  status = self_test("memory");
  g_assert_true(WIFSIGNALED(status));
  g_assert_true(WTERMSIG(status) == SIGTRAP || WTERMSIG(status) == SIGABRT);
}

/* --- what it is given, and what it may answer --- */

static json_t *
run_worker(uint32_t seconds, Cancellable *cancellable, GError **error)
{
  auto_fd int input = memory_file_new("input", error);
  g_autoptr(json_t) job = json_object();
  json_set_string(job, "job", "none");
  json_object_set_new(job, "memory_bytes", json_integer(1000 * 1000 * 1000));
  const WorkerFiles files = {.input = input, .extra = -1};
  return worker_run(job, &files, seconds, cancellable, error);
}

/* Runs a shell script in the worker's place. */
static json_t *
run_script(const char *script, uint32_t seconds, Cancellable *cancellable, GError **error)
{
  stand_in_use("/bin/sh", script);
  json_t *answer = run_worker(seconds, cancellable, error);
  stand_in_end();
  return answer;
}

#define SAYS(text) "printf '%s' '" text "'"
/* As "fds" which are open, and as "names" what is in the environment. */
#define SAYS_WHAT_IT_HAS                                                                           \
  "n=0; while [ $n -lt 64 ]; do [ -e /proc/$$/fd/$n ] && fds=\"$fds$n \"; "                        \
  "n=$((n+1)); done; names=$(tr '\\0' '\\n' </proc/$$/environ | cut -d= -f1 | sort | "             \
  "tr '\\n' ' '); printf '{\"ok\":{\"fds\":\"%s\",\"names\":\"%s\"}}' \"$fds\" "                   \
  "\"$names\""
/* 10: where the shell keeps the script. */
#define HAS_FDS "0 1 2 10 "

/* Descriptors that a careless library left open for children, and a full environment. */
static void
test_inherited(void)
{
  g_autoptr(GError) error = NULL;
  int careless = open("/dev/null", O_RDONLY), high = fcntl(careless, F_DUPFD, 40);
  g_assert_cmpint(high, >=, 40);
  g_setenv("SECRET_TOKEN", "hunter2", TRUE);
  g_autoptr(json_t) answer = run_script(SAYS_WHAT_IT_HAS, 30, NULL, &error);
  g_unsetenv("SECRET_TOKEN");
  close(careless);
  close(high);
  g_assert_no_error(error);
  g_assert_cmpstr(json_get_string(answer, "fds"), ==, HAS_FDS);
  g_assert_cmpstr(json_get_string(answer, "names"), ==,
                  "ASAN_OPTIONS ASSAY_NURSERY LC_ALL LD_BIND_NOW ");
}

static void
test_answers(void)
{
  static const struct {
    const char *name, *script, *message;
    uint32_t seconds;
    int code;
  } cases[] = {
      {"no answer", "exit 3", "ended with status 3 and no answer", 30, ASSAY_ERROR_FAILED},
      {"no answer but words", "echo 'bad luck' >&2; exit 3", "bad luck", 30, ASSAY_ERROR_FAILED},
      {"garbage", SAYS("garbage"), "no answer", 30, ASSAY_ERROR_FAILED},
      {"half an answer", SAYS("{\"ok\":{"), "no answer", 30, ASSAY_ERROR_FAILED},
      {"neither", SAYS("{}"), "no answer", 30, ASSAY_ERROR_FAILED},
      {"ok that is none", SAYS("{\"ok\":7}"), "no answer", 30, ASSAY_ERROR_FAILED},
      {"an error", SAYS("{\"error\":{\"code\":2,\"message\":\"too much\"}}"), "too much", 30,
       ASSAY_ERROR_LIMIT},
      {"a code that is none", SAYS("{\"error\":{\"code\":99,\"message\":\"x\"}}"), "x", 30,
       ASSAY_ERROR_FAILED},
      {"a code that is not its to give", SAYS("{\"error\":{\"code\":12,\"message\":\"x\"}}"), "x",
       30, ASSAY_ERROR_FAILED},
      {"a message for terminals", SAYS("{\"error\":{\"code\":1,\"message\":\"\\u001b[31mred\"}}"),
       "?[31mred", 30, ASSAY_ERROR_INVALID},
      {"killed", "kill -9 $$", "died of signal 9", 30, ASSAY_ERROR_IO},
      {"ended by somebody", "kill -TERM $$", "which somebody sent", 30, ASSAY_ERROR_IO},
      {"an error of the disk", SAYS("{\"error\":{\"code\":8,\"message\":\"x\"}}"), "x", 30,
       ASSAY_ERROR_IO},
      {"an answer, then killed", SAYS("{\"ok\":{}}") "; kill -11 $$", "died of signal 11", 30,
       ASSAY_ERROR_FAILED},
      {"out of memory", "echo 'gmem.c:1: failed to allocate 5 bytes' >&2; kill -5 $$",
       "limits.worker_memory_bytes", 30, ASSAY_ERROR_LIMIT},
      {"out of its own memory",
       "echo 'gmem.c:1: failed to allocate 5 bytes, had 900000000' >&2; kill -5 $$",
       "limits.worker_memory_bytes", 30, ASSAY_ERROR_LIMIT},
      {"the machine is out of memory",
       "echo 'gmem.c:1: failed to allocate 5 bytes, had 1000000' >&2; kill -5 $$",
       "the machine has no memory", 30, ASSAY_ERROR_IO},
      {"out of processor time", "kill -XCPU $$", "limits.layer_seconds", 30, ASSAY_ERROR_TIMEOUT},
      {"silence", "exec sleep 100", "of 1 seconds (limits.layer_seconds)", 1, ASSAY_ERROR_BUSY},
      {"silence with its ends closed", "exec sleep 100 >&- 2>&-", "of 1 seconds", 1,
       ASSAY_ERROR_BUSY},
      {"a word now and then", "while :; do printf ' '; sleep 0.2; done", "of 1 seconds", 1,
       ASSAY_ERROR_BUSY},
      {"an answer without end", "exec cat /dev/zero", "more than can be kept", 300,
       ASSAY_ERROR_LIMIT},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) answer = run_script(cases[i].script, cases[i].seconds, NULL, &error);
    g_test_message("%s: %s", cases[i].name, error != NULL ? error->message : "no error");
    g_assert_null(answer);
    g_assert_error(error, ASSAY_ERROR, cases[i].code);
    g_assert_nonnull(strstr(error->message, cases[i].message));
    g_assert_cmpuint(strlen(error->message), <, 4096);
  }
}

static void *
cancel_soon(void *cancellable)
{
  g_usleep(100000);
  cancellable_cancel(cancellable);
  return NULL;
}

/* At once, with no child left behind. */
static void
test_cancelled(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Cancellable) cancellable = cancellable_new();
  g_autoptr(GThread) thread = g_thread_new("cancel", cancel_soon, cancellable);
  g_assert_null(run_script("exec sleep 1000", 1000, cancellable, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_CANCELLED);
  g_thread_join(g_steal_pointer(&thread));
  g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
}

/* --- where it comes from --- */

static guint
count_entries(const char *path)
{
  guint count = 0;
  g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
  while (g_dir_read_name(folder) != NULL)
    count++;
  return count;
}

static void *
run_beside_others(void *unused)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) answer = run_worker(120, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(json_get_string(answer, "fds"), ==, HAS_FDS);
  return NULL;
}

/* None has a descriptor of another, and nothing of them is left: no process, no descriptor. */
static void
test_many_at_once(void)
{
  GThread *threads[200];
  guint before = count_entries("/proc/self/fd");
  stand_in_use("/bin/sh", SAYS_WHAT_IT_HAS);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("many", run_beside_others, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  stand_in_end();
  g_assert_cmpuint(count_entries("/proc/self/fd"), ==, before);
  g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
}

#define SAYS_NURSERY "printf '{\"ok\":{\"nursery\":%s}}' $PPID"

static pid_t
nursery_of_next(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) answer = run_worker(30, NULL, &error);
  g_assert_no_error(error);
  return (pid_t)json_get_integer(answer, "nursery", 0);
}

/* A program that starts itself and does not know `worker` would go on for ever. */
static void
test_no_nursery_of_a_nursery(void)
{
  stand_in_use("/bin/sh", SAYS_NURSERY);
  g_setenv("ASSAY_NURSERY", "1", TRUE);
  g_autoptr(GError) error = NULL;
  g_assert_null(run_worker(30, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_FAILED);
  g_assert_nonnull(strstr(error->message, "was started to be one"));
  g_unsetenv("ASSAY_NURSERY");
  g_assert_cmpint(nursery_of_next(), >, 0);
  stand_in_end();
}

/* Killed, it is replaced; nobody notices who comes later. */
static void
test_idle_nursery_dies(void)
{
  stand_in_use("/bin/sh", SAYS_NURSERY);
  pid_t first = nursery_of_next();
  g_assert_cmpint(nursery_of_next(), ==, first);
  g_assert_cmpint(kill(first, SIGKILL), ==, 0);
  siginfo_t ended;
  g_assert_cmpint(waitid(P_PID, (id_t)first, &ended, WEXITED | WNOWAIT), ==, 0);
  g_assert_cmpint(nursery_of_next(), !=, first);
  stand_in_end();
}

/* A worker that died of what it did may have guessed where things are in its memory. */
static void
test_fault_ends_nursery(void)
{
  stand_in_use("/bin/sh", "[ -s /proc/$$/fd/0 ] || { " SAYS_NURSERY "; exit; }; kill -11 $$");
  g_autoptr(GError) error = NULL;
  pid_t first = nursery_of_next();
  auto_fd int input = memory_file_new("input", NULL);
  g_assert_true(fd_write_all(input, SLICE_LITERAL("hostile"), NULL));
  g_autoptr(json_t) job = json_object();
  const WorkerFiles files = {.input = input, .extra = -1};
  g_assert_null(worker_run(job, &files, 30, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_FAILED);
  g_assert_cmpint(nursery_of_next(), !=, first);
  stand_in_end();
}

/* The worker dies with it, and that says nothing of the layer; so does one that was stopped. */
static void
test_busy_nursery_dies(void)
{
  static const struct {
    const char *script, *message;
    int code;
  } cases[] = {
      {"kill -9 $PPID; exec sleep 100", "the process that starts inspection workers died",
       ASSAY_ERROR_IO},
      {"kill -STOP $PPID; exec sleep 100", "had the processor for 0.0 of 1 seconds",
       ASSAY_ERROR_BUSY},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(run_script(cases[i].script, 1, NULL, &error));
    g_assert_error(error, ASSAY_ERROR, cases[i].code);
    g_assert_nonnull(strstr(error->message, cases[i].message));
    g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
  }
}

/* What a worker could read in its memory of jobs before it: whether @marker is anywhere there. */
static bool
memory_has(pid_t pid, const char *marker)
{
  g_autofree char *maps = g_strdup_printf("/proc/%d/maps", pid);
  g_autofree char *memory = g_strdup_printf("/proc/%d/mem", pid);
  g_autofree char *text = NULL;
  auto_fd int file = open(memory, O_RDONLY | O_CLOEXEC);
  g_assert_cmpint(file, >=, 0);
  g_assert_true(g_file_get_contents(maps, &text, NULL, NULL));
  bool found = false;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL && **line != '\0' && !found; line++) {
    unsigned long begin = 0, end = 0;
    char access[5] = "";
    g_assert_cmpint(sscanf(*line, "%lx-%lx %4s", &begin, &end, access), ==, 3);
    /* AddressSanitizer's shadow is larger than anything that a program has. */
    if (access[1] != 'w' || end - begin > (unsigned long)1 << 30)
      continue;
    g_autofree char *bytes = g_malloc(end - begin);
    ssize_t got = pread(file, bytes, end - begin, (off_t)begin);
    found = got > 0 && memmem(bytes, (size_t)got, marker, strlen(marker)) != NULL;
  }
  return found;
}

static void
test_nursery_knows_no_job(void)
{
  static const char marker[] = "of-another-tenant";
  stand_in_use("/bin/sh", SAYS_NURSERY);
  pid_t nursery = nursery_of_next();
  g_autoptr(GError) error = NULL;
  auto_fd int input = memory_file_new("input", NULL);
  g_assert_true(fd_write_all(input, slice_from_string(marker), NULL));
  g_autoptr(json_t) job = json_object();
  json_set_string(job, "link", marker);
  const WorkerFiles files = {.input = input, .extra = -1};
  g_autoptr(json_t) answer = worker_run(job, &files, 30, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(json_get_integer(answer, "nursery", 0), ==, nursery);
  g_assert_true(memory_has(getpid(), marker));
  g_assert_false(memory_has(nursery, marker));
  stand_in_end();
}

static void
test_available(void)
{
  g_autofree char *missing = NULL;
  g_assert_true(cage_available(&missing));
  g_assert_null(missing);
}

int
main(int argc, char **argv)
{
  stand_in_serve(argc, argv);
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/cage/available", test_available);
  g_test_add_func("/cage/forbidden", test_forbidden);
  g_test_add_func("/cage/allowed", test_allowed);
  g_test_add_func("/cage/limits", test_limits);
  g_test_add_func("/cage/inherited", test_inherited);
  g_test_add_func("/cage/answers", test_answers);
  g_test_add_func("/cage/cancelled", test_cancelled);
  g_test_add_func("/nursery/many-at-once", test_many_at_once);
  g_test_add_func("/nursery/of-itself", test_no_nursery_of_a_nursery);
  g_test_add_func("/nursery/idle-dies", test_idle_nursery_dies);
  g_test_add_func("/nursery/fault", test_fault_ends_nursery);
  g_test_add_func("/nursery/busy-dies", test_busy_nursery_dies);
  g_test_add_func("/nursery/knows-no-job", test_nursery_knows_no_job);
  return g_test_run();
}
