/* The token endpoint: GET and POST /token, as distribution describes it ("Token Authentication
 * Specification", "OAuth2"), and the keys by which others verify the tokens. */
#pragma once

#include "server/api/schemas.h"
#include "server/http/route.h"

extern const Route token_routes[];
extern const ApiSchema token_schemas[];
