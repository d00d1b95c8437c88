/* For whom a thread works: what its lines in the log and its events say. */
#include "base/log.h"
#include "server/http/http-private.h"

void
request_act(Request *request)
{
  const Principal *who = request == NULL ? NULL : request->principal;
  log_set_request_id(request == NULL ? NULL : request->id);
  if (request != NULL)
    request->actor =
        (Actor){.kind = principal_kind_name(who == NULL ? PRINCIPAL_ANONYMOUS : who->kind),
                .name = who == NULL ? "anonymous" : who->name,
                .how = who == NULL ? NULL : who->how,
                .address = request_client(request),
                .endpoint = request->endpoint == NULL ? NULL : endpoint_name(request->endpoint),
                .request = request->id};
  actor_set(request == NULL ? NULL : &request->actor);
}
