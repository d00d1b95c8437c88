/* Weak settings of the services and accounts of an image: the baseline.
 *
 * Detectors of this folder give facts of single files (facts.h). Here the facts of the files that
 * are there in the end become weaknesses: files that include each other are read in the order in
 * which the service reads them, over all layers, with the service's own defaults, and only where
 * the service is installed. A check is a row in a table of a file checks_SUBJECT.c, and its rule a
 * row of inventory/rules/baseline_SUBJECT.c. Pure. */
#pragma once

#include "inventory/image.h"

/* Takes the facts out of @image->observations, and puts what is weak there; adds to @image->unread
 * what is more than it follows. */
void baseline_of_image(ImageInventory *image);
