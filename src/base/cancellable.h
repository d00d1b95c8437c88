/* A wish to stop, which one thread says and others look at: of a job that is to end, of a person's
 * Ctrl-C; and until when all that is done for it must have ended. All functions may be called by
 * any thread; those that look take NULL: nobody ever says it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct Cancellable Cancellable;

Cancellable *cancellable_new(void);
/* @until: of g_get_monotonic_time(). What is passed does not cancel it: who waits for something
 * waits no longer, and says ASSAY_ERROR_TIMEOUT. */
Cancellable *cancellable_new_until(int64_t until);
Cancellable *cancellable_ref(Cancellable *cancellable);
void cancellable_unref(Cancellable *cancellable);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cancellable, cancellable_unref)

/* For good. */
void cancellable_cancel(Cancellable *cancellable);
bool cancellable_is_cancelled(Cancellable *cancellable);
/* How long there is time yet, in microseconds: G_MAXINT64 where nothing is said, and 0 when it has
 * passed. */
int64_t cancellable_time_left(Cancellable *cancellable);
/* True, with ASSAY_ERROR_CANCELLED, when it is cancelled. */
bool cancellable_set_error_if_cancelled(Cancellable *cancellable, GError **error);

/* Cancels @to as well when @from is cancelled, or at once if it is, until the end is said, which
 * must be before @to goes. @from: NULL: does nothing. */
void cancellable_forward(Cancellable *from, Cancellable *to);
void cancellable_forward_end(Cancellable *from, Cancellable *to);

/* For poll(): can be read from (which nobody does) once it is cancelled. Goes with @cancellable.
 * -1: there is none, which poll() passes over; of NULL, or where no more descriptors are left. */
int cancellable_descriptor(Cancellable *cancellable);
