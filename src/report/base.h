/* On which image another was built, as reports and the API tell: `Base` in docs/openapi.yaml. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/json_table.h"
#include "verdict/match.h"

/* How many findings there are of each origin. */
typedef struct {
  unsigned of_base, own;
} ReportOrigins;

/* Of the findings of the base, how many the newer one has not, and how many it alone has. */
typedef struct {
  unsigned fixed, added;
} ReportBaseDifference;

typedef struct {
  char *digest;                     /* what the tag names now: an image, or an index of some */
  int64_t since;                    /* microseconds since 1970 */
  char *image;                      /* the image of the same platform there; NULL: not known */
  ReportBaseDifference *difference; /* NULL: not known */
} ReportNewerBase;

typedef struct {
  char *repository, *tag, *digest; /* where it is stored; repository NULL: not known */
  unsigned layers;                 /* how many of the image's layers are its; 0: they do not tell */
  char *platform;
  char *named, *named_digest; /* what the image's annotations say; or NULL */
  ReportOrigins *findings;    /* of the image, where its layers tell; or NULL */
  ReportNewerBase *newer;     /* what its tag names now; NULL: still it */
} ReportBase;
extern const JsonTable report_base_table, report_origins_table, report_newer_base_table,
    report_base_difference_table;

/* (transfer full) */
ReportBase *report_base_from_json(const json_t *json, GError **error);
void report_base_free(ReportBase *base);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ReportBase, report_base_free)

/* How the findings of @after differ from those of @before, but for kinds of @without. False: that
 * is not known, for of @after something is not known that is of @before. */
bool report_base_compare(const MatchResult *before, const MatchResult *after, FindingKinds without,
                         ReportBaseDifference *difference);
/* "library/debian:12 (sha256:1a2b3c4d5e6f), 41 of 52 findings come from it" (transfer full) */
char *report_base_in_words(const ReportBase *base);
/* What its tag names now; NULL: still it. (transfer full) */
char *report_newer_base_in_words(const ReportBase *base);
