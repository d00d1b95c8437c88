/* The cage of the inspection worker: what the kernel takes from the process before it reads a
 * hostile byte.
 *
 * No file can be opened, no socket made, no program run, no process made, signalled or changed;
 * no memory can be made that runs, or that is a file's. Threads, memory, and reading and writing
 * what is open already remain.
 *
 * Made of: no_new_privs, not dumpable, resource limits, Landlock (files, and TCP where the kernel
 * can), namespaces (user, network, IPC) where they may be made, and a seccomp list whose default is
 * to kill. What the kernel or a container's rules withhold of the namespaces is done without, since
 * seccomp forbids the same; Landlock and seccomp themselves are required unless @allow_uncaged. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t memory_bytes; /* of address space; 0: no limit */
  uint32_t cpu_seconds;  /* of all threads together; 0: no limit */
  uint64_t output_bytes; /* of a file that it may write to; pipes are not meant */
  bool allow_uncaged;
} CageSettings;

/* What every cage has in common, once before the first: the namespaces, which are entered now, and
 * the seccomp list, made ready. Processes that are forked later have both. */
void cage_prepare(void);

/* Cannot be left. Threads that exist already are not all covered: call it before making any. After
 * cage_prepare(). */
bool cage_enter(const CageSettings *settings, GError **error);

/* What the kernel offers the cage: checked at start. Lists what is missing in @missing ("Landlock",
 * "seccomp"), or leaves it NULL. Returns true when the cage is whole. */
bool cage_available(char **missing);
