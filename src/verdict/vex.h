/* VEX: what somebody says of vulnerabilities in a product, as OpenVEX, CSAF 2.0 (the profile VEX)
 * or CycloneDX. A statement that a package is not affected, or fixed, takes its finding out of
 * sight, with the statement's words as the reason; it decides nothing: a policy judges what is
 * taken out, too, unless it names the document itself (policy.h). Of the statements that fit a
 * finding the newest counts. Pure. */
#pragma once

#include "base/slice.h"
#include "inventory/image.h"
#include "verdict/finding.h"

/* Of one document. */
#define VEX_BYTES_MAX      ((size_t)64 * 1024 * 1024)
#define VEX_STATEMENTS_MAX 200000u

typedef enum {
  VEX_NOT_AFFECTED,
  VEX_FIXED,
  VEX_AFFECTED,
  VEX_UNDER_INVESTIGATION,
} VexStatus;

typedef struct {
  char *id;      /* of the vulnerability */
  GStrv aliases; /* or NULL */
  /* What it is about: a package URL, or a name. Where there is a component, the statement is about
   * that as a part of the product. */
  char *product;
  char *component; /* or NULL */
  char *platform;  /* CPE of a product that has no package URL, or NULL */
  char *written;   /* the status in the words of the format: "known_not_affected" */
  VexStatus status;
  char *justification; /* "vulnerable_code_not_present", or NULL */
  char *detail;        /* a sentence, or NULL */
  int64_t time;        /* microseconds since 1970; 0: not said */
} VexStatement;

typedef struct {
  char *name;            /* of the file, as it was given */
  char *author;          /* or NULL */
  GPtrArray *statements; /* VexStatement */
} VexDocument;

/* ASSAY_ERROR_INVALID, _LIMIT. (transfer full) */
VexDocument *vex_parse(Slice text, const char *name, GError **error);
void vex_document_free(VexDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VexDocument, vex_document_free)

/* What is scanned, for statements about the image as a whole. */
typedef struct {
  const char *target;              /* as the user wrote it, with its transport */
  const char *digest;              /* of the manifest, or NULL */
  const OsRelease *os;             /* or NULL */
  const ImageInventory *inventory; /* or NULL: for packages that have others as parts */
} VexImage;

/* Whether the statement is about @finding. */
bool vex_fits(const VexStatement *statement, const VexImage *image, const Finding *finding);
/* The statement of @document that counts for @finding: the newest that fits, and of those at one
 * moment the last. NULL: none. Of several documents: vex_set.h. */
const VexStatement *vex_find(const VexDocument *document, const VexImage *image,
                             const Finding *finding);
/* Whether it takes the finding out of sight. */
bool vex_suppresses(const VexStatement *statement);
/* "not_affected (vulnerable_code_not_present): Not compiled in. (VEX of The Author)". (transfer
 * full) */
char *vex_in_words(const VexStatement *statement, const VexDocument *document);
/* The same with the file: "... [VEX of The Author] (vex.d/curl.json)". (transfer full) */
char *vex_with_file(const VexStatement *statement, const VexDocument *document);
