/* Several VEX documents (vex.h), of files and folders, as one: which statement of all counts for a
 * finding. Immutable once loaded; reference-counted. */
#pragma once

#include "verdict/vex.h"

#define VEX_FILES_MAX          10000u   /* in one folder */
#define VEX_SET_STATEMENTS_MAX 1000000u /* of all documents */

typedef struct VexSet VexSet;

/* The documents of @paths (NULL-terminated; NULL: none): files, and folders of files *.json in the
 * order of their names. Relative ones are below @folder (NULL: where the program runs). All of them
 * or none: ASSAY_ERROR_NOT_FOUND, _INVALID, _LIMIT; the message names the file. (transfer full) */
VexSet *vex_set_load(char *const *paths, const char *folder, GError **error);
/* Adds to @checksum how the files of @paths look now (names, sizes, times): it is another as soon
 * as one of them comes, goes or is written to. Reads none of them. */
void vex_files_look(char *const *paths, const char *folder, GChecksum *checksum);
/* Of @documents (VexDocument), which are taken over. ASSAY_ERROR_LIMIT. (transfer full) */
VexSet *vex_set_new(GPtrArray *documents, GError **error);
VexSet *vex_set_ref(VexSet *set);
void vex_set_unref(VexSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VexSet, vex_set_unref)

/* VexDocument; live as long as the set. (transfer none) */
const GPtrArray *vex_set_documents(const VexSet *set);
/* Of the bytes and names of all files, in hexadecimal. Lives as long as the set. */
const char *vex_set_sha256(const VexSet *set);

/* The statement that counts for @finding: the newest that fits, and of those at one moment the
 * last. NULL: none. *@document: whose it is. */
const VexStatement *vex_set_find(const VexSet *set, const VexImage *image, const Finding *finding,
                                 const VexDocument **document);
/* The statement that counts for @finding in all of @sets (@count of them, each or NULL), of those
 * at one moment that of the first, if it is a vulnerability and the statement takes it out of
 * sight. NULL: none does. *@document: whose it is. */
const VexStatement *vex_sets_suppress(const VexSet *const *sets, size_t count,
                                      const VexImage *image, const Finding *finding,
                                      const VexDocument **document);
