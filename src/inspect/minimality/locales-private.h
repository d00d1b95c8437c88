/* Which locales an image uses, as paths; what it does not set, it does not use. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* @env: "LANG=de_DE.UTF-8", or NULL. The hashes of the folders and files that the C library and
 * gettext look at for it (setlocale(3), "LANGUAGE" of gettext's manual). (transfer full) */
GHashTable *locales_used(GStrv env);
/* @hash: of a path, or of a folder. */
bool locales_use(const GHashTable *used, uint64_t hash);
