/* inventory x advisories -> findings. No policy, no storage. */
#pragma once

#include <glib.h>

#include "advisory/database/database.h"
#include "inventory/image.h"
#include "verdict/finding.h"

/* One vulnerability is one finding per package, whatever number of feeds and aliases speak of it:
 *
 * - a statement that a package suite lets conclude (derived) counts only where nobody states more;
 * - a package is affected when any statement says so; the fix is the highest of those that fit;
 * - the severity is the word of those statements, GitHub's before others' and of equals the worst,
 *   else that of the vulnerability itself (GitHub's, or the first feed that has one);
 *   `severity_source` names the source, and `ratings` has what each source says;
 * - title, CVSS, EPSS and known exploitation come from what all feeds know of the vulnerability. */
typedef struct {
  GPtrArray *findings;     /* Finding, worst first, in every state but not-affected */
  GPtrArray *not_affected; /* Finding in state not-affected, by package and id: what the source
                              looked at and ruled out. Without titles and scores */
  guint unlinked;          /* how many of these are in functions of Go that no program has */
  GPtrArray *uncovered;    /* char *: distributions of its packages without any advisories */
  GPtrArray *third_party;  /* char *: packages of others than the distribution, whose advisories do
                              not speak of them: "nginx 1.27.4-1~bookworm (NGINX Packaging)" */
  GPtrArray *undecided;    /* char *: packages whose version does not tell whether advisories apply:
                              "golang.org/x/net v0.0.0-20190101000000-0123456789ab" */
  char *end_of_life;       /* a sentence, when its distribution has reached it; or NULL */
  int64_t life_ends;       /* when that is, microseconds since 1970; 0: not known */
  GPtrArray *ended;        /* EndedProgram: programs of nobody's packages that get no more fixes */
  int64_t next_ends;       /* when the next of the others will not; 0: not known */
  GPtrArray *gaps;         /* char *: what of the image is not known (completeness.h) */
  GPtrArray *notes;        /* char *: what else a person should know */
} MatchResult;
/* Without anything yet. (transfer full) */
MatchResult *match_result_new(void);
void match_result_free(MatchResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MatchResult, match_result_free)

/* With what was observed in the image. Thread-safe. (transfer full) */
MatchResult *match_image(AdvisoryDatabase *database, const ImageInventory *inventory,
                         GError **error);

/* The same without advisories: what was observed alone, and the gaps. (transfer full) */
MatchResult *match_observed(const ImageInventory *inventory);

/* "2 packages are not the distribution's, whose advisories do not speak of them: nginx ...", of at
 * least one; packages of one maker are listed together. (transfer full) */
char *match_third_party_in_words(const GPtrArray *third_party);

/* By whose advisories @package of an image of @os is matched: the distribution's for its packages,
 * an application's for those of applications; NULL: a distribution that is not known. An
 * application's package whose files a package of the distribution owns is the distribution's, which
 * looks after it by advisories on the owner: MATCH_BY_OWNER, nothing is found in the package
 * itself. What a third party's package brought is matched as what it is; such a one is also a .deb
 * with files where Debian has none (/opt, /usr/local). Of a kind
 * that we know no advisories of: MATCH_BY_NOBODY, which leaves the image scanned. (transfer full)
 */
char *match_ecosystem(const OsRelease *os, const ImagePackage *package);
#define MATCH_BY_OWNER  "-owner"
#define MATCH_BY_NOBODY "-nobody"
/* Whether it is one of these two. */
bool match_is_by_none(const char *ecosystem);

/* Whether somebody else than the distribution made @package of @ecosystem, as far as its vendor and
 * version tell: no advisory speaks of it then. */
bool match_is_third_party(const char *ecosystem, const Package *package);

/* Whether there are advisories for packages of @architecture (NULL: any) in @ecosystem at all; or
 * nobody publishes any, as for programs that are known by their own bytes. */
bool match_covers(AdvisoryDatabase *database, const char *ecosystem, const char *architecture);

/* For rows and counts: what concerns one package, without what people read of each vulnerability:
 * exactly the findings that match_image() would give. *@undecided: its version does not tell
 * whether others apply. Thread-safe. */
typedef struct {
  const char *id;
  Severity severity;
  AdvisoryState state;
  const char *fixed_version; /* or NULL */
  bool known_exploited;
} MatchFact; /* valid during the call */
typedef void (*MatchFactVisitor)(const MatchFact *fact, void *data);
bool match_package_facts(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                         MatchFactVisitor visit, void *data, bool *undecided, GError **error);
