/* What was observed in an image (inventory/observation.h) as findings. Pure. */
#pragma once

#include <glib.h>

#include "inventory/image.h"
#include "verdict/finding.h"

/* Adds a Finding for each observation that is shown. */
void observed_add_findings(const ImageInventory *inventory, GPtrArray *findings);

/* Tells each Finding of a layer the command that made it, where that is known. */
void observed_add_commands(const ImageInventory *inventory, GPtrArray *findings);

/* How many there are of each kind and severity. */
typedef struct {
  uint32_t counts[FINDING_KINDS][SEVERITY_CRITICAL + 1];
} ObservedCounts;
ObservedCounts observed_count(const ImageInventory *inventory);
