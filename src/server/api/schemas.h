/* The objects that /api/v1 answers with, by their tables of members: docs/openapi.yaml has a schema
 * of each, which a test compares with the table. A resource lists those of its file, as it does its
 * routes; schemas.c has the list of lists. */
#pragma once

#include "base/json_table.h"

/* The last of a list is {NULL}. */
typedef struct {
  /* The schema's name, and after a dot the member that is such an object, or a list of them:
   * "Standings.images". The members of two rows of one name are together one schema's. */
  const char *name;
  const JsonTable *table;
  bool sometimes; /* no object needs to have members of this table */
} ApiSchema;

extern const ApiSchema *const api_schemas[]; /* ended by NULL */
