/* The last phase of a request. */
#pragma once

#include "server/http/http.h"

/* Writes its line in the log, and counts it. */
void request_log(Request *request, enum MHD_RequestTerminationCode how);
