/* What osv.c, which knows a record's vulnerability, and osv_affected.c, which knows its packages,
 * share. */
#pragma once

#include <jansson.h>

#include "advisory/feeds/feed.h"

typedef struct {
  const char *id;
  GStrv cves; /* what the record speaks of; its own id alone when it has no CVE */
  const char *vendor_id;
  const char *summary; /* or NULL */
  Severity severity;
  const char *wanted; /* ecosystem, ours; or NULL */
  const FeedSink *sink;
  uint64_t *skipped;
} OsvRecord;

/* The first word among @severities ("severity": [{"type": "Ubuntu", "score": "medium"}]). */
Severity osv_severity_word(const json_t *severities);

/* The statements of one member of a record's `affected`. */
bool osv_add_affected(const OsvRecord *record, const json_t *affected, GError **error);
