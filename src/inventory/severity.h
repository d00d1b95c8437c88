/* How bad a vulnerability is, in the words that all sources share. */
#pragma once

#include <stdbool.h>

typedef enum {
  SEVERITY_UNKNOWN,
  SEVERITY_NEGLIGIBLE,
  SEVERITY_LOW,
  SEVERITY_MEDIUM,
  SEVERITY_HIGH,
  SEVERITY_CRITICAL
} Severity;
extern const char *const severity_names[];
const char *severity_name(Severity severity); /* "unknown", "negligible", "low", ... */
bool severity_parse(const char *name,
                    Severity *severity); /* any case; "important", "moderate" etc. too */
