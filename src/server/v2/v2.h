/* The OCI distribution API, version 1.1 (and what docker adds to it): one file a resource, each
 * with its routes. */
#pragma once

#include "oci/digest.h"
#include "server/http/http.h"

extern const Route v2_list_routes[], v2_upload_routes[], v2_blob_routes[], v2_manifest_routes[];

/* Of the routes that read: Route.follow. */
char *v2_follow_move(void *context, const char *name);
/* Where nothing was found: the repository was moved meanwhile, and its new name is to be asked. */
bool v2_moved_meanwhile(Request *request);
/* The digest that <digest> of the path stands for; responds with DIGEST_INVALID when it is none. */
bool v2_path_digest(Request *request, Digest *digest);
/* A Warning header, as distribution-spec has it ("Warnings"): clients show its text to their user.
 */
void v2_warn(Request *request, const char *text);
/* 201 with the place of a blob that is there now. */
void v2_respond_created(Request *request, const Digest *digest);
/* ?mount=<digest>[&from=<repository>]: linked without a transfer where the blob is known and who
 * asks may pull it there. True after it responded; false: the client uploads. */
bool v2_mount(Request *request);
