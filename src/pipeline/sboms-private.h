/* What the files of the bills of materials share: keeping one, and which are kept. */
#pragma once

#include "base/found.h"
#include "pipeline/pipeline.h"
#include "pipeline/sboms.h"
#include "storage/sql.h"

/* Of the image in one repository. True where there is nothing to do (any more). */
bool sboms_keep(Pipeline *pipeline, const char *repository, const char *manifest, SbomFormat format,
                GError **error);

/* --- sboms_rows.c: which of them are kept --- */

typedef struct {
  char *format;
  uint32_t detectors;
  char *referrer; /* or NULL: the manifest lists nothing, or what was kept is gone */
  bool current;   /* it is there, and there is nothing to keep but by other detectors or format */
} KeptSbom;
void kept_sbom_clear(KeptSbom *kept);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(KeptSbom, kept_sbom_clear)
Found sboms_find(SqlPool *sql, const char *repository, const char *manifest, KeptSbom *kept,
                 GError **error);
/* @referrer: or NULL. */
bool sboms_note(SqlPool *sql, const char *repository, const char *manifest, const KeptSbom *kept,
                GError **error);
/* Scanned images of the namespace whose bill is not by this format or by the image's detectors, in
 * order, after this one; at most @limit. (transfer full): char *, repository and digest by turns */
GPtrArray *sboms_due(SqlPool *sql, const char *space, SbomFormat format, const char *repository,
                     const char *manifest, unsigned limit, GError **error);
