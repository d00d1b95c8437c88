/* `assay key csr`: a request by which an authority makes a certificate for a key. */
#pragma once

#include "cli/command.h"

extern const Command key_csr_subcommand;
