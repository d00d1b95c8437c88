/* Asking a running registry, for the commands that do. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/slice.h"

/* The options that they have; what they set is read by server_client_new(). */
extern char *server_option_url, *server_option_ca_file;
extern gboolean server_option_insecure;
#define SERVER_OPTIONS(default_text)                                                               \
  {"server",                                                                                       \
   's',                                                                                            \
   0,                                                                                              \
   G_OPTION_ARG_STRING,                                                                            \
   &server_option_url,                                                                             \
   "The registry (default: " default_text "$ASSAY_SERVER, or as configured)",                      \
   "URL"},                                                                                         \
      {"ca-file",                                                                                  \
       0,                                                                                          \
       0,                                                                                          \
       G_OPTION_ARG_FILENAME,                                                                      \
       &server_option_ca_file,                                                                     \
       "Trust the authorities in this file, too (PEM)",                                            \
       "FILE"},                                                                                    \
  {                                                                                                \
    "insecure", 0, 0, G_OPTION_ARG_NONE, &server_option_insecure,                                  \
        "Do not check the registry's certificate, and accept plain HTTP", NULL                     \
  }

typedef struct ServerClient ServerClient;

/* @host: what the registry is called in the user's words, NULL: not at all. The registry is
 * --server, else @host, else $ASSAY_SERVER, else the first address of the configuration
 * (127.0.0.1:5000). Without a scheme it is https; on loopback http, or else https. Certificates of
 * certs.d count as for `assay scan`; server_credentials.h says who asks. NULL: one of these files
 * cannot be read. (transfer full) */
ServerClient *server_client_new(const char *host, GError **error);
void server_client_free(ServerClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ServerClient, server_client_free)

/* Where it is asked. (transfer none) */
const char *server_client_url(const ServerClient *client);
/* HOST[:PORT] of that. (transfer full) */
char *server_client_authority(const ServerClient *client);
/* Asks as that person or robot from now on, whatever server_credentials.h says. */
void server_client_be(ServerClient *client, const char *name, const char *secret);
/* Asks as nobody from now on: who logs in anew does not show what may have ended. */
void server_client_be_nobody(ServerClient *client);

/* GET @path as JSON; what the server refuses is the error's message. (transfer full) */
json_t *server_get(ServerClient *client, const char *path, GError **error);

/* POST @body to @path; the answer as JSON. (transfer full) */
json_t *server_post(ServerClient *client, const char *path, Slice body, GError **error);

/* PATCH @path by @body; the answer as JSON. (transfer full) */
json_t *server_patch(ServerClient *client, const char *path, Slice body, GError **error);
/* @method with the JSON @body (or NULL) to @path; the answer as JSON, null where there is none.
 * (transfer full) */
json_t *server_send(ServerClient *client, const char *method, const char *path, const json_t *body,
                    GError **error);

/* DELETE @path; *@answer (NULL: it does not matter) is its JSON, or NULL (transfer full). What is
 * needed by others is ASSAY_ERROR_BUSY, with the server's words. */
bool server_delete(ServerClient *client, const char *path, json_t **answer, GError **error);

/* All pages of a list: the members of @key, joined. @about (or NULL) is given what else the pages
 * say. (transfer full) */
json_t *server_get_all(ServerClient *client, const char *path, const char *key, json_t *about,
                       GError **error);
