/* The policy that pulls are judged by: reading it, and telling everywhere which one it is. */
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "pipeline/attestors.h"
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
tell_policy(Pipeline *pipeline, const PolicySet *policy)
{
  PolicyOrigin origin = policy_set_origin(policy);
  char count[16], documents[16];
  g_snprintf(count, sizeof count, "%u", origin.policies);
  g_snprintf(documents, sizeof documents, "%u", origin.documents);
  log_info("policy in force", "file", origin.file, "policies", count, "sha256", origin.sha256,
           "vex_documents", documents, NULL);
  g_autoptr(GPtrArray) warnings = policy_set_warnings(policy);
  warn_of_each("a part of the policy has no effect", warnings);
  g_autoptr(GPtrArray) unknown = attestors_unknown(pipeline, policy);
  warn_of_each("an attestor of the policy is not known, and no signature is by it", unknown);
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

/* @tell_all: the ends of its exemptions, also those that were told of the former one. */
static void
put_in_force(Pipeline *pipeline, PolicySet *policy, bool tell_all)
{
  PolicyInForce *in_force = &pipeline->policy;
  g_mutex_lock(&in_force->lock);
  PolicySet *former = in_force->set;
  in_force->set = policy_set_ref(policy);
  if (tell_all)
    in_force->endings_told = 0;
  g_mutex_unlock(&in_force->lock);
  policy_set_unref(former);
  pipeline_rejudge(pipeline);
  tell_policy(pipeline, policy);
  policy_tell_endings(pipeline);
}

/* True: it is another than before. */
static bool
set_problem(PolicyInForce *in_force, const char *problem)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&in_force->lock);
  bool changed = g_strcmp0(in_force->problem, problem) != 0;
  g_free(in_force->problem);
  in_force->problem = g_strdup(problem);
  return changed;
}

static void
set_looked(PolicyInForce *in_force, const PolicySet *policy)
{
  g_free(in_force->looked);
  in_force->looked = g_strdup(policy_set_looked(policy));
}

bool
pipeline_reload_policy(Pipeline *pipeline, const char *path, GError **error)
{
  PolicyInForce *in_force = &pipeline->policy;
  g_autoptr(GMutexLocker) reading = g_mutex_locker_new(&in_force->reading);
  GError *failure = NULL;
  g_autoptr(PolicySet) policy = policy_set_load(path, &failure);
  in_force->refused = policy == NULL;
  set_problem(in_force, policy == NULL ? failure->message : NULL);
  if (policy == NULL) {
    g_propagate_error(error, failure);
    return false;
  }
  set_looked(in_force, policy);
  put_in_force(pipeline, policy, true);
  return true;
}

/* Documents come and go without a signal. The file does not: what it says is in force when it is
 * asked for, so that what was refused then stays a problem until it is asked for again. */
static JobOutcome
look_at_documents(Job *job, void *room, GError **error)
{
  Pipeline *pipeline = room;
  PolicyInForce *in_force = &pipeline->policy;
  g_autoptr(GMutexLocker) reading = g_mutex_locker_new(&in_force->reading);
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  g_autofree char *look = policy_set_look(policy);
  g_autoptr(GError) failure = NULL;
  if (in_force->looked == NULL || strcmp(look, in_force->looked) == 0)
    return JOB_DONE;
  /* One that cannot be read is tried each time: why may pass without a trace. */
  g_autoptr(PolicySet) renewed = policy_set_renew(policy, &failure);
  if (renewed == NULL) {
    if (!in_force->refused && set_problem(in_force, failure->message))
      log_warning("the VEX documents of the policy are not taken", "detail", failure->message,
                  NULL);
    return JOB_DONE;
  }
  set_looked(in_force, renewed);
  if (!in_force->refused)
    set_problem(in_force, NULL);
  if (strcmp(policy_set_origin(renewed).identity, policy_set_origin(policy).identity) != 0)
    put_in_force(pipeline, renewed, false);
  return JOB_DONE;
}

static uint32_t
every_few_seconds(const void *room)
{
  return 5;
}

const JobKind documents_job = {.kind = "look-at-vex-documents",
                               .at_once = 1,
                               .back_off = 10,
                               .every = every_few_seconds,
                               .run = look_at_documents};

char *
pipeline_policy_problem(Pipeline *pipeline)
{
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pipeline->policy.lock);
  return g_strdup(pipeline->policy.problem);
}
