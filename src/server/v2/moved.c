/* Names that repositories had before they were moved. */
#include "registry/move.h"

#include "server/server-private.h"
#include "server/v2/v2.h"

char *
v2_follow_move(void *context, const char *name)
{
  const ServerContext *server = context;
  return registry_moved_to(server->registry, name);
}

bool
v2_moved_meanwhile(Request *request)
{
  return registry_moved_meanwhile(server_context(request)->registry,
                                  request_parameter(request, "name")) &&
         request_follow_again(request);
}
