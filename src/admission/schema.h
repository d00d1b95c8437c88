/* The tables of admission. */
#pragma once

#include "storage/schema.h"

extern const Schema admission_schema;
