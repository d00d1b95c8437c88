/* Why an image has a vulnerability, or why not: for each of its packages that an advisory concerns,
 * the statements, how each compares with what is installed, and what came of it. What match_image()
 * found is what counts; this says how. */
#pragma once

#include "verdict/match.h"

/* How a statement goes with a package. */
typedef enum {
  RULE_AFFECTED,           /* the version is in its range */
  RULE_OUTSIDE,            /* it is not */
  RULE_UNDECIDED,          /* the version does not tell */
  RULE_OTHER_MODULE,       /* the statement is about another module of RPM */
  RULE_OTHER_BUILD,        /* about builds for Ksplice or FIPS 140, or about all but those */
  RULE_OTHER_ARCHITECTURE, /* about other architectures */
  RULE_THIRD_PARTY,        /* about the distribution's own packages, and this one is none */
  RULE_NOT_LINKED,         /* the version is in its range, but no function that it is in is linked
                              into a program of the image */
} RuleOutcome;
extern const char *const rule_outcome_names[]; /* "affected", "outside", "undecided", ... */

/* A copy of what an advisory says. */
typedef struct {
  char *id, *vendor_id;   /* as the statement names the vulnerability; vendor_id: or NULL */
  char *ecosystem, *name; /* in which it was looked up, and what the statement is about */
  char *feed, *note;      /* who says it; the source's reason, or NULL */
  char *range;            /* ">= 1.0, < 1.2" */
  char *fixed_version;    /* or NULL */
  char *version;          /* of the package, as it was compared */
  const char *scheme;     /* how versions are ordered: "debian" */
  AdvisoryState state;
  Severity severity;
  bool derived; /* worked out from a package suite: anybody else's word counts more */
  bool asked;   /* false: the distribution looks after the package by its owner, so that its
                   ecosystem is not asked */
  RuleOutcome outcome;
} ExplainedStatement;

typedef enum {
  EXPLAINED_AFFECTED,     /* there is a finding */
  EXPLAINED_NOT_KNOWN,    /* no advisories, a version that does not tell, another's package */
  EXPLAINED_NOT_AFFECTED, /* the source says so, or the version is outside of all ranges */
  EXPLAINED_BY_OWNER,     /* what the distribution says of the owner counts, and not this */
  EXPLAINED_NO_STATEMENT, /* no advisory names this package for it */
} ExplainedAnswer;
extern const char *const explained_answer_names[]; /* "affected", "not-known", ... */

typedef struct {
  const ImagePackage *package;
  const Finding *finding; /* of the match; or NULL */
  char *ecosystem; /* by whose advisories it is matched; NULL: no distribution that is known */
  GPtrArray *statements; /* ExplainedStatement */
  ExplainedAnswer answer;
  char *reason; /* a sentence without a full stop */
} ExplainedPackage;

typedef struct {
  char *id;                 /* the CVE number where one is known, else as it was asked */
  AdvisoryDetails *details; /* NULL: no feed that is in the database knows it */
  GPtrArray *packages;      /* ExplainedPackage: those with a statement, and those asked for */
  ExplainedAnswer answer;   /* the worst of them */
  bool known_package;       /* one of the name that was asked for is there; or none was */
} Explanation;
void explanation_free(Explanation *explanation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Explanation, explanation_free)

/* @id: a CVE number, another name of the vulnerability, or a vendor's advisory. @name: of packages
 * or their sources, or NULL: all. @matched: of @inventory, and lives as long as the result, as the
 * inventory does. (transfer full) */
Explanation *explain_image(AdvisoryDatabase *database, const ImageInventory *inventory,
                           const MatchResult *matched, const char *id, const char *name,
                           GError **error);
