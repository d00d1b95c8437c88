/* The architectures that a package of an erratum is built for, gathered one by one. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Begins as zeros. */
typedef struct {
  GString *names; /* "aarch64,x86_64", or NULL */
  bool all;       /* one was not told, or there are too many */
} Architectures;

/* @architecture: NULL or "" when it is not told. */
void architectures_add(Architectures *architectures, const char *architecture);
/* As AdvisoryRange.architectures: NULL is all. (transfer none) */
const char *architectures_text(const Architectures *architectures);
void architectures_clear(Architectures *architectures);
