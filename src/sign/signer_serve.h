/* The process that signs, its own side (`assay signer`): takes sockets with requests from standard
 * input until that is closed, a thread for each, and keeps the keys that it opened. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Does not return where standard input is a signer's socket; where not, ASSAY_ERROR_UNSUPPORTED. */
bool signer_serve(GError **error);
