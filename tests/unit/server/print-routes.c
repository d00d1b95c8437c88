/* Prints the server's routes: method, pattern and verb; check-routes.py compares them with docs. */
#include <stdio.h>

#include "server/routes.h"

int
main(void)
{
  for (const Route *const *table = server_routes; *table != NULL; table++)
    for (const Route *route = *table; route->method != NULL; route++)
      printf("%s\t%s\t%s\n", route->method, route->pattern, verb_name(route->needs));
  return 0;
}
