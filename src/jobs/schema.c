/* The tables of the jobs and of the outbox; see storage/schema.h. Times are microseconds since
 * 1970.
 */
#include "jobs/schema.h"

#include <glib.h>

static const char *const steps[] = {
    /* 1: jobs that are kept, one a key (jobs/kept.c). `due`: not before; of one that runs, the end
     * of its `owner`'s lease; NULL: it was given up. `asks` counts how often it was asked for,
     * `attempts` the tries in vain, `losses` the leases that ran out. Events (jobs/outbox.c) are
     * numbered in the order of their commits, by the one row of `event_numbers`; each taker has
     * `passed` those up to a number. */
    "CREATE TABLE jobs ("
    "  kind TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  arguments TEXT," /* JSON */
    "  asked BIGINT NOT NULL,"
    "  asks BIGINT NOT NULL DEFAULT 1,"
    "  due BIGINT,"
    "  owner TEXT,"
    "  attempts INTEGER NOT NULL DEFAULT 0,"
    "  losses INTEGER NOT NULL DEFAULT 0,"
    "  cancelled INTEGER NOT NULL DEFAULT 0,"
    "  error TEXT,"
    "  ended BIGINT,"
    "  PRIMARY KEY (kind, key));"
    "CREATE INDEX jobs_by_due ON jobs (kind, due);"
    "CREATE TABLE event_numbers ("
    "  id INTEGER PRIMARY KEY,"
    "  last BIGINT NOT NULL);"
    "INSERT INTO event_numbers (id, last) VALUES (1, 0);"
    "CREATE TABLE events ("
    "  number BIGINT PRIMARY KEY,"
    "  told BIGINT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  subject TEXT NOT NULL,"
    "  data TEXT);" /* JSON */
    "CREATE TABLE event_takers ("
    "  name TEXT PRIMARY KEY,"
    "  passed BIGINT NOT NULL);",

    /* 2: who did it (jobs/actor.h). */
    "ALTER TABLE events ADD COLUMN actor TEXT;", /* JSON */
};

const Schema jobs_schema = {"jobs", steps, G_N_ELEMENTS(steps), NULL};
