/* An advisory as the feeds give it and as the database keeps it, and the words that distributions
 * use of a vulnerability's state. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "advisory/cwe.h"
#include "inventory/severity.h"
#include "version/version.h"

/* What the source says of one package in one release. */
typedef enum {
  STATE_FIXED,        /* fixed_version holds the fix */
  STATE_AFFECTED,     /* no fix yet */
  STATE_WILL_NOT_FIX, /* Debian <no-dsa>/<ignored>/<postponed>, Red Hat "Will not fix" */
  STATE_END_OF_LIFE,  /* <end-of-life> */
  STATE_UNIMPORTANT,  /* Debian urgency "unimportant" */
  STATE_NOT_AFFECTED,
  STATE_UNDER_REVIEW, /* <undetermined>, "Under investigation" */
} AdvisoryState;
extern const char *const advisory_state_names[];
const char *advisory_state_name(AdvisoryState state); /* "fixed", "affected", "will-not-fix", ... */

/* Whether @id, which may be NULL, is a CVE number and not a source's own name. */
bool advisory_is_cve(const char *id);

/* Whether @id is of OSV's malicious packages ("MAL-2024-1"). */
bool advisory_is_malware(const char *id);

/* The name of a source package in a statement of an RPM distribution, whose packages are matched by
 * their own names otherwise. */
#define ADVISORY_SOURCE_PREFIX "source:"
/* The architecture of packages that are for all. */
#define ADVISORY_NO_ARCHITECTURE "noarch"
/* The module of a statement that concerns some stream, but does not tell which. */
#define ADVISORY_ANY_MODULE "*"

/* @architecture as statements name it: one name for all kinds of 32-bit x86, and one for packages
 * of none, dpkg's "all". NULL of NULL. */
const char *advisory_architecture(const char *architecture);

/* One statement: this vulnerability, in this package of this ecosystem. Its strings belong to
 * whoever passes it on: a reader of the database, or a feed. */
typedef struct {
  const char *id;        /* the CVE number when there is one, else the source's own id */
  const char *ecosystem; /* "debian:11", "alpine:3.18", "almalinux:9", "wolfi", "npm": see
                      docs/advisories.md */
  const char *package;   /* the source package for debian; the origin for apk; for rpm the binary
                            package, or   ADVISORY_SOURCE_PREFIX and the source package */
  const char *module;    /* rpm module "name:stream" or ADVISORY_ANY_MODULE; NULL: packages of no
                            module */
  const char *feed;      /* FeedSettings.name that it came from */
  VersionScheme scheme;
  AdvisoryState state;
  const char *introduced; /* first affected version; NULL: all before the fix */
  /* first version that is not affected; NULL: none known. With a state other than FIXED it bounds
   * what is affected, but cannot be had yet (a source without binaries). */
  const char *fixed_version;
  const char *last_affected; /* OSV last_affected (inclusive), or NULL */
  /* "aarch64,x86_64": the builds that it is about, "noarch" among them when one of them is of no
   * architecture; NULL: all */
  const char *architectures;
  /* The version that the release had when the source said so, or NULL: not told. */
  const char *release_version;
  Severity severity;     /* the source's own word; UNKNOWN when it has none */
  const char *vendor_id; /* "DSA-5678-1", "ALSA-2025:10073", or NULL */
  const char *note;      /* the distribution's reason in its words, or NULL */
  const char
      *symbols; /* Go: the functions that it is in, as go_symbols_ask() reads them; or NULL */
  bool derived; /* worked out from a package suite (debian-repo), not stated by an advisory: another
                   feed's statement on the same id and package overrides it */
} AdvisoryRange;

/* GitHub's advisories, by whatever feed they come. */
#define ADVISORY_SOURCE_GHSA "ghsa"
/* How bad one source holds a vulnerability for. */
typedef struct {
  char *source;      /* the feed, or ADVISORY_SOURCE_GHSA */
  Severity severity; /* its own word, or else what its score means */
  char *cvss_vector; /* or NULL */
  double cvss_score; /* negative when unknown */
} AdvisoryRating;
/* Of one vulnerability; more are not remembered. */
#define ADVISORY_RATINGS_MAX 16u

/* AdvisoryRating, in the order of what is shown first: GitHub, then the others as they come.
 * (transfer full) */
GPtrArray *advisory_ratings_new(void);
/* What @source has said already stays; where it said less, it is filled in. Copies. */
void advisory_ratings_add(GPtrArray *ratings, const AdvisoryRating *rating);
/* Whether @source is shown rather than @other, whichever came first; either may be NULL. */
bool advisory_source_goes_before(const char *source, const char *other);

/* What is true of the vulnerability whatever the package: kept once an id, merged over the feeds.
 * Those that advisory_database_details() gives own their strings: free them with
 * advisory_details_free(). Those that a feed passes to the builder only point at them. */
typedef struct {
  const char *id;
  GStrv aliases;                    /* or NULL */
  const char *title;                /* or NULL */
  const char *description;          /* or NULL */
  const char *published, *modified; /* RFC 3339, or NULL */
  const char *cvss_vector;          /* "CVSS:3.1/AV:N/...", or NULL */
  double cvss_score;                /* 0.0 to 10.0 from the vector; negative when unknown */
  Severity severity;                /* UNKNOWN when no feed has one */
  const char *severity_source;      /* whose `severity` that is, or NULL: the feed's */
  Severity word;      /* of a feed: its own word, which `severity` is not where there is a score */
  GPtrArray *ratings; /* AdvisoryRating, of what the database gives: of every source; or NULL */
  GStrv references;   /* URLs, or NULL */
  double epss_score, epss_percentile; /* 0.0 to 1.0; negative when unknown */
  bool known_exploited;
  const char *known_exploited_due; /* date, or NULL */
  Cwes cwes;
} AdvisoryDetails;
void advisory_details_free(AdvisoryDetails *details);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdvisoryDetails, advisory_details_free)
