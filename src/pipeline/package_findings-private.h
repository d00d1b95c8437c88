/* What the advisories say of each package, as rows. */
#pragma once

#include "advisory/database/database.h"
#include "inventory/image.h"
#include "storage/sql.h"
#include "verdict/finding.h"

typedef struct {
  uint32_t counts[SEVERITY_CRITICAL + 1], fixable[SEVERITY_CRITICAL + 1];
  uint32_t third_party; /* packages of others than the distribution */
  uint32_t uncovered;   /* packages that no advisories speak of, for want of any for their kind */
} Tally;
void tally_add(Tally *sum, const Tally *more);
char *tally_to_text(const uint32_t numbers[SEVERITY_CRITICAL + 1]);
void tally_from_text(const char *text, uint32_t numbers[SEVERITY_CRITICAL + 1]);
/* Of four columns: counts, fixable, uncovered, third_party. */
void tally_from_row(SqlRows *rows, int column, Tally *tally);

/* packages.matched: by which advisories; 0: by none (NULL). */
int64_t package_findings_stamp(const AdvisoryDatabase *advisories);
/* What is found in one package. */
typedef struct {
  Tally tally;
  GPtrArray *facts; /* package_findings.c's own; NULL: none */
} PackageMatch;
void package_match_clear(PackageMatch *match);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PackageMatch, package_match_clear)
/* Without any advisories for its kind a package is uncovered. */
bool package_findings_match(AdvisoryDatabase *advisories, const char *ecosystem,
                            const Package *package, PackageMatch *match, GError **error);
bool package_findings_write(SqlConnection *db, int64_t package, const PackageMatch *match,
                            int64_t stamp, GError **error);
/* Only what is found, of a package that has none yet. */
bool package_findings_write_new(SqlConnection *db, int64_t package, const PackageMatch *match,
                                GError **error);
