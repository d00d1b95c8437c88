/* All that the server answers. */
#pragma once

#include "server/http/route.h"

/* The resources' tables, ended by NULL. */
extern const Route *const server_routes[];
