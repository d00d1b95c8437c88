/* `assay serve --check`: what would keep a server from starting, or from doing its work, found
 * without starting one. Changes nothing on disk. */
#pragma once

#include <glib.h>

#include "base/config.h"

/* Adds a sentence to @problems (char *) for each thing that is wrong: the policy, certificate and
 * key, files that the feeds name, the data folder and what is in it, the cage, the addresses; to
 * @warnings for what works, but perhaps not as meant. While a server serves @data_folder, addresses
 * are not tried, for it has them. Blocks on the disk and on names. */
void server_check(const Config *config, const char *data_folder, GPtrArray *problems,
                  GPtrArray *warnings);
