/* What the value and the JSON form of a layer share. */
#pragma once

#include <stdbool.h>

/* Not empty, printable UTF-8, and no longer than a name, a version or a path may be. */
bool layer_text_is_sound(const char *text);
