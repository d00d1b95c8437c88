/* The database's file: LMDB pages, and behind them a seal of one page that tells a whole file from
 * one that was cut or changed on its way. LMDB never looks at the seal. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Ends the file that @fd is open on with a seal over all its bytes. */
bool database_file_seal(int fd, GError **error);

/* The seal is there and the size is right: costs one read. ASSAY_ERROR_INVALID else. */
bool database_file_check_size(int fd, const char *path, GError **error);

/* As above, and every byte is as it was sealed: reads the whole file. ASSAY_ERROR_MISMATCH. */
bool database_file_check_content(int fd, const char *path, GError **error);
