/* The attestors of the server, made of its rows; see the header. */
#include "pipeline/attestors.h"

#include <string.h>

#include "pipeline/pipeline-private.h"
#include "signing/signing.h"

GPtrArray *
attestors_of_server(Pipeline *pipeline, uint64_t *generation)
{
  ServerAttestors *server = &pipeline->attestors;
  *generation = 0;
  if (pipeline->options.signing == NULL)
    return g_ptr_array_new();
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);
  uint64_t now = signing_generation(pipeline->options.signing);
  if (server->made == NULL || server->generation != now) {
    g_autoptr(SigningSet) set = signing_get(pipeline->options.signing);
    g_clear_pointer(&server->made, g_ptr_array_unref);
    server->made = signing_attestors(set);
    server->generation = now;
  }
  *generation = server->generation;
  return g_ptr_array_ref(server->made);
}

static void
changed(void *data)
{
  pipeline_rejudge(data);
}

void
attestors_watch(Pipeline *pipeline)
{
  if (pipeline->options.signing != NULL)
    signing_on_change(pipeline->options.signing, changed, pipeline);
}

void
attestors_forget(Pipeline *pipeline)
{
  if (pipeline->options.signing != NULL)
    signing_on_change(pipeline->options.signing, NULL, NULL);
  g_clear_pointer(&pipeline->attestors.made, g_ptr_array_unref);
  g_mutex_clear(&pipeline->attestors.lock);
}

bool
attestors_have(const GPtrArray *attestors, const char *name)
{
  for (guint i = 0; i < attestors->len; i++)
    if (strcmp(((const Attestor *)g_ptr_array_index(attestors, i))->name, name) == 0)
      return true;
  return false;
}

GPtrArray *
attestors_unknown(Pipeline *pipeline, const PolicySet *policy)
{
  uint64_t generation;
  g_autoptr(GPtrArray) server = attestors_of_server(pipeline, &generation);
  g_autoptr(GPtrArray) names = policy_set_unknown_attestors(policy);
  GPtrArray *unknown = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < names->len; i++)
    if (!attestors_have(server, g_ptr_array_index(names, i)))
      g_ptr_array_add(unknown, g_strdup(g_ptr_array_index(names, i)));
  return unknown;
}
