/* What the readers of Python's lock files share. */
#pragma once

#include "inspect/lockfiles/lock-private.h"

/* Adds a package under its normal name (PEP 503). (transfer none) */
Package *python_add(Lock *lock, Slice name, Slice version);
