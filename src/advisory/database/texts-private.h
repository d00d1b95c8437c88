/* The long texts of a build: descriptions and references are most of what is known of a
 * vulnerability, and nobody asks for them before the records are written. They wait in a file
 * without a name in the folder of the database, so that a build of all of OSV fits into memory.
 * Not thread-safe but where told. */
#pragma once

#include "advisory/advisory.h"

typedef struct DetailTexts DetailTexts;

/* Where the texts of one lie; all zero: nowhere. */
typedef struct {
  uint64_t offset;
  uint32_t size;
} TextPlace;

/* @folder gets the file; its file system has room for what the feeds say. ASSAY_ERROR_IO. (transfer
 * full) */
DetailTexts *detail_texts_new(const char *folder, GError **error);
void detail_texts_free(DetailTexts *texts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DetailTexts, detail_texts_free)

/* Moves the description and the references of @details into the file. False: they stay. */
bool detail_texts_put(DetailTexts *texts, AdvisoryDetails *details, TextPlace *place,
                      GError **error);
/* Gives them back, by way of @scratch; what @details has of its own is replaced. Once all is in the
 * file, several threads may ask, of different places. */
bool detail_texts_get(const DetailTexts *texts, AdvisoryDetails *details, const TextPlace *place,
                      GByteArray *scratch, GError **error);
/* Writes what is not in the file yet. */
bool detail_texts_flush(DetailTexts *texts, GError **error);
/* Forgets, in memory alone, what detail_texts_get() gave. */
void detail_texts_drop(AdvisoryDetails *details);
