/* What BuildKit asks of an instruction besides its form; dockerfile.c calls it. */
#pragma once

#include "text/dockerfile.h"

/* ASSAY_ERROR_INVALID: it has a flag that it does not take, or one twice, or another number of
 * arguments. */
bool dockerfile_instruction_check(const DockerfileInstruction *instruction, char escape,
                                  GError **error);
