/* Around the work of a route; see the header. */
#include "server/http/finish.h"

#include "server/http/conditions.h"
#include "server/http/http-private.h"
#include "server/http/repeats.h"

typedef struct {
  Request *request;
  const Repeat *repeat; /* or NULL */
} Guard;

/* In each transaction of the request, before its work. */
static bool
guard_transaction(SqlConnection *db, void *data, GError **error)
{
  const Guard *guard = data;
  return (guard->repeat == NULL || repeat_claim(guard->repeat, db, error)) &&
         conditions_hold(guard->request, error);
}

void
request_finish_route(Request *request)
{
  g_autoptr(GError) error = NULL;
  Repeat *repeat = repeat_begin(request);
  Guard guard = {request, repeat};
  if (request_has_response(request))
    return;
  if (!conditions_hold(request, &error)) {
    respond_error(request, error);
  } else {
    sql_guard_transactions(guard_transaction, &guard, conditions_are_made(request));
    request->match.route->finish(request);
    sql_guard_transactions(NULL, NULL, false);
  }
  if (repeat != NULL)
    repeat_end(repeat, request);
}
