/* Small blobs, which the database keeps until their files are on the disk.
 *
 * A blob's file costs two waits for the disk, one for its bytes and one for its name, before the
 * commit costs a third. The bytes of a small one go into the commit instead: its file is written as
 * any other, and what of it is not on the disk yet can be made again. A job syncs many such files
 * at once, and then the database forgets their bytes.
 *
 * So a file in the content address may be torn by a power cut, if its bytes are in the database.
 * That is mended before anybody looks: registry_restore_blobs() comes first after a start. A file
 * that was there before is not replaced in this way, for it may be all there is of its blob. */
#pragma once

#include "registry/registry.h"

/* At a start: makes the files that a power cut took. One that the disk does not take is missing
 * until it does. Where nothing can be written, such blobs are read from memory. */
bool registry_restore_blobs(Registry *registry, GError **error);
/* Brings what is not on the disk there. Every few seconds by one job, and at a stop. False: some is
 * left, which is tried again. */
bool registry_settle_blobs(Registry *registry, GError **error);
