/* What the readers of the formats share: a part that an SBOM names, and what becomes of it. */
#pragma once

#include <jansson.h>

#include "inspect/sboms/sboms.h"

/* What one SBOM may have: more is unread. */
#define SBOM_VALUES_MAX ((size_t)3000000)
#define SBOM_DEPTH_MAX  64u
/* Of one part. */
#define SBOM_FACTS_MAX 200u

/* Texts are owned; NULL: the SBOM does not say. */
typedef struct {
  char *name, *group, *version, *purl, *cpe, *supplier, *licenses, *location;
  bool os;           /* it is the distribution */
  GHashTable *facts; /* by the names of report/bill.h: "source:name"; or NULL */
} SbomPart;
void sbom_part_clear(SbomPart *part);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(SbomPart, sbom_part_clear)

/* Sets a text that is not set yet; an empty one is none. */
void sbom_set(char **member, const char *text);
/* A property or annotation, by the name that Assay, Trivy or Syft gives it; others say nothing. */
void sbom_part_fact(SbomPart *part, const char *name, const char *value);
/* An annotation "assay:NAME=VALUE". */
void sbom_part_annotation(SbomPart *part, const char *text);
/* "built package from: NAME VERSION", as Trivy writes it into SPDX; other texts say nothing. */
void sbom_part_source(SbomPart *part, const char *text);
/* Of a licence, unless it says that nothing is known. */
void sbom_part_licence(SbomPart *part, const char *text);
/* "Organization: NAME", "Person: NAME". */
void sbom_part_supplier(SbomPart *part, const char *text);

typedef struct {
  LayerInventory *into;
  const char *location;
  bool target;
  const char *subject; /* of the target: the image that an attestation must be about, or NULL */
  bool must_attest;    /* it must be an attestation */
  bool attested;       /* what is read is in an attestation */
  OsRelease *os;       /* that the SBOM names, or NULL */
  OsRelease *guess;    /* that its package URLs name, or NULL */
  unsigned odd;        /* parts whose package URL is none */
} SbomReading;

void sbom_add(SbomReading *reading, const SbomPart *part);
/* What the SBOM says of itself: what it misses is unread. */
void sbom_add_whole(SbomReading *reading, const SbomPart *part);
/* After the last part. */
void sbom_finish(SbomReading *reading);
/* The SBOM, or what is left of it, cannot be read. */
void sbom_broken(SbomReading *reading, const char *detail);

/* The member when it is a string without a NUL and not empty; else NULL. (transfer none) */
const char *sbom_text(const json_t *object, const char *key);

/* Opens the attestation that @value may be, and notes it; *statement is NULL where it is none.
 * False: it is broken, or about another image, as the reading now says. (transfer full) */
bool attestation_open(SbomReading *reading, const json_t *value, json_t **statement);
/* The SBOM in it where it is a text and no object: SPDX as tag-value; or NULL. (transfer none) */
const char *attestation_text(const json_t *statement);

void sbom_read_cyclonedx(SbomReading *reading, const json_t *bill);
void sbom_read_spdx(SbomReading *reading, const json_t *document);
void sbom_read_xml(SbomReading *reading, Slice text);
void sbom_read_tags(SbomReading *reading, Slice text);
