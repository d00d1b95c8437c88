/* What needs no signature, for nobody runs it; within the room. */
#pragma once

#include "pipeline/pipeline.h"

/* Whether no runtime would make anything of it: its layers are data by their types, and nothing
 * that any of them unpacks by their bytes; or it is no image, or an index of nothing else. Reads
 * bytes of each layer. */
bool artifacts_run_nothing(Pipeline *pipeline, const char *repository, const Manifest *manifest);
