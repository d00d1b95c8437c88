/* Ignoring findings; see the header. */
#include "cli/scan_ignore.h"

#include "base/error.h"
#include "report/report.h"
#include "verdict/ignore_file.h"

static void
file_free(void *file)
{
  ignore_file_free(file);
}

GPtrArray *
scan_ignore_load(char **paths, GError **error)
{
  static const char *const usual[] = {".assayignore.yaml", ".trivyignore", NULL};
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(file_free);
  const char *const *names = paths != NULL ? (const char *const *)paths : usual;
  for (; *names != NULL; names++) {
    g_autoptr(GError) failure = NULL;
    IgnoreFile *file = ignore_file_load(*names, &failure);
    if (file != NULL)
      g_ptr_array_add(files, file);
    else if (paths != NULL || !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return NULL;
    }
  }
  return g_steal_pointer(&files);
}

/* The first that is in force, in the order of the files. *@file: whose it is. */
static const Exemption *
find(const GPtrArray *files, const char *repository, const Finding *finding, int64_t now,
     const IgnoreFile **file)
{
  const Exemption *ended = NULL;
  for (guint i = 0; i < files->len; i++) {
    const IgnoreFile *each = g_ptr_array_index(files, i);
    const Exemption *entry = ignore_file_find(each, repository, finding, now);
    if (entry == NULL || (exemption_ended(entry, now) && ended != NULL))
      continue;
    *file = each;
    if (!exemption_ended(entry, now))
      return entry;
    ended = entry;
  }
  return ended;
}

static void
note_end(const Exemption *entry, const IgnoreFile *file, GHashTable *told, GPtrArray *notes)
{
  if (!g_hash_table_add(told, (void *)(uintptr_t)entry))
    return;
  g_autofree char *what = exemption_in_words(entry), *end = exemption_end_in_words(entry->expires);
  g_ptr_array_add(notes, g_strdup_printf("%s: the entry for %s ended on %s (%s)", file->name, what,
                                         end, entry->reason));
}

static void
mark(const Exemption *entry, Finding *finding, int64_t now)
{
  g_autoptr(GPtrArray) entries = g_ptr_array_new(), findings = g_ptr_array_new();
  g_ptr_array_add(entries, (void *)(uintptr_t)entry);
  g_ptr_array_add(findings, finding);
  exemptions_mark(entries, findings, now);
}

GPtrArray *
scan_ignore_take(const GPtrArray *files, const char *repository, GPtrArray *findings,
                 GPtrArray *notes)
{
  GPtrArray *ignored = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
  int64_t now = g_get_real_time();
  guint kept = 0;
  for (guint i = 0; i < findings->len; i++) {
    Finding *finding = g_ptr_array_index(findings, i);
    const IgnoreFile *file = NULL;
    const Exemption *entry = find(files, repository, finding, now, &file);
    if (entry == NULL || exemption_ended(entry, now)) {
      if (entry != NULL)
        note_end(entry, file, told, notes);
      findings->pdata[kept++] = finding;
      continue;
    }
    mark(entry, finding, now);
    IgnoredFinding *one = g_new(IgnoredFinding, 1);
    *one = (IgnoredFinding){.finding = finding, .file = file->name};
    g_ptr_array_add(ignored, one);
  }
  g_ptr_array_set_size(findings, (int)kept);
  return ignored;
}
