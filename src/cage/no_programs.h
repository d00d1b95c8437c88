/* What is taken from a process that must open files and connections, and keeps secrets: running
 * programs, and looking into other processes. For the process that signs; one that reads hostile
 * bytes has the whole cage (cage.h). */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Cannot be taken back; threads that are made later have it too. ASSAY_ERROR_UNSUPPORTED: the
 * kernel takes no filter. */
bool cage_forbid_programs(GError **error);
