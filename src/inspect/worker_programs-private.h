/* What a layer's databases say of programs and libraries, beside what these are, while it is walked
 * (integrity/integrity.h). */
#pragma once

#include "archive/layer.h"
#include "inventory/layer.h"

typedef struct ProgramNotes ProgramNotes;
/* @inventory: where they go; not owned. (transfer full) */
ProgramNotes *program_notes_new(LayerInventory *inventory);
void program_notes_free(ProgramNotes *notes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProgramNotes, program_notes_free)

/* In the first pass, of each entry in the tar's order, before it is read. @target: the path that a
 * hard link leads to; else NULL. */
void program_notes_take(ProgramNotes *notes, const LayerEntry *entry, const char *target);
/* Takes the digests and lists that a detector found in a file. */
void program_notes_take_found(ProgramNotes *notes, LayerInventory *found);
/* At the end: compares, and keeps what the image needs. */
void program_notes_join(ProgramNotes *notes);
