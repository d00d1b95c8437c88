/* The table that scripts/end_of_life writes. */
#pragma once

#include <stddef.h>

#include "inventory/program_life.h"

extern const ProgramLife program_life_dates[];
extern const size_t program_life_dates_count;
