/* The rules' triggers as Vectorscan compiled them when this program was built, with the rules'
 * numbers in the order of secret_rule_sets. Made by build_database.c, which runs at build. */
#pragma once

#include "inspect/patterns/patterns.h"

extern const PatternData secret_database;
