/* The rules as Vectorscan compiled them when this program was built: for any processor of the
 * architecture, with the rules' numbers in the order of secret_rule_sets. Made by build_database.c,
 * which runs at build. */
#pragma once

#include <stddef.h>
#include <stdint.h>

extern const uint64_t secret_database_words[];
extern const size_t secret_database_size; /* in bytes */
