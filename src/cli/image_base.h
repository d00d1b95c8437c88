/* `assay image base`, a subcommand of `assay image`. */
#pragma once

#include "cli/command.h"
#include "cli/server_target.h"
#include "report/base.h"

extern const Command image_base_subcommand;

/* What the server tells of the base of @digest, an image of @target; with all that it knows of a
 * newer one. *base: NULL where none is known. (transfer full) */
bool image_base_ask(const ServerTarget *target, const char *digest, ReportBase **base,
                    json_t **answer, GError **error);
