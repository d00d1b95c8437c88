/* The table that scripts/end_of_life writes. */
#pragma once

#include <stddef.h>

#include "inventory/end_of_life.h"

extern const EndOfLife end_of_life_dates[];
extern const size_t end_of_life_dates_count;
