/* A finding: one vulnerability in one package of one image, or one thing that was observed in it
 * (a secret, a malicious file, a weak setting), with all that a person needs to decide (requirement
 * R10). */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "advisory/advisory.h"
#include "base/json_table.h"
#include "inventory/finding_kind.h"
#include "inventory/layer.h"

typedef struct {
  FindingKind kind;
  char *id; /* CVE number, or the source's own id; of what was observed, the rule's */
  GStrv aliases;
  char *vendor_id;
  char *title, *description;
  Severity severity;
  char *severity_source;
  GPtrArray *ratings; /* AdvisoryRating: what each source says; or NULL */
  char *cvss_vector;
  double cvss_score;                  /* negative: unknown */
  double epss_score, epss_percentile; /* negative: unknown */
  bool known_exploited;
  char *known_exploited_due;
  AdvisoryState state;
  char *reason; /* the distribution's reason for the state, in its words, or NULL */
  char *package_type, *package, *architecture, *source_package;
  char *installed_version;
  char *affected;      /* "< 1.1.1w-0+deb11u2", ">= 1.0, < 1.2": the range in words */
  char *fixed_version; /* NULL: no fixed version published yet */
  char *layer;         /* digest of the layer that brought the package, or NULL */
  char *command;       /* that made the layer, masked; NULL: not known */
  char *location;      /* the file it is in */
  uint32_t line;       /* in that file; 0: not known, or of a package */
  char *evidence;      /* of what was observed: masked; or NULL */
  char *same; /* of a secret: equal for equal values, and tells nothing of them; of a malicious file
                 the SHA-256; or NULL */
  bool removed;     /* an upper layer removes the file, which is in the image all the same */
  GStrv places;     /* the other files that show the package, the first of them; or NULL */
  char *owner;      /* of an application: the distribution's package that owns the file, or NULL */
  bool declared;    /* a lock file or a manifest names the package, which need not be installed */
  bool development; /* the application is built or tested with the package, says its lock file */
  GStrv symbols;    /* Go: the functions of the program that it is in, the first of them; or NULL */
  char *remedy;     /* "upgrade openssl to 1.1.1w-0+deb11u2 or later"; never NULL */
  GStrv cwe_ids;    /* "CWE-79": what kinds of weakness it comes of; or NULL */
  GStrv references;
  char *feed; /* who says so */
  char *published, *modified;
  char *origin; /* "base" or "own": whether a layer of the image's base brought it; NULL: not known
                 */
  /* Why an exemption of the policy that was asked takes it out, and until when (RFC 3339; NULL: for
   * good); NULL: none does. */
  char *exempt_reason, *exempt_until;
} Finding;

/* Whether it is of a package, and not of what was observed. */
bool finding_is_of_package(const Finding *finding);
/* Whether it is of one of @kinds, as namespaces choose among them: one of a package, a malicious
 * one too, is of the vulnerabilities. */
bool finding_is_of(const Finding *finding, FindingKinds kinds);
/* Those of no such kind. (transfer container) */
GPtrArray *findings_without(const GPtrArray *findings, FindingKinds kinds);
/* The key of a policy that judges it: "vulnerabilities". */
const char *finding_rule(const Finding *finding);

/* Without anything yet. (transfer full) */
Finding *finding_new(void);
void finding_free(Finding *finding);
extern const JsonTable finding_table, finding_rating_table;
json_t *finding_to_json(const Finding *finding);
/* What finding_to_json() wrote; members that are missing stay unset, or empty where they are never
 * NULL (id, package and its type and version, remedy). (transfer full) */
Finding *finding_from_json(const json_t *json, GError **error);

/* What a finding of unknown severity with a fix counts as, unless a policy says otherwise: a
 * distribution publishes only updates that it considers worth installing. */
#define SEVERITY_OF_UNKNOWN_FIX          SEVERITY_HIGH
#define SEVERITY_OF_UNKNOWN_FIX_IN_WORDS "high"
/* The finding's severity, or @unknown_as for a fix of unknown severity. */
Severity finding_counted_as(const Finding *finding, Severity unknown_as);

/* Worst first: severity, then known-exploited, fixable, EPSS, id, package. For g_ptr_array_sort().
 */
int finding_compare(gconstpointer a, gconstpointer b);
