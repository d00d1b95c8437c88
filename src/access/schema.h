/* The tables of people, robots, teams, roles, bindings, tokens and sessions. */
#pragma once

#include "storage/schema.h"

extern const Schema access_schema;
