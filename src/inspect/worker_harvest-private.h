/* What detectors found in a layer, while it is read: each file once, for all that want it. */
#pragma once

#include "archive/layer.h"
#include "inspect/fixed_places.h"
#include "inspect/worker_early-private.h"
#include "inspect/worker_links-private.h"
#include "inspect/worker_names-private.h"
#include "inspect/worker_programs-private.h"
#include "inventory/layer.h"

typedef struct {
  uint64_t file_bytes; /* of one file that is read whole */
  uint64_t holes_left; /* of LAYER_HOLES_MAX */
  LayerInventory *inventory;
  GArray *wanted;           /* HarvestWanted: for fixed places, of this pass */
  GHashTable *databases;    /* database_key() -> LayerInventory: read in any pass */
  GHashTable *finds;        /* path -> GPtrArray of LayerInventory: what is wanted anywhere */
  guint packages;           /* of all of these */
  guint declared;           /* of these, what finds only declare */
  bool crowded;             /* there was no room for both: what is declared is left out */
  LayerInventory *observed; /* of the present file */
  GPtrArray *owned;         /* as LayerInventory has it, of all of them */
  size_t owned_bytes;
  GPtrArray *licences; /* likewise */
  /* Of LAYER_OBSERVATIONS_MAX, when all that was observed is joined: malicious content has its room
   * first. */
  guint malware_room, other_room;
  HarvestLinks *links;
  HardNames *names;
  EarlyLinks *early; /* of the first pass */
  ProgramNotes *programs;
  GHashTable *contents; /* weight_hash() of a path -> LayerInventory.content: the last of a path */
} Harvest;

/* @inventory: where harvest_join() puts it; not owned. */
void harvest_init(Harvest *harvest, LayerInventory *inventory, uint64_t file_bytes);
void harvest_clear(Harvest *harvest);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Harvest, harvest_clear)

/* The layer is read from its start again. */
void harvest_begin_pass(Harvest *harvest);
/* Who may want the entry wherever it is: a set of anywhere_detector(). They are asked in the first
 * pass alone. */
uint64_t harvest_wanted_anywhere(const LayerEntry *entry);
/* In the first pass: what the entry takes away of what is found anywhere. */
void harvest_take_away(Harvest *harvest, const LayerEntry *entry, uint64_t anywhere);
/* The present entry of @reader, a file: of the number @entry_number, which reads @readings of fixed
 * places by its CHANGE_FILE @change, and is wanted by @anywhere. */
bool harvest_take_file(Harvest *harvest, LayerReader *reader, const LayerEntry *entry,
                       uint64_t entry_number, unsigned change, uint64_t readings, uint64_t anywhere,
                       GError **error);
/* In the first pass, after harvest_take_away(): a hard link to @target, whose bytes are those of
 * the entry @number; what is wanted there is read in a further pass. */
void harvest_take_hardlink(Harvest *harvest, const LayerEntry *entry, const char *target,
                           uint64_t number);
/* Whether a file would be wanted at @path for its name. */
bool harvest_wants_name(const char *path);
/* In the first pass: the symbolic link @path, of such a name, leads to @target as far as the layer
 * was read, which has no such file yet. */
void harvest_expect_symlink(Harvest *harvest, const char *path, const char *target);
/* The link that waits for @target; or NULL. (transfer none) */
const char *harvest_expected_symlink(const Harvest *harvest, const char *target);
/* After the first pass: the symbolic link @path, of such a name, leads to @target, which the entry
 * @number is; 0: the layer has no such file. What was not found there itself is read under the
 * link's name in a further pass, if that was not done when the file came. */
void harvest_take_symlink(Harvest *harvest, const char *path, const char *target, uint64_t number);
/* After a pass: whether links are to be read in a further one. */
bool harvest_wants_pass(Harvest *harvest);
/* In a further pass: whether some are not read yet. */
bool harvest_has_due_links(const Harvest *harvest);
/* In a further pass: reads the present entry, a file, if it is that of such a link. */
bool harvest_take_linked(Harvest *harvest, LayerReader *reader, const LayerEntry *entry,
                         uint64_t number, GError **error);
/* After the last pass: links that were not read in any are told. */
void harvest_note_left_links(Harvest *harvest);
/* Then. */
void harvest_join(Harvest *harvest);

/* --- for worker_harvest_join.c --- */

/* What a detector reads of the entry of a number. */
typedef struct {
  unsigned change;
  unsigned reading;
  uint64_t entry;
} HarvestWanted;

/* Of `databases`. */
static inline void *
harvest_database_key(uint64_t entry, unsigned reading)
{
  return GSIZE_TO_POINTER((size_t)entry * READINGS_MAX + reading + 1);
}

/* --- worker_harvest_finds.c --- */

/* For LayerInventory: what was found in a file. (transfer full) */
GPtrArray *harvest_finds_new(void);
guint harvest_count_malware(const LayerInventory *found);
bool harvest_have_malware(const GPtrArray *finds);
void harvest_put_finds(Harvest *harvest, const char *path, GPtrArray *finds);
/* Something else is at @path: what was found there is forgotten, but for what was observed in a
 * file that has another name. */
void harvest_drop_finds(Harvest *harvest, const char *path);

/* --- for worker_harvest_links.c --- */

/* Counts what was found in a file, and takes from it what belongs to the layer. */
void harvest_count_finds(Harvest *harvest, LayerInventory *found, bool anywhere);
/* What was found anywhere in the file @entry; the last entry of a path counts. */
void harvest_keep_finds(Harvest *harvest, const LayerEntry *entry, uint64_t anywhere,
                        GPtrArray *finds);
