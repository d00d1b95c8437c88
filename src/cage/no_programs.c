/* Taking programs and other processes from a process; see the header. */
#include "cage/no_programs.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/prctl.h>

#include "base/error.h"

static const int forbidden[] = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(mount),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(kexec_load),
};

bool
cage_forbid_programs(GError **error)
{
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return error_set_errno(error, errno, "no_new_privs");
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  bool done = filter != NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++)
    done = done && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0) == 0;
  done = done && seccomp_load(filter) == 0;
  if (filter != NULL)
    seccomp_release(filter);
  return done || error_set(error, ASSAY_ERROR_UNSUPPORTED, "the kernel takes no seccomp filter");
}
