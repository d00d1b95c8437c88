/* The check of a data folder that no server has open. */
#pragma once

#include "registry/fsck.h"
#include "server/config.h"

/* ASSAY_ERROR_BUSY while a server serves @data_folder; otherwise as registry_fsck(). */
bool server_fsck(const Config *config, const char *data_folder, const FsckOptions *options,
                 GError **error);
