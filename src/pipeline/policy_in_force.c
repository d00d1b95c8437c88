/* The policy that pulls are judged by: reading it, and telling everywhere which one it is. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"

/* Names that namespaces are compared with, to find those that are mistyped. */
#define REPOSITORIES_MAX 10000

PolicySet *
pipeline_policy(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->policy.lock);
  return policy_set_ref(pipeline->policy.set);
}

static void
warn_of_each(const char *message, const GPtrArray *sentences)
{
  for (guint i = 0; i < sentences->len; i++)
    log_warning(message, "detail", g_ptr_array_index(sentences, i), NULL);
}

static void
tell_policy(const Pipeline *pipeline, const PolicySet *policy)
{
  PolicyOrigin origin = policy_set_origin(policy);
  char count[16], documents[16];
  g_snprintf(count, sizeof count, "%u", origin.policies);
  g_snprintf(documents, sizeof documents, "%u", origin.documents);
  log_info("policy in force", "file", origin.file, "policies", count, "sha256", origin.sha256,
           "vex_documents", documents, NULL);
  g_autoptr(GPtrArray) warnings = policy_set_warnings(policy);
  warn_of_each("a part of the policy has no effect", warnings);
  bool more;
  g_auto(GStrv) names = registry_catalog(pipeline->registry, NULL, REPOSITORIES_MAX, &more, NULL);
  if (names == NULL || more)
    return;
  g_autoptr(GPtrArray) idle = policy_set_idle_namespaces(policy, (const char *const *)names);
  warn_of_each("a namespace of the policy may be mistyped", idle);
}

void
policy_tell_endings(Pipeline *pipeline)
{
  int64_t now = g_get_real_time();
  g_mutex_lock(&pipeline->policy.lock);
  g_autoptr(PolicySet) policy = policy_set_ref(pipeline->policy.set);
  int64_t since = pipeline->policy.endings_told;
  pipeline->policy.endings_told = now;
  g_mutex_unlock(&pipeline->policy.lock);
  g_autoptr(GPtrArray) endings = policy_set_endings(policy, since, now);
  warn_of_each("an exemption of the policy needs attention", endings);
}

bool
pipeline_reload_policy(Pipeline *pipeline, const char *path, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(PolicySet) policy = policy_set_load(path, &failure);
  g_mutex_lock(&pipeline->policy.lock);
  PolicySet *former = policy == NULL ? NULL : pipeline->policy.set;
  if (policy != NULL) {
    pipeline->policy.set = policy_set_ref(policy);
    pipeline->policy.endings_told = 0;
  }
  g_free(pipeline->policy.problem);
  pipeline->policy.problem = policy != NULL ? NULL : g_strdup(failure->message);
  g_mutex_unlock(&pipeline->policy.lock);
  policy_set_unref(former);
  if (policy == NULL) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  pipeline_rejudge(pipeline);
  tell_policy(pipeline, policy);
  policy_tell_endings(pipeline);
  return true;
}

char *
pipeline_policy_problem(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->policy.lock);
  return g_strdup(pipeline->policy.problem);
}
