/* The cage; see the header. */
#include "cage/cage.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cage/sanitised.h"

/* Rights of later kernels than this system's headers know. */
#define FS_RIGHTS_1  ((1ULL << 13) - 1) /* ABI 1: execute ... make_sym */
#define FS_REFER     (1ULL << 13)       /* ABI 2 */
#define FS_TRUNCATE  (1ULL << 14)       /* ABI 3 */
#define NET_TCP      ((1ULL << 2) - 1)  /* ABI 4: bind, connect */
#define FS_IOCTL_DEV (1ULL << 15)       /* ABI 5 */
#define SCOPES       ((1ULL << 2) - 1)  /* ABI 6: abstract sockets, signals */

typedef struct {
  uint64_t fs, net, scoped;
} LandlockRights;

static int
landlock_abi(void)
{
  return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* Filters, and the action that ours needs. */
static bool
has_seccomp_kill(void)
{
  uint32_t action = SECCOMP_RET_KILL_PROCESS;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool
cage_available(char **missing)
{
  *missing = NULL;
  if (landlock_abi() < 1)
    *missing = g_strdup("Landlock");
  else if (!has_seccomp_kill())
    *missing = g_strdup("seccomp");
  return *missing == NULL;
}

/* Handles every right that the kernel knows, and grants none. */
static bool
enter_landlock(void)
{
  int abi = landlock_abi();
  if (abi < 1)
    return false;
  LandlockRights rights = {
      .fs = FS_RIGHTS_1 | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
            (abi >= 5 ? FS_IOCTL_DEV : 0),
      .net = abi >= 4 ? NET_TCP : 0,
      .scoped = abi >= 6 ? SCOPES : 0,
  };
  size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  auto_fd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rights, size, 0);
  if (ruleset < 0)
    return false;
  return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

/* What inflating, hashing, threads, memory, and reading and writing of open descriptors need. */
static const int strict_calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(rseq),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sysinfo),
};

static bool
allow_calls(scmp_filter_ctx filter, const int *calls, size_t count)
{
  bool allowed = true;
  for (size_t i = 0; i < count; i++) {
    int code = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    allowed = allowed && (code == 0 || code == -EDOM);
  }
  return allowed;
}

/* In the place of the number of the process that the filter is for: no process has it. */
#define SELF             0x7fffa55au
#define FILTER_STEPS_MAX 1024

/* Every flag of clone() that makes a namespace or a process. */
#define CLONE_APART                                                                                \
  (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |    \
   CLONE_NEWNET | CLONE_VFORK)

/* What is needed in one form only. */
static const struct {
  int call;
  unsigned count;
  struct scmp_arg_cmp arguments[2];
} partial_calls[] = {
    /* Threads, but no processes. */
    {SCMP_SYS(clone), 1, {{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_APART, CLONE_THREAD}}},
    /* Names a thread; nothing else of prctl. */
    {SCMP_SYS(prctl), 1, {{0, SCMP_CMP_EQ, PR_SET_NAME, 0}}},
    /* No memory that can be run, and none that writes through to a file: no limit holds there. */
    {SCMP_SYS(mmap),
     2,
     {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}, {3, SCMP_CMP_MASKED_EQ, MAP_SHARED, 0}}},
    {SCMP_SYS(mprotect), 1, {{2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}}},
    /* Our own limits, to read: whose process is another's of the same user could be changed. */
    {SCMP_SYS(prlimit64), 2, {{0, SCMP_CMP_EQ, 0, 0}, {2, SCMP_CMP_EQ, 0, 0}}},
};

static bool
allow_partial_calls(scmp_filter_ctx filter)
{
  bool allowed = true;
  for (size_t i = 0; i < G_N_ELEMENTS(partial_calls); i++)
    allowed =
        allowed && seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, partial_calls[i].call,
                                          partial_calls[i].count, partial_calls[i].arguments) == 0;
  /* abort(): a failed check dies by SIGABRT, and is told so. A signal to nobody else. */
  struct scmp_arg_cmp self = {0, SCMP_CMP_EQ, SELF, 0};
  return allowed && seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &self) == 0;
}

static bool
fill_filter(scmp_filter_ctx filter)
{
  /* glibc asks clone3 first, whose flags a filter cannot see. */
  return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
         allow_calls(filter, strict_calls, G_N_ELEMENTS(strict_calls)) &&
         allow_partial_calls(filter);
}

/* The filter as the kernel takes it. libseccomp needs longer to make it than a small job does. */
static struct {
  struct sock_filter steps[FILTER_STEPS_MAX];
  unsigned short count; /* 0: there is none */
  unsigned short self;  /* the step that compares with the number of the process */
} ready_filter;

/* False unless one step, and no other, compares with SELF. */
static bool
find_self(void)
{
  unsigned found = 0;
  for (unsigned short i = 0; i < ready_filter.count; i++)
    if (ready_filter.steps[i].code == (BPF_JMP | BPF_JEQ | BPF_K) &&
        ready_filter.steps[i].k == SELF) {
      ready_filter.self = i;
      found++;
    }
  return found == 1;
}

static bool
make_filter(void)
{
  auto_fd int file = memory_file_new("filter", NULL);
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
  /* As a binary tree: the kernel runs it for each system call when it is installed. */
  bool made = file >= 0 && filter != NULL &&
              seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 && fill_filter(filter) &&
              seccomp_export_bpf(filter, file) == 0;
  if (filter != NULL)
    seccomp_release(filter);
  ssize_t size = made ? pread(file, ready_filter.steps, sizeof ready_filter.steps, 0) : -1;
  /* One that fills the room may go on. */
  made = size > 0 && (size_t)size < sizeof ready_filter.steps;
  ready_filter.count = made ? (unsigned short)((size_t)size / sizeof *ready_filter.steps) : 0;
  return made && find_self();
}

static bool
enter_seccomp(void)
{
  if (ready_filter.count == 0)
    return false;
  ready_filter.steps[ready_filter.self].k = (uint32_t)getpid();
  const struct sock_fprog program = {ready_filter.count, ready_filter.steps};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static void
set_limit(int resource, rlim_t soft, rlim_t hard)
{
  struct rlimit limit = {soft, hard};
  setrlimit((__rlimit_resource_t)resource, &limit);
}

static void
set_limits(const CageSettings *settings)
{
  set_limit(RLIMIT_CORE, 0, 0);
  set_limit(RLIMIT_NOFILE, 64, 64);
  set_limit(RLIMIT_FSIZE, settings->output_bytes, settings->output_bytes);
  /* SIGXCPU first, by which the parent knows what it was. */
  if (settings->cpu_seconds != 0)
    set_limit(RLIMIT_CPU, settings->cpu_seconds, (rlim_t)settings->cpu_seconds + 2);
  /* AddressSanitizer's shadow is terabytes of address space. */
  if (settings->memory_bytes != 0 && !SANITISED)
    set_limit(RLIMIT_AS, settings->memory_bytes, settings->memory_bytes);
}

void
cage_prepare(void)
{
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) < 0)
    errno = 0;
  if (!make_filter())
    ready_filter.count = 0;
}

bool
cage_enter(const CageSettings *settings, GError **error)
{
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  set_limits(settings);
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return error_set_errno(error, errno, "no_new_privs");
  if (!enter_landlock() && !settings->allow_uncaged)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "the kernel does not enter Landlock");
  if (!enter_seccomp() && !settings->allow_uncaged)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "the kernel does not take the seccomp filter");
  return true;
}
