/* Suppressing findings by VEX; see the header. */
#include "cli/scan_vex.h"

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
scan_vex_take(const VexSet *set, const VexImage *image, GPtrArray *findings, GPtrArray *ignored,
              GPtrArray *notes)
{
  g_autoptr(GHashTable) used = g_hash_table_new(NULL, NULL);
  guint kept = 0;
  for (guint i = 0; i < findings->len; i++) {
    Finding *finding = g_ptr_array_index(findings, i);
    const VexDocument *document = NULL;
    const VexStatement *statement = vex_set_find(set, image, finding, &document);
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
  note_idle(vex_set_documents(set), used, notes);
}
