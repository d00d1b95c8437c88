/* The tables of the pipeline: inventories of layers, images and their packages. */
#pragma once

#include "storage/schema.h"

extern const Schema pipeline_schema;
