/* Links whose names are wanted anywhere. A tar has the bytes of a file once, at its first name,
 * which may be one that nobody wants (a store of pnpm) or that an upper layer removes (a cache of
 * uv): what is under the other names is read in passes of its own, from the entry that has the
 * bytes. */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "archive/layer.h"
#include "inventory/layer.h"

typedef struct HarvestLinks HarvestLinks;

HarvestLinks *harvest_links_new(void);
void harvest_links_free(HarvestLinks *links);

/* The link at @path is to the file of the entry @number, whose name there is @target or what the
 * link at @target leads to. False: there are more than are followed. */
bool harvest_links_add(HarvestLinks *links, const char *path, const char *target, uint64_t number);
/* The same of a symbolic link at @path to the file of the entry @number. */
bool harvest_links_add_symbolic(HarvestLinks *links, const char *path, uint64_t number);
bool harvest_links_have(const HarvestLinks *links, const char *path);
/* Something else is at @path now. */
void harvest_links_forget(HarvestLinks *links, const char *path);

/* The file of the entry @number was read under the name of the link at @path. */
void harvest_links_note_read(HarvestLinks *links, const char *path, uint64_t number);

/* Before each further pass: @take is asked for links to files of which another name, @read, was
 * read before; one that it takes is done with. */
typedef bool HarvestTwin(const char *path, const char *read, void *data);
void harvest_links_take_twins(HarvestLinks *links, HarvestTwin *take, void *data);
/* Then: which of them are read in it, one of a file. True: there are some. */
bool harvest_links_begin_pass(HarvestLinks *links);
/* Whether some of these are left. */
bool harvest_links_are_due(const HarvestLinks *links);
/* The path of the link that is to be read from the file @entry of that number, which is done with
 * it; or NULL. (transfer none) */
const char *harvest_links_take(HarvestLinks *links, const LayerEntry *entry, uint64_t number);
/* Of one that was not read, until NULL: it is forgotten. (transfer full) */
char *harvest_links_next_left(HarvestLinks *links);

/* What was observed in the file at @from that stays as long as anybody has the bytes, as it would
 * be observed at @to; NULL: nothing was. (transfer full) */
LayerInventory *harvest_links_move(const LayerInventory *find, const char *from, const char *to);
/* What was found in the file at @from, as it would be found at @to under the same conditions.
 * (transfer full) */
LayerInventory *harvest_links_copy(const LayerInventory *find, const char *from, const char *to);
