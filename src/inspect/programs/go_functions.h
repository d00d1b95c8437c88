/* The functions that were linked into a program of Go, by the names that its runtime has of them
 * for tracebacks: stripped programs have them as well, and functions that were compiled into their
 * callers are among them. */
#pragma once

#include "inspect/programs/executable-private.h"

/* A module whose packages are wanted. */
typedef struct {
  Slice import; /* what their import paths begin with; empty: the standard library */
  Slice name;   /* what they begin with in advisories: of a module that replaces another, its own */
  char *symbols; /* go_symbols.h; (transfer full), or NULL: what is linked of it is not known */
} GoLinked;

typedef struct {
  Slice main_module;       /* the path of the module of "main"; empty: not known */
  Slice main_package;      /* the import path of "main"; empty: not known */
  Slice system, processor; /* GOOS, GOARCH; empty: not known */
} GoTarget;

/* Sets `symbols` where the table is there whole, is of Go 1.16 or later, and has names that were
 * not made unreadable. */
void go_functions_read(const Program *program, const GoTarget *target, GoLinked *modules,
                       size_t count);
