/* Room on the disk that is kept for deleting: where everything else is full, the database still
 * needs some pages to write down that something goes. A file of some MiB in the data folder, which
 * is given up when a deletion finds no room, and made again when there is plenty. */
#pragma once

#include <stdbool.h>

/* Makes the file where it is missing and there is room enough; true when it is there. @data_fd: the
 * data folder. */
bool reserve_keep(int data_fd);
/* While it is given up: whether there is room beyond what deletions may need. */
bool reserve_is_spared(int data_fd);
/* True when there was one, so that what failed may be tried again. */
bool reserve_release(int data_fd);
/* At a start: gives it up when there is next to no room; true when it did. */
bool reserve_release_if_full(int data_fd);
