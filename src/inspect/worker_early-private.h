/* Symbolic links that come before what they lead to: what is wanted under their names is read when
 * the file comes, in the same pass, and counts if the link leads there in the end. Most tars are
 * sorted by name, so that half of all links come first. */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "archive/layer.h"

typedef struct EarlyLinks EarlyLinks;

EarlyLinks *early_links_new(void);
void early_links_free(EarlyLinks *early);

/* As far as the layer was read, the link at @path leads to @target, which was not there yet. One
 * link waits for a file; another has its turn in a further pass, and so has one too many. */
void early_links_expect(EarlyLinks *early, const char *path, const char *target);
/* The link that waits for what comes at @target; NULL: none. (transfer none) */
const char *early_links_waiting(const EarlyLinks *early, const char *target);

/* What a link's file was when it was read. */
typedef struct {
  uint64_t number; /* of the entry */
  uint64_t size;
  unsigned mode;
  GPtrArray *finds; /* LayerInventory */
} EarlyRead;
/* The file at @target, for which a link waits, was read as @entry of that number: @finds under the
 * link's name. */
void early_links_keep(EarlyLinks *early, const LayerEntry *entry, uint64_t number,
                      GPtrArray *finds);
/* What was read under the name of the link at @path, if it was the file of the entry @number; or
 * NULL. (transfer none) */
const EarlyRead *early_links_find(const EarlyLinks *early, const char *path, uint64_t number);
/* After the first pass, when those that count were taken. */
void early_links_forget(EarlyLinks *early);
