/* What a layer's databases say of programs and libraries, beside what these are, while it is walked
 * (integrity/integrity.h).
 *
 * A file counts where it is in the end: what an entry writes through a symbolic link of its own
 * layer is there for every unpacker. What is written through those of lower layers depends on the
 * unpacker, and is told by the image. */
#pragma once

#include "archive/layer.h"
#include "inventory/layer.h"

typedef struct ProgramNotes ProgramNotes;
/* @inventory: where they go; not owned. (transfer full) */
ProgramNotes *program_notes_new(LayerInventory *inventory);
void program_notes_free(ProgramNotes *notes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ProgramNotes, program_notes_free)

/* In the first pass, of each entry in the tar's order, before it is read. @number: of the entry,
 * from 1 on. @target: the path that a hard link leads to; else NULL. @links: path of a symbolic
 * link -> its target, as far as the tar was read; not owned, there until program_notes_join(). */
void program_notes_take(ProgramNotes *notes, const LayerEntry *entry, uint64_t number,
                        const char *target, GHashTable *links);
/* Takes the digests and lists that a detector found in a file. */
void program_notes_take_found(ProgramNotes *notes, LayerInventory *found);
/* After a pass: whether digests are missing that the databases ask for, since paths of the layer
 * told other ones: they are made in a further pass. */
bool program_notes_want_pass(ProgramNotes *notes);
/* In it: reads the present entry of that number, a file, when it is one of those. */
bool program_notes_read(ProgramNotes *notes, LayerReader *reader, uint64_t number, GError **error);
/* Whether some are not read yet. */
bool program_notes_are_due(const ProgramNotes *notes);
/* At the end: compares, and keeps what the image needs. */
void program_notes_join(ProgramNotes *notes);
