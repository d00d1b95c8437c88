/* The first use fetches advisories; see the header. */
#include "cli/scan_database.h"

#include "advisory/update.h"
#include "base/error.h"
#include "cli/command.h"

/* In a process of its own, which becomes the owner of the data folder. What it fails at it tells by
 * itself, also when others of its feeds make a database. */
static bool
fetch(const char *folder, const ScanDatabaseOptions *options, GError **error)
{
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  const char *const always[] = {"/proc/self/exe", "db", "update", "--if-missing", "--data", folder};
  for (size_t i = 0; i < G_N_ELEMENTS(always); i++)
    g_ptr_array_add(words, (char *)(uintptr_t)always[i]);
  if (options->config != NULL) {
    g_ptr_array_add(words, (char *)(uintptr_t) "--config");
    g_ptr_array_add(words, (char *)(uintptr_t)options->config);
  }
  if (options->quiet)
    g_ptr_array_add(words, (char *)(uintptr_t) "--quiet");
  g_ptr_array_add(words, NULL);
  return g_spawn_sync(NULL, (char **)words->pdata, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                      NULL, NULL, NULL, error);
}

AdvisoryDatabase *
scan_database_open(const Config *config, const ScanDatabaseOptions *options, GError **error)
{
  if (options->file != NULL) {
    if (g_file_test(options->file, G_FILE_TEST_EXISTS))
      return advisory_database_open(options->file, error);
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "--db: %s: there is no such file; `assay db export` writes one", options->file);
    return NULL;
  }
  g_autofree char *standard = config->data == NULL ? config_default_data_folder() : NULL;
  const char *folder = options->data != NULL  ? options->data
                       : config->data != NULL ? config->data
                                              : standard;
  g_autofree char *path = advisory_database_path(folder);
  g_autoptr(GError) failure = NULL;
  AdvisoryDatabase *database = advisory_database_open(path, &failure);
  if (database != NULL || !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
    if (database == NULL)
      g_propagate_error(error, g_steal_pointer(&failure));
    return database;
  }
  if (options->optional)
    return NULL;
  if (options->offline) {
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "%s: there is no advisory database yet, and --offline fetches none: `assay db "
              "update` fetches it where there is a network, and --db FILE takes one from elsewhere",
              path);
    return NULL;
  }
  if (!options->quiet)
    command_tell("there is no advisory database in %s yet: fetching the feeds, once; it takes some "
                 "minutes (--offline does not)",
                 folder);
  if (!fetch(folder, options, error))
    return NULL;
  database = advisory_database_open(path, NULL);
  if (database == NULL)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "%s: no advisory database could be fetched: --db FILE takes one from elsewhere, "
              "`assay db import` takes one over",
              path);
  return database;
}
