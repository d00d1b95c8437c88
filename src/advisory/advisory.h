/* An advisory as the feeds give it and as the database keeps it, and the words that distributions
 * use of a vulnerability's state. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "version/version.h"

typedef enum {
  SEVERITY_UNKNOWN,
  SEVERITY_NEGLIGIBLE,
  SEVERITY_LOW,
  SEVERITY_MEDIUM,
  SEVERITY_HIGH,
  SEVERITY_CRITICAL
} Severity;
const char *
severity_name(Severity severity); /* "unknown", "negligible", "low", ... */
bool
severity_parse(const char *name,
               Severity *severity); /* any case; "important", "moderate" etc. too */

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
const char *
advisory_state_name(AdvisoryState state); /* "fixed", "affected", "will-not-fix", ... */

/* One statement: this vulnerability, in this package of this ecosystem. */
typedef struct {
  char *id;        /* the CVE number when there is one, else the source's own id */
  char *ecosystem; /* "debian:11", "alpine:3.18", "almalinux:9", "wolfi", "npm": see
                      docs/advisories.md */
  char *package; /* the source package for debian; the origin for apk; the binary package for rpm */
  char *module;  /* rpm module "name:stream", or NULL */
  char *feed;    /* ConfigFeed.name that it came from */
  VersionScheme scheme;
  AdvisoryState state;
  char *introduced;    /* first affected version; NULL: all before the fix */
  char *fixed_version; /* first version that is not affected; NULL: none known */
  char *last_affected; /* OSV last_affected (inclusive), or NULL */
  Severity severity;   /* the source's own word; UNKNOWN when it has none */
  char *vendor_id;     /* "DSA-5678-1", "ALSA-2025:10073", or NULL */
  char *note;          /* the distribution's reason in its words, or NULL */
  bool derived; /* worked out from a package suite (debian-repo), not stated by an advisory: another
                   feed's statement on the same id and package overrides it */
} AdvisoryRange;
void
advisory_range_free(AdvisoryRange *range);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdvisoryRange, advisory_range_free)

/* What is true of the vulnerability whatever the package: kept once an id, merged over the feeds.
 */
typedef struct {
  char *id;
  GStrv aliases;                      /* or NULL */
  char *title;                        /* or NULL */
  char *description;                  /* or NULL */
  char *published, *modified;         /* RFC 3339, or NULL */
  char *cvss_vector;                  /* "CVSS:3.1/AV:N/...", or NULL */
  double cvss_score;                  /* 0.0 to 10.0 from the vector; negative when unknown */
  Severity severity;                  /* UNKNOWN when no feed has one */
  char *severity_source;              /* the feed that `severity` is from, or NULL */
  GStrv references;                   /* URLs, or NULL */
  double epss_score, epss_percentile; /* 0.0 to 1.0; negative when unknown */
  bool known_exploited;
  char *known_exploited_due; /* date, or NULL */
} AdvisoryDetails;
void
advisory_details_free(AdvisoryDetails *details);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdvisoryDetails, advisory_details_free)
