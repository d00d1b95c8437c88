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

/* A program of an image that is over. */
typedef struct {
  char *package, *version, *location; /* the first place */
  char *product, *release, *end;      /* as in ProgramLife */
} EndedProgram;
void ended_program_free(EndedProgram *program);

/* The programs of @image that are over by now, each version once (EndedProgram). Not what is of a
 * distribution's package, which has its own dates. *@next: when the next of the others will be,
 * microseconds since 1970; 0: not known. (transfer full) */
GPtrArray *program_life_ended(const ImageInventory *image, int64_t *next);

/* "node 16.20.2 reached its end of life on 2023-09-11: it gets no more fixes (usr/bin/node)".
 * (transfer full) */
char *program_life_in_words(const EndedProgram *program);

/* Adds such a sentence for each of @ended to @texts (char *); after many, how many more there are.
 */
void program_life_add_texts(const GPtrArray *ended, GPtrArray *texts);
