/* A wish to stop; see the header. */
#include "base/cancellable.h"

#include <sys/eventfd.h>

#include "base/error.h"
#include "base/fd.h"

struct Cancellable {
  gatomicrefcount references;
  int cancelled;       /* atomic */
  int64_t until;       /* G_MAXINT64: nothing is said */
  GMutex lock;         /* of what follows; of a @from before that of its @to */
  GPtrArray *forwards; /* Cancellable, not owned; NULL: none yet */
  int event;           /* -1: none yet */
};

Cancellable *
cancellable_new(void)
{
  Cancellable *cancellable = g_new0(Cancellable, 1);
  g_atomic_ref_count_init(&cancellable->references);
  g_mutex_init(&cancellable->lock);
  cancellable->event = -1;
  cancellable->until = G_MAXINT64;
  return cancellable;
}

Cancellable *
cancellable_new_until(int64_t until)
{
  Cancellable *cancellable = cancellable_new();
  cancellable->until = until;
  return cancellable;
}

int64_t
cancellable_time_left(Cancellable *cancellable)
{
  if (cancellable == NULL || cancellable->until == G_MAXINT64)
    return G_MAXINT64;
  return MAX(0, cancellable->until - g_get_monotonic_time());
}

Cancellable *
cancellable_ref(Cancellable *cancellable)
{
  g_atomic_ref_count_inc(&cancellable->references);
  return cancellable;
}

void
cancellable_unref(Cancellable *cancellable)
{
  if (cancellable == NULL || !g_atomic_ref_count_dec(&cancellable->references))
    return;
  g_clear_pointer(&cancellable->forwards, g_ptr_array_unref);
  fd_clear(&cancellable->event);
  g_mutex_clear(&cancellable->lock);
  g_free(cancellable);
}

static void
tell(Cancellable *cancellable)
{
  if (cancellable->event >= 0)
    eventfd_write(cancellable->event, 1);
}

void
cancellable_cancel(Cancellable *cancellable)
{
  g_mutex_lock(&cancellable->lock);
  if (!cancellable_is_cancelled(cancellable)) {
    g_atomic_int_set(&cancellable->cancelled, 1);
    tell(cancellable);
    for (guint i = 0; cancellable->forwards != NULL && i < cancellable->forwards->len; i++)
      cancellable_cancel(g_ptr_array_index(cancellable->forwards, i));
  }
  g_mutex_unlock(&cancellable->lock);
}

bool
cancellable_is_cancelled(Cancellable *cancellable)
{
  return cancellable != NULL && g_atomic_int_get(&cancellable->cancelled) != 0;
}

bool
cancellable_set_error_if_cancelled(Cancellable *cancellable, GError **error)
{
  if (!cancellable_is_cancelled(cancellable))
    return false;
  error_set(error, ASSAY_ERROR_CANCELLED, "it was cancelled");
  return true;
}

void
cancellable_forward(Cancellable *from, Cancellable *to)
{
  if (from == NULL)
    return;
  g_mutex_lock(&from->lock);
  if (from->forwards == NULL)
    from->forwards = g_ptr_array_new();
  g_ptr_array_add(from->forwards, to);
  if (cancellable_is_cancelled(from))
    cancellable_cancel(to);
  g_mutex_unlock(&from->lock);
}

void
cancellable_forward_end(Cancellable *from, Cancellable *to)
{
  if (from == NULL)
    return;
  g_mutex_lock(&from->lock);
  g_ptr_array_remove_fast(from->forwards, to);
  g_mutex_unlock(&from->lock);
}

int
cancellable_descriptor(Cancellable *cancellable)
{
  if (cancellable == NULL)
    return -1;
  g_mutex_lock(&cancellable->lock);
  if (cancellable->event < 0) {
    cancellable->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cancellable_is_cancelled(cancellable))
      tell(cancellable);
  }
  int event = cancellable->event;
  g_mutex_unlock(&cancellable->lock);
  return event;
}
