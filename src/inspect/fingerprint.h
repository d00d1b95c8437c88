/* What the program can find, as a number: for who keeps what it found. */
#pragma once

#include <stdint.h>

/* Stands for the names and versions of all detectors, for the rules on secrets and malicious files,
 * ours and those that a team brings, and for the table of java_table.h: the inventories that they
 * make are kept by it. At least DETECTORS_FINGERPRINT_LEAST, and fits a signed number of 32 bits.
 * Changes when a team's rules do (team_rules.h). Any thread. */
uint32_t detectors_fingerprint(void);
#define DETECTORS_FINGERPRINT_LEAST ((uint32_t)1 << 30)
