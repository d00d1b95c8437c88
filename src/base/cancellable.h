/* A wish to stop, which one thread says and others look at: of a job that is to end, of a person's
 * Ctrl-C. All functions may be called by any thread; those that look take NULL: nobody ever says
 * it. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Cancellable Cancellable;

Cancellable *cancellable_new(void);
Cancellable *cancellable_ref(Cancellable *cancellable);
void cancellable_unref(Cancellable *cancellable);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cancellable, cancellable_unref)

/* For good. */
void cancellable_cancel(Cancellable *cancellable);
bool cancellable_is_cancelled(Cancellable *cancellable);
/* True, with ASSAY_ERROR_CANCELLED, when it is cancelled. */
bool cancellable_set_error_if_cancelled(Cancellable *cancellable, GError **error);

/* Cancels @to as well when @from is cancelled, or at once if it is, until the end is said, which
 * must be before @to goes. @from: NULL: does nothing. */
void cancellable_forward(Cancellable *from, Cancellable *to);
void cancellable_forward_end(Cancellable *from, Cancellable *to);

/* For poll(): can be read from (which nobody does) once it is cancelled. Goes with @cancellable.
 * -1: there is none, which poll() passes over; of NULL, or where no more descriptors are left. */
int cancellable_descriptor(Cancellable *cancellable);
