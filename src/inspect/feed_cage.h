/* The door to the cage for what the feeds of advisories publish (advisory/feeds/unpack.h). */
#pragma once

#include "base/config.h"

/* From now on feeds' archives are unpacked by workers with these limits; at the program's start,
 * before any update. */
void feed_cage_open(const ConfigLimits *limits, bool allow_uncaged);
