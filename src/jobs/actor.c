/* The actor of a thread; see the header. */
#include "jobs/actor.h"

#include "base/json.h"

static const Actor program = {.kind = "system", .name = "system"};
static _Thread_local const Actor *present;

void
actor_set(const Actor *actor)
{
  present = actor;
}

const Actor *
actor_get(void)
{
  return present != NULL ? present : &program;
}

char *
actor_text(void)
{
  const Actor *actor = actor_get();
  g_autoptr(json_t) object = json_object();
  json_set_string(object, "kind", actor->kind);
  json_set_string(object, "name", actor->name);
  json_set_string(object, "how", actor->how != NULL && *actor->how != '\0' ? actor->how : NULL);
  json_set_string(object, "address", actor->address);
  json_set_string(object, "endpoint", actor->endpoint);
  json_set_string(object, "request", actor->request);
  return json_to_text(object);
}
