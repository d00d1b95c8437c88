/* JSON with comments and with commas after the last value of a list or an object. */
#pragma once

#include "base/slice.h"

/* The same without them; what is not even that stays as odd as it is. (transfer full) */
GString *json5_to_json(Slice text);
