/* One pass over the bytes of a file for all rules that its name asks for (version_rules.h). */
#pragma once

#include "base/slice.h"
#include "inventory/layer.h"

/* Whether any rule asks for files of this name. Any thread. */
bool version_scan_wants(const char *path);

typedef struct VersionScan VersionScan;

/* @head: the first bytes of the file, two at least if it has them. */
VersionScan *version_scan_new(const char *path, Slice head);
/* The next bytes, in pieces of any size; it keeps 100 KiB at most. */
void version_scan_add(VersionScan *scan, Slice bytes);
/* After the last: adds what is known. Frees @scan. */
void version_scan_finish(VersionScan *scan, LayerInventory *into);
