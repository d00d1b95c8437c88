/* What the value and the JSON form of a layer share. */
#pragma once

#include <stdbool.h>

#include "base/json_table.h"

/* Not empty, printable UTF-8, and no longer than a name, a version or a path may be. */
bool layer_text_is_sound(const char *text);

extern const JsonTable package_table, layer_change_table, layer_file_table, layer_note_table;
extern const JsonTable layer_inventory_table;
void layer_note_free(void *note);
