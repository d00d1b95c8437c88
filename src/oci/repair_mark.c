/* The marks of repaired images; see the header. */
#include "oci/repair_mark.h"

#include <string.h>

#define COPA_ORIGIN        "sh.copa.patch.origin.digest"
#define COPA_PATCHED       "sh.copa.image.patched" /* when; of a manifest, and of configs */
#define COPA_INDEX_PATCHED "sh.copa.patched"       /* when; of an index */
/* A label: the name of the image that was patched first, as it was given to copa. */
#define COPA_BASE_IMAGE "BaseImage"

void
repair_mark_clear(RepairMark *mark)
{
  reference_free(mark->reference);
  *mark = (RepairMark){0};
}

static const char *
text_of(GHashTable *texts, const char *name)
{
  return texts == NULL ? NULL : g_hash_table_lookup(texts, name);
}

static bool
take_digest(GHashTable *texts, RepairMark *mark)
{
  static const char *const names[] = {REPAIR_OF, COPA_ORIGIN};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    const char *text = text_of(texts, names[i]);
    mark->repaired |= text != NULL;
    if (text != NULL && digest_parse(text, &mark->digest, NULL))
      return true;
  }
  mark->repaired |= text_of(texts, COPA_PATCHED) != NULL;
  return false;
}

void
repair_mark_read(const Manifest *manifest, const ImageConfig *config, RepairMark *mark)
{
  GHashTable *labels = config == NULL ? NULL : config->labels;
  *mark = (RepairMark){.repaired = text_of(manifest->annotations, COPA_INDEX_PATCHED) != NULL};
  if (take_digest(manifest->annotations, mark))
    return;
  mark->inherited = !mark->repaired;
  if (take_digest(labels, mark) || !mark->repaired)
    return;
  const char *name = text_of(labels, COPA_BASE_IMAGE);
  mark->reference = name == NULL ? NULL : reference_parse(name, NULL);
}
