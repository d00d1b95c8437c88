/* The page of the one-time link, by which a browser makes the first administrator. */
#pragma once

#include "server/http/route.h"

extern const Route setup_page_routes[];
