/* Findings for people and programs: what a report says. How it is written is a ReportWriter
 * (writer.h). */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "inventory/image.h"
#include "report/base.h"
#include "verdict/match.h"
#include "verdict/verdict.h"

/* What an ignore file takes out of sight; the finding has the reason, and until when. */
typedef struct {
  const Finding *finding;
  const char *file;
} IgnoredFinding;

typedef struct {
  const char *target;              /* as the user wrote it */
  const char *digest;              /* of the manifest, or NULL */
  const ImageInventory *inventory; /* or NULL */
  const char *os;                  /* the distribution's name, or NULL: the inventory's */
  bool of_build; /* the target is a Dockerfile: it has neither packages nor a distribution */
  unsigned packages;
  const GPtrArray *findings;     /* Finding, filtered and sorted */
  const GPtrArray *ignored;      /* IgnoredFinding; or NULL */
  const GPtrArray *not_affected; /* Finding: what the sources ruled out; or NULL */
  const GPtrArray *third_party;  /* char *: packages of others than the distribution; or NULL */
  const GPtrArray *ended;        /* EndedProgram: what gets no more fixes; or NULL */
  const GPtrArray *gaps;         /* char *: what of the image is not known; or NULL */
  const GPtrArray *notes;        /* char *: what else a person should know; or NULL */
  const GPtrArray *layer_notes;  /* char *: the same of what its layers hold; or NULL */
  const Verdict *verdict;        /* or NULL */
  const ReportBase *base;        /* the image that it was built on; or NULL */
  const char *database;          /* generation of the advisories, or NULL */
  int64_t created;               /* seconds since 1970: when what is scanned was made */
} Report;

/* A package as reports list it: `Package` in docs/openapi.yaml. */
extern const JsonTable report_package_table;
/* One of @inventory's packages, with the digest of its layer when that is known. (transfer full) */
json_t *report_package_to_json(const ImageInventory *inventory, const ImagePackage *package);

/* An EndedProgram, and lists of them. (transfer full) */
extern const JsonTable report_ended_program_table;
json_t *report_ended_to_json(const GPtrArray *ended);
GPtrArray *report_ended_from_json(const json_t *array, GError **error);

/* How many of @findings (Finding) there are of each kind, by its name. (transfer full) */
json_t *report_kinds_to_json(const GPtrArray *findings);

/* What is noted when @counted findings of unknown severity pass a filter of severities as @as.
 * (transfer full) */
char *report_counted_note(unsigned counted, Severity as);

/* @text without control characters and without marks that turn the direction of writing, valid
 * UTF-8: for what comes from images and feeds and goes to a terminal. NULL gives "". (transfer
 * full) */
char *report_clean_text(const char *text);
