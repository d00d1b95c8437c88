/* The tables of this room: whom we trust to sign, and by which rules we sign. */
#pragma once

#include "storage/schema.h"

extern const Schema signing_schema;
