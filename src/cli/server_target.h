/* What a person calls an image of a registry: [docker://][HOST/]REPOSITORY[:TAG|@DIGEST], where the
 * digest may be cut to its first digits, as `assay images` shows it. */
#pragma once

#include "cli/server_client.h"
#include "oci/reference.h"

typedef struct {
  ServerClient *client;
  Reference *reference; /* with the whole digest; its host says nothing */
  bool whole;           /* neither tag nor digest was written; the reference says "latest" */
} ServerTarget;

/* Asks the registry for what a cut digest stands for. The target is to be cleared either way. */
bool server_target_open(const char *typed, ServerTarget *target, GError **error);
void server_target_clear(ServerTarget *target);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ServerTarget, server_target_clear)

/* All images of the repository, as the API lists them. (transfer full) */
json_t *server_target_images(const ServerTarget *target, GError **error);
/* The one that is meant; ASSAY_ERROR_NOT_FOUND. (transfer full) */
json_t *server_target_image(const ServerTarget *target, GError **error);
/* The same once a scan that is under way has ended; ASSAY_ERROR_TIMEOUT. (transfer full) */
json_t *server_target_scanned(const ServerTarget *target, GError **error);
