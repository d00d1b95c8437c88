/* Mach-O, of which object_file.c knows nothing else. */
#pragma once

#include "inspect/programs/object_file.h"

bool object_is_mach_o(Slice head);
/* What of object_file_read() is of this format. */
bool object_read_mach_o(ObjectFile *object, const ProgramBytes *bytes);
