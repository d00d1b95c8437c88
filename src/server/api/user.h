/* A person as the API shows it, for the resources of all people and of oneself. */
#pragma once

#include "server/http/http.h"

void api_respond_user(Request *request, const char *name, unsigned status);
