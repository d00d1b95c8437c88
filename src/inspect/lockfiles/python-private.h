/* What the readers of Python's lock files share. */
#pragma once

#include "inspect/lockfiles/lock-private.h"

/* Adds a package under its normal name (PEP 503). (transfer none) */
Package *python_add(Lock *lock, Slice name, Slice version);

/* A source that is the project itself, or another one of its folder. */
bool python_is_own(const json_t *source);
/* A group may also be an extra that is used, so that only the names count that nobody gives to
 * one. */
bool python_is_development_group(const char *name);

/* Adds "package" of poetry.lock and of those that are alike. */
void python_packages_read(const json_t *packages, Lock *lock);
