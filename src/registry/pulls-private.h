/* Of the counts of pulls, what the registry's other files use. */
#pragma once

#include "registry/pulls.h"

typedef struct PullNotes PullNotes;
PullNotes *pull_notes_new(void);
/* Writes what is noted, and frees. */
void pulls_end(Registry *registry);

/* When images of @repository were last pulled, as far as that is not written yet: digest ->
 * int64_t. For who decides by it: a pull that came a moment ago counts. (transfer full) */
GHashTable *pulls_noted_of(Registry *registry, const char *repository);

/* The image is pushed again, or brought back: its age begins anew (image_use.pushed). */
bool pulls_note_push(SqlConnection *db, const char *repository, const Digest *digest,
                     GError **error);
/* The image is gone for good. */
bool pulls_forget(SqlConnection *db, const char *repository, const Digest *digest, GError **error);
