/* The names of what findings are of; see the header. */
#include "inventory/finding_kind.h"

#include <stddef.h>

const char *const finding_kind_names[] = {[FINDING_VULNERABILITY] = "vulnerability",
                                          [FINDING_MALWARE] = "malware",
                                          [FINDING_SECRET] = "secret",
                                          [FINDING_BASELINE] = "baseline",
                                          [FINDING_CONFIGURATION] = "configuration",
                                          NULL};

const char *
finding_kind_name(FindingKind kind)
{
  return finding_kind_names[kind];
}
