/* Pins: what keeps a blob of a repository that no manifest needs (yet). A client that was told "it
 * is there" does not send it, and names it in a manifest soon. So each act that tells a client so
 * (the end of an upload, a mount, HEAD) notes the time in the blob's link to the repository,
 * `repository_blobs.pinned`, before the answer; so does the end of a manifest that needed the blob,
 * for whoever asked before then was told the same without a note. Collection leaves alone what was
 * pinned within the grace (collect.h). A pin is a row: files' times are nobody's word. */
#pragma once

#include "registry/registry.h"

/* Pins a blob, if the repository has it. */
bool pins_touch(SqlConnection *db, const char *repository, const Digest *digest, GError **error);
/* Pins all that is known to be needed by @manifest. */
bool pins_touch_all(SqlConnection *db, const char *repository, const Digest *manifest,
                    GError **error);
/* Keeps collection from the blob until the transaction ends: who links it takes it first. ABSENT:
 * there is no such blob. */
Found pins_lock_blob(SqlConnection *db, const Digest *digest, GError **error);
