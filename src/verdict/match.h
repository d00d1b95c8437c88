/* inventory x advisories -> findings. No policy, no storage. */
#pragma once

#include <glib.h>

#include "advisory/database.h"
#include "inspect/inventory.h"
#include "verdict/finding.h"

/* The ecosystem that a package of @type on @os belongs to: "debian:11", "alpine:3.18",
 * "almalinux:9". NULL when the distribution is not known. (transfer full) */
char *match_ecosystem(const OsRelease *os, const char *package_type);

typedef struct {
  GPtrArray *findings; /* Finding, worst first; statements "not affected" are left out; states
                          will-not-fix, end-of-life and unimportant are in, as such */
  GPtrArray *notes;    /* char *: "no advisories for debian:99: findings are incomplete" */
} MatchResult;
void match_result_free(MatchResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MatchResult, match_result_free)

/* Thread-safe. (transfer full) */
MatchResult *match_image(AdvisoryDatabase *database, const ImageInventory *inventory,
                         GError **error);

/* For counts: what concerns one package, without the details of each vulnerability but its
 * severity. Thread-safe. */
typedef void (*MatchFactVisitor)(Severity severity, AdvisoryState state, bool fixable, void *data);
bool match_package_facts(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                         MatchFactVisitor visit, void *data, GError **error);
