/* assay db push, assay db pull: the advisory database to a registry and from one. */
#include "cli/db_registry.h"

#include <stdio.h>

#include "artifact/advisories.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/db_config.h"
#include "cli/interrupt.h"
#include "cli/source_options.h"
#include "cli/terminal_progress.h"

static char *config_path, *data_folder, *format_option;
static gboolean force;

#define COMMON_OPTIONS                                                                             \
  REGISTRY_OPTIONS, FORMAT_OPTION("text"), CONFIG_OPTION(config_path), DB_FOLDER_OPTION(data_folder)

static int
fail(const GError *error)
{
  terminal_progress_end();
  return command_fail(error);
}

static void
print_json(const char *reference, const PublishedAdvisories *published, json_t *more)
{
  g_autoptr(json_t) answer = more;
  json_set_string(answer, "reference", reference);
  json_set_string(answer, "digest", published->digest.text);
  json_set_string(answer, "generation", published->generation);
  json_set_string(answer, "created", published->created);
  json_set_number(answer, "size", published->size);
  json_set_number(answer, "packed_size", published->packed);
  command_print_json(answer);
}

static int
run_push(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json = false;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  Cancellable *cancellable = interrupt_cancellable();
  g_autoptr(Config) config = db_config_open(config_path, &data_folder, &error);
  g_autoptr(Remote) remote =
      config == NULL ? NULL : source_options_remote(arguments[0], config, true, &error);
  PublishedAdvisories published = {0};
  if (remote == NULL ||
      !advisories_push(remote, data_folder, &published, terminal_progress(), cancellable, &error)) {
    published_advisories_clear(&published);
    return fail(error);
  }
  terminal_progress_end();
  if (json) {
    print_json(arguments[0], &published, json_object());
  } else {
    g_autofree char *size = command_size_in_words(published.packed);
    printf("pushed %s (%s, of %s)\n%s\n", arguments[0], size, published.created,
           published.digest.text);
  }
  published_advisories_clear(&published);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry push_options[] = {COMMON_OPTIONS, {NULL}};

const Command db_push_command = {
    .name = "push",
    .summary = "Publish the database to a registry, as an OCI artifact",
    .arguments = "HOST[:PORT]/REPOSITORY[:TAG]",
    .help =
        "Others take it with `assay db pull`, or by themselves where their configuration names\n"
        "it as `advisory_registry`. The same database gives the same artifact, so that pushing\n"
        "it again sends nothing. Its annotations say when each feed was taken.\n\n"
        "Examples:\n"
        "  assay db push registry.example.com/assay/advisories\n"
        "  assay db update && assay db push --authfile auth.json "
        "registry.example.com/assay/advisories:v1\n"
        "  assay db push --insecure 10.0.0.5:5000/assay/advisories --format json | jq -r .digest\n",
    .options = push_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_push,
};

static int
tell_pull(const char *reference, const PublishedAdvisories *published, const UpdateOutcome *outcome,
          bool json)
{
  bool taken = outcome->updated > 0;
  terminal_progress_end();
  for (guint i = 0; i < outcome->messages->len; i++)
    command_tell("%s", (const char *)outcome->messages->pdata[i]);
  for (guint i = 0; i < outcome->notes->len; i++)
    command_tell("note: %s", (const char *)outcome->notes->pdata[i]);
  if (json)
    print_json(reference, published, json_pack("{s:b}", "taken", taken));
  else
    printf("%s %s (of %s)\n", taken ? "pulled" : "nothing newer in", reference,
           published->created != NULL ? published->created : "an unknown time");
  return command_end_output(outcome->failed == 0 ? EXIT_FINE : EXIT_ERROR);
}

static int
run_pull(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(UpdateOutcome) outcome = NULL;
  bool json = false;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  Cancellable *cancellable = interrupt_cancellable();
  g_autoptr(Config) config = db_config_open(config_path, &data_folder, &error);
  if (config == NULL || !become_owner_of(data_folder, &error))
    return fail(error);
  g_autoptr(Remote) remote = source_options_remote(arguments[0], config, false, &error);
  PublishedAdvisories published = {0};
  bool pulled =
      remote != NULL && advisories_pull(remote, &config->advisories, data_folder, force, &published,
                                        terminal_progress(), cancellable, &outcome, &error);
  int code = pulled ? tell_pull(arguments[0], &published, outcome, json) : fail(error);
  published_advisories_clear(&published);
  return code;
}

static const GOptionEntry pull_options[] = {
    {"force", 0, 0, G_OPTION_ARG_NONE, &force,
     "Take it also where it is older than what is here, or the same", NULL},
    COMMON_OPTIONS,
    {NULL}};

const Command db_pull_command = {
    .name = "pull",
    .summary = "Take the database that `assay db push` published",
    .arguments = "HOST[:PORT]/REPOSITORY[:TAG|@DIGEST]",
    .help =
        "The database is checked whole before it takes the place of the one that is here; what\n"
        "is broken, or older, leaves that as it is. One that was taken before is not fetched\n"
        "again. A feed that this data folder has a copy of takes the place of the one of the\n"
        "same name.\n\n"
        "Examples:\n"
        "  assay db pull registry.example.com/assay/advisories\n"
        "  assay db pull --cert-dir /etc/assay/certs registry.example.com/assay/advisories:v1\n"
        "  assay db pull --force registry.example.com/assay/advisories@sha256:0f3a...\n",
    .options = pull_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_pull,
};
