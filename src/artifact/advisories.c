/* Updates from a registry, as the settings have it; see the header. */
#include "artifact/advisories.h"

#include "base/error.h"

void
published_advisories_clear(PublishedAdvisories *published)
{
  g_clear_pointer(&published->generation, g_free);
  g_clear_pointer(&published->created, g_free);
}

static bool
pull_configured(const AdvisorySettings *settings, const char *data_folder, const Progress *progress,
                Cancellable *cancellable, UpdateOutcome **outcome, GError **error)
{
  const AdvisoryRegistrySettings *from = &settings->advisory_registry;
  Reference *reference = reference_parse(from->reference, error);
  if (reference == NULL)
    return false;
  const RemoteOptions options = {.name = from->reference,
                                 .authfile = from->authfile,
                                 .ca_file = settings->ca_file,
                                 .cert_dir = from->cert_dir,
                                 .insecure = from->insecure};
  g_autoptr(Remote) remote = remote_new(reference, &options, cancellable, error);
  PublishedAdvisories published = {0};
  bool taken = remote != NULL && advisories_pull(remote, settings, data_folder, false, &published,
                                                 progress, cancellable, outcome, error);
  published_advisories_clear(&published);
  return taken;
}

/* Adds what the registry's part came to. Takes over @failure. */
static void
join_outcome(UpdateOutcome *outcome, const UpdateOutcome *pulled, GError *failure)
{
  if (pulled != NULL) {
    outcome->updated += pulled->updated;
    outcome->unchanged += pulled->unchanged;
    return;
  }
  outcome->failed++;
  g_ptr_array_add(outcome->messages, g_strdup(failure->message));
  g_error_free(failure);
}

bool
advisories_update(const AdvisorySettings *settings, const char *data_folder,
                  const char *const *only, const Progress *progress, Cancellable *cancellable,
                  UpdateOutcome **outcome, GError **error)
{
  bool some = only != NULL && only[0] != NULL;
  if (settings->advisory_registry.reference == NULL || some)
    return advisory_update(settings, data_folder, only, progress, cancellable, outcome, error);
  g_autoptr(UpdateOutcome) pulled = NULL, result = NULL;
  g_autoptr(GError) failure = NULL;
  GError *pull_failure = NULL;
  if (!pull_configured(settings, data_folder, progress, cancellable, &pulled, &pull_failure) &&
      g_error_matches(pull_failure, ASSAY_ERROR, ASSAY_ERROR_CANCELLED)) {
    g_propagate_error(error, pull_failure);
    return false;
  }
  if (!advisory_update(settings, data_folder, NULL, progress, cancellable, &result, &failure)) {
    /* Without any feed the registry was all that there is. */
    g_propagate_error(error, pull_failure != NULL ? pull_failure : g_steal_pointer(&failure));
    return false;
  }
  join_outcome(result, pulled, pull_failure);
  *outcome = g_steal_pointer(&result);
  return true;
}

bool
advisories_update_missing(const AdvisorySettings *settings, const char *data_folder,
                          const Progress *progress, Cancellable *cancellable,
                          UpdateOutcome **outcome, GError **error)
{
  g_autofree char *path = advisory_database_path(data_folder);
  return settings->advisory_registry.reference == NULL || g_file_test(path, G_FILE_TEST_EXISTS)
             ? advisory_update_missing(settings, data_folder, progress, cancellable, outcome, error)
             : advisories_update(settings, data_folder, NULL, progress, cancellable, outcome,
                                 error);
}
