/* The tables of the metadata database, as the steps that made them. Each room that has tables owns
 * the steps of its own, in ROOM/schema.c, and nobody else changes them; server.c lists the rooms.
 *
 *   static const char *const steps[] = {
 *       "CREATE TABLE jobs (id BIGINT PRIMARY KEY, kind TEXT NOT NULL);"
 *       "CREATE INDEX jobs_by_kind ON jobs (kind);",
 *
 *       "ALTER TABLE jobs ADD COLUMN lease BIGINT;",
 *   };
 *   const Schema jobs_schema = {"jobs", steps, G_N_ELEMENTS(steps), NULL};
 *
 * To change a room's tables, append a step. A step that was released is never edited: databases
 * exist that it has made. A step is plain SQL in the subset of SQLite 3.40 and PostgreSQL 15 (see
 * sql.h), statements separated by ";", and runs in one transaction with the note that it ran: so it
 * runs once, and whole or not at all. It may read tables of rooms that come before its own in the
 * list, as they are after all of their steps, but changes only its room's own. What takes longer
 * than a second for 10,000 images is not done in a step, but in the background. */
#pragma once

#include <stddef.h>

typedef struct {
  const char *room; /* unique; "registry" */
  const char *const *steps;
  size_t count;
  /* The numbers that these steps had while all rooms shared one list, ended by 0; or NULL. With it
   * a database of that time is taken over. No new step is entered here. */
  const unsigned *former;
} Schema;
