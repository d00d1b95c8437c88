/* Where `assay scan` looks advisories up. */
#pragma once

#include "advisory/database/database.h"
#include "server/config.h"

typedef struct {
  const char *file;   /* --db: this one, and nothing is ever fetched; or NULL */
  const char *data;   /* --data, or NULL: the configuration's */
  const char *config; /* --config, or NULL */
  bool offline;       /* fetch nothing */
  bool optional;      /* where there is none, that is no error, and nothing is fetched */
  bool quiet;         /* without progress */
} ScanDatabaseOptions;

/* The database of the data folder. Where there is none yet it is fetched first, by an `assay db
 * update --if-missing` that tells on standard error what it does; who comes meanwhile waits for it.
 * Blocks for minutes then. NULL without an error: `optional`. (transfer full) */
AdvisoryDatabase *scan_database_open(const Config *config, const ScanDatabaseOptions *options,
                                     GError **error);
