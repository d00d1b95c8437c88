/* Of what runs, what the registry's other files use. */
#pragma once

#include "registry/running.h"

typedef struct RunningNotes RunningNotes;
RunningNotes *running_notes_new(void);
/* Writes what is noted, and frees. */
void running_end(Registry *registry);
