/* Suppressing findings by VEX; see the header. */
#include "cli/scan_vex.h"

#include "base/error.h"

#define FOLDER_FILES_MAX 10000u

static void
document_free(void *document)
{
  vex_document_free(document);
}

static bool
load_file(GPtrArray *documents, const char *path, GError **error)
{
  VexDocument *document = vex_load(path, error);
  if (document != NULL)
    g_ptr_array_add(documents, document);
  return document != NULL;
}

/* All *.json in it, in the order of their names. */
static bool
load_folder(GPtrArray *documents, const char *path, GError **error)
{
  g_autoptr(GDir) folder = g_dir_open(path, 0, error);
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  if (folder == NULL)
    return false;
  for (const char *name = g_dir_read_name(folder); name != NULL; name = g_dir_read_name(folder))
    if (g_str_has_suffix(name, ".json"))
      g_ptr_array_add(names, g_build_filename(path, name, NULL));
  g_ptr_array_sort(names, text_compare);
  if (names->len > FOLDER_FILES_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "%s: more than %u files", path, FOLDER_FILES_MAX);
  for (guint i = 0; i < names->len; i++)
    if (!load_file(documents, g_ptr_array_index(names, i), error))
      return false;
  return true;
}

GPtrArray *
scan_vex_load(char **paths, GError **error)
{
  g_autoptr(GPtrArray) documents = g_ptr_array_new_with_free_func(document_free);
  for (char **path = paths; path != NULL && *path != NULL; path++) {
    bool folder = g_file_test(*path, G_FILE_TEST_IS_DIR);
    if (folder ? load_folder(documents, *path, error) : load_file(documents, *path, error))
      continue;
    g_prefix_error(error, "--vex: ");
    return NULL;
  }
  return g_steal_pointer(&documents);
}

static void
note_idle(const GPtrArray *documents, GHashTable *used, GPtrArray *notes)
{
  for (guint i = 0; i < documents->len; i++) {
    const VexDocument *document = g_ptr_array_index(documents, i);
    if (!g_hash_table_contains(used, document))
      g_ptr_array_add(notes, g_strdup_printf("%s: none of its %u statements is about a finding of "
                                             "this image",
                                             document->name, document->statements->len));
  }
}

void
scan_vex_take(const GPtrArray *documents, const VexImage *image, GPtrArray *findings,
              GPtrArray *ignored, GPtrArray *notes)
{
  g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);
  guint kept = 0;
  for (guint i = 0; i < findings->len; i++) {
    Finding *finding = g_ptr_array_index(findings, i);
    const VexDocument *document = NULL;
    const VexStatement *statement = vex_find(documents, image, finding, &document);
    if (statement != NULL)
      g_hash_table_add(used, (void *)(uintptr_t)document);
    if (statement == NULL || !vex_suppresses(statement)) {
      findings->pdata[kept++] = finding;
      continue;
    }
    g_free(finding->exempt_reason);
    g_clear_pointer(&finding->exempt_until, g_free);
    finding->exempt_reason = vex_in_words(statement, document);
    IgnoredFinding *one = g_new(IgnoredFinding, 1);
    *one = (IgnoredFinding){.finding = finding, .file = document->name};
    g_ptr_array_add(ignored, one);
  }
  g_ptr_array_set_size(findings, (int)kept);
  note_idle(documents, used, notes);
}
