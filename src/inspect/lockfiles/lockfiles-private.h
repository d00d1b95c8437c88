/* The readers of lock files, which the table of lockfiles.c names. */
#pragma once

#include "inspect/lockfiles/lock-private.h"

/* Adds what the file names. A broken one is a note. */
typedef void LockReader(Slice bytes, Lock *lock);

LockReader npm_lock_read;
LockReader yarn_lock_read;
LockReader requirements_read;
LockReader pipfile_lock_read;
LockReader python_toml_read;
LockReader pylock_read;
LockReader cargo_lock_read;
LockReader go_mod_read;
LockReader go_sum_read;
LockReader go_vendor_read;
