/* The server as a whole: opens the data folder, wires registry, pipeline and HTTP together, serves
 * until told to stop. One at a time on a data folder. */
#pragma once

#include <glib.h>

#include "server/config.h"

typedef struct Server Server;

/* Binds the addresses of @config; <data>/address then holds the first one. ASSAY_ERROR_BUSY when
 * another server has the folder. @config must outlive the server. (transfer full) */
Server *server_start(const Config *config, const char *data_folder, GError **error);
/* "http://127.0.0.1:5000", one an address. (transfer full) */
GStrv server_urls(const Server *server);
/* SIGHUP: certificate, key and policy are read again; what is broken keeps its old state. */
bool server_reload(Server *server, GError **error);
/* Stops accepting, lets requests and inspections end within limits.stop_deadline. */
void server_stop(Server *server);
void server_free(Server *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Server, server_free)
