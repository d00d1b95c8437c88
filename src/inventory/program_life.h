/* Until when there are fixes for a release of a program, a runtime or a framework. Pure. */
#pragma once

#include "inventory/image.h"

typedef struct {
  const char *product, *release; /* endoflife.date's name, "nodejs"; its release, "18" */
  const char *end;               /* the last day, "2025-04-30"; "": it is over, nobody says when */
} ProgramLife;

/* Of a package of an application; NULL: not known, or no end is set. */
const ProgramLife *program_life_of(const Package *package);

/* Whether it is over on @day, "2026-11-26". */
bool program_life_is_past(const ProgramLife *life, const char *day);

/* Adds to @notes (char *) a sentence for each program of @image that is over by now: "node 16.20.2
 * reached its end of life on 2023-09-11: ...". Not for what is of a distribution's package, which
 * has its own dates. After many, how many more there are. */
void program_life_add_notes(const ImageInventory *image, GPtrArray *notes);
