/* A build of the database while it is made: builder.c gathers what the feeds say, builder_records.c
 * writes it. */
#pragma once

#include "advisory/database/coverage-private.h"
#include "advisory/database/database.h"
#include "advisory/database/texts-private.h"

/* A statement whose strings are numbers in the builder's pool; 0 is none. */
typedef struct {
  uint32_t id, module, feed, introduced, fixed_version, last_affected, vendor_id, note;
  uint32_t architectures, release_version, symbols;
  uint8_t scheme, state, severity;
  bool derived;
} PooledRange;

typedef struct {
  char *ecosystem, *package;
  GArray *ranges; /* PooledRange */
} PackageEntry;

/* What is known of a vulnerability. Its long texts wait elsewhere. */
typedef struct {
  AdvisoryDetails known; /* first: it is what the table of details has */
  TextPlace texts;
} KeptDetails;

struct AdvisoryBuilder {
  char *path, *temporary_path;
  int fd; /* of the temporary file */
  GStringChunk *chunk;
  GHashTable *numbers;   /* string -> its number */
  GPtrArray *pool;       /* number -> string */
  GHashTable *packages;  /* record key (GBytes) -> PackageEntry */
  PackageEntry *package; /* of the last statement: the next is mostly of the same */
  uint32_t feed;         /* the current feed's name */
  Coverage *coverage;    /* what the feeds speak of */
  GHashTable *details;   /* id -> KeptDetails */
  DetailTexts *texts;
  GByteArray *scratch;
  GByteArray *mentioned; /* number -> 1: a statement speaks of the id, or vendor's id */
  GPtrArray *feeds;      /* AdvisoryFeedStatus */
};

/* Writes all records to the builder's file, in the order of their keys. The encoding is done by
 * several threads; nothing else may use the builder meanwhile. */
bool builder_write_records(AdvisoryBuilder *builder, char *generation, GError **error);
