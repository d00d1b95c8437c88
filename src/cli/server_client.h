/* Asking a running registry for `assay images` and `assay findings`. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* The registry's URL: --server, else $ASSAY_SERVER, else http://127.0.0.1:5000. (transfer none) */
const char *server_url(const char *option);

/* GET @path of @server as JSON; what the server refuses is the error's message. (transfer full) */
json_t *server_get(const char *server, const char *path, GError **error);

/* All pages of a list: the members of @key, joined. (transfer full) */
json_t *server_get_all(const char *server, const char *path, const char *key, GError **error);
