/* The programs and libraries that are in an image in the end, by what the inventories of its layers
 * tell of them: a tree as an unpacker makes it (unpacked.h). */
#pragma once

#include "inspect/integrity/integrity.h"
#include "inspect/unpacked.h"

/* A file. */
typedef struct {
  char set_id;             /* '-': no more bits than its package gives */
  Slice digits[SUM_KINDS]; /* empty: not known */
} Present;

typedef struct PresentLayers PresentLayers;
/* @layers: LayerInventory, bottom first; must live as long. (transfer full) */
PresentLayers *present_layers_new(const GPtrArray *layers);
void present_layers_free(PresentLayers *layers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PresentLayers, present_layers_free)

/* Of one kind of unpackers. Before @layers is freed. (transfer full) */
UnpackedTree *present_layers_unpack(const PresentLayers *layers, Unpacker unpacker);
/* Of a file of such a tree. (transfer none) */
const Present *present_layers_find(const PresentLayers *layers, const UnpackedFile *file);
/* Which layer of the image a layer of such a tree is of. */
unsigned present_layers_number(const PresentLayers *layers, unsigned layer);
/* False: there is more than is laid over each other. */
bool present_layers_are_whole(const PresentLayers *layers);
