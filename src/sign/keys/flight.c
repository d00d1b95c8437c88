/* One thread works for all; see the header. */
#include "sign/keys/flight.h"

#include "base/error.h"

/* So often a thread that waits looks whether it still should. */
#define LOOK_US (50 * (int64_t)1000)

void
flight_init(Flight *flight)
{
  *flight = (Flight){.flying = false};
  g_mutex_init(&flight->lock);
  g_cond_init(&flight->landed);
}

void
flight_clear(Flight *flight)
{
  g_mutex_clear(&flight->lock);
  g_cond_clear(&flight->landed);
  g_clear_error(&flight->failure);
}

static bool
may_wait(Cancellable *cancellable, GError **error)
{
  if (cancellable_set_error_if_cancelled(cancellable, error))
    return false;
  return cancellable_time_left(cancellable) > 0 ||
         error_set(error, ASSAY_ERROR_TIMEOUT, "it gave no answer in time to others that ask it");
}

bool
flight_board(Flight *flight, Cancellable *cancellable, GError **error)
{
  uint64_t seen = flight->flights;
  bool waited = false;
  while (flight->flying) {
    if (!may_wait(cancellable, error))
      return false;
    g_cond_wait_until(&flight->landed, &flight->lock, g_get_monotonic_time() + LOOK_US);
    waited = waited || flight->flights != seen;
    if (waited)
      break;
  }
  if (waited) {
    if (flight->failure != NULL && error != NULL)
      *error = g_error_copy(flight->failure);
    return false;
  }
  flight->flying = true;
  return true;
}

void
flight_land(Flight *flight, const GError *failure)
{
  flight->flying = false;
  flight->flights++;
  g_clear_error(&flight->failure);
  if (failure != NULL && !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_CANCELLED))
    flight->failure = g_error_copy(failure);
  g_cond_broadcast(&flight->landed);
}
