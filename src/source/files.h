/* The files of an image that lies in a folder or in an archive (a tar, packed or not): one way to
 * read both. The archive is listed by the caged worker; here nothing of it is parsed. */
#pragma once

#include "source/source-private.h"

typedef struct ImageFiles ImageFiles;

ImageFiles *image_files_open_folder(const char *path, GError **error);
/* A packed archive is unpacked into a temporary file first. */
ImageFiles *image_files_open_archive(const char *path, const InspectionLimits *limits,
                                     const SourceCall *call, GError **error);
void image_files_free(ImageFiles *files);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageFiles, image_files_free)

/* A descriptor of its own for @name (in an archive links are followed), and where in it the content
 * stands. -1 with *error. Thread-safe. */
int image_files_open(const ImageFiles *files, const char *name, uint64_t *offset, uint64_t *size,
                     GError **error);
/* The whole content, at most @limit bytes, of what a digest tells to be right. (transfer full) */
GBytes *image_files_read(const ImageFiles *files, const char *name, size_t limit, GError **error);
/* Likewise of the file that leads to all others, which no digest checks: in a folder, no link out
 * of it is followed, so that an image from a stranger shows nothing of this machine in a message.
 */
GBytes *image_files_read_entrance(const ImageFiles *files, const char *name, size_t limit,
                                  GError **error);
bool image_files_has(const ImageFiles *files, const char *name);
