/* The OCI distribution API, version 1.1 (and what docker adds to it): each endpoint as a route. */
#pragma once

#include "oci/digest.h"
#include "server/http/http.h"

/* --- support.c --- */
void v2_support(Request *request);

/* --- blobs.c --- */
void v2_blob_get(Request *request);
void v2_blob_delete(Request *request);

/* --- uploads.c --- */
void v2_upload_post_begin(Request *request);
void v2_upload_post_finish(Request *request);
void v2_upload_take(Request *request);
bool v2_upload_body(Request *request, Slice bytes);
void v2_upload_patch_finish(Request *request);
void v2_upload_put_finish(Request *request);
void v2_upload_get(Request *request);
void v2_upload_delete(Request *request);

/* --- manifests.c --- */
void v2_manifest_get_begin(Request *request);
void v2_manifest_get(Request *request);
void v2_manifest_put_begin(Request *request);
void v2_manifest_put(Request *request);
void v2_manifest_delete(Request *request);

/* --- lists.c --- */
void v2_tags(Request *request);
void v2_catalog(Request *request);
void v2_referrers(Request *request);

/* The digest that <digest> of the path stands for; responds with DIGEST_INVALID when it is none. */
bool v2_path_digest(Request *request, Digest *digest);
/* A Warning header, as distribution-spec has it ("Warnings"): clients show its text to their user.
 */
void v2_warn(Request *request, const char *text);
