/* A set of policies, as a file says it in YAML; judge.h judges by it. One language and one function
 * for every gate: pull, `assay scan --policy`, later admission. `docs/policy.md` describes the
 * language. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "inventory/severity.h"
#include "verdict/vex.h"

typedef struct PolicySet PolicySet;

/* The built-in set (@path NULL: everything allowed and shown), or the file. "strict" as @path's
 * whole text names the built-in strict set: blocks critical with a fix, and what was never scanned.
 * ASSAY_ERROR_INVALID: the message has a line with file, line, column and key for each mistake.
 * With the VEX documents that it names (`vex`), below the file's folder: all of them can be read,
 * or it is an error. Immutable after; reference-counted. (transfer full) */
PolicySet *policy_set_load(const char *path, GError **error);
/* @set with the documents that it names as they are now, whatever its file says meanwhile. The same
 * errors. (transfer full) */
PolicySet *policy_set_renew(const PolicySet *set, GError **error);
/* How the files of the documents look now: another text as soon as one comes, goes or is written
 * to. (transfer full) */
char *policy_set_look(const PolicySet *set);
/* The same when they were read; NULL: no file was. Lives as long as the set. */
const char *policy_set_looked(const PolicySet *set);
/* The text of the file, or that of "strict". (transfer full) */
GBytes *policy_text_load(const char *path, GError **error);
/* The same of @text, as a file named @name, for messages. No file is read: of the documents that it
 * names it has those that @from (or NULL) names by the same paths. (transfer full) */
PolicySet *policy_set_parse(Slice text, const char *name, const PolicySet *from, GError **error);
PolicySet *policy_set_ref(PolicySet *set);
void policy_set_unref(PolicySet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PolicySet, policy_set_unref)

/* Whether the same policy judges images of both. */
bool policy_set_judges_alike(const PolicySet *set, const char *repository, const char *other);
/* Whether any policy of the set speaks of @repository; without one everything is allowed. */
bool policy_set_applies(const PolicySet *set, const char *repository);

/* Whether images of @repository must be signed. */
bool policy_set_demands_signatures(const PolicySet *set, const char *repository);
/* Whether what is signed is looked at: they must be, or signed statements count; and whether what
 * is signed of an index counts for the images in it. Who judges them looks at that before. */
bool policy_set_wants_signatures(const PolicySet *set, const char *repository);
bool policy_set_wants_those_of_indexes(const PolicySet *set, const char *repository);

/* Who the file says may sign: const Attestor *, which live as long as the set. */
const GPtrArray *policy_set_attestors(const PolicySet *set);
/* Names of attestors that its policies speak of and the file does not: they are a server's, or
 * nobody's. (transfer container): const char *, which live as long as the set */
GPtrArray *policy_set_unknown_attestors(const PolicySet *set);

/* What an unknown severity counts as for images of @repository where a fix is published. */
Severity policy_set_unknown_as(const PolicySet *set, const char *repository);

/* For people and monitoring: what the set was read from. Lives as long as the set. */
typedef struct {
  const char *file; /* the path, "strict", or "built-in" */
  unsigned policies;
  const char *sha256;   /* of the text, in hexadecimal */
  const char *identity; /* of the text and of the VEX documents that it names */
  unsigned documents;   /* these */
} PolicyOrigin;
PolicyOrigin policy_set_origin(const PolicySet *set);

/* What in the set has no effect, whatever the registry holds: checks that this program does not
 * make yet, policies that others leave nothing to. One sentence each. (transfer full) */
GPtrArray *policy_set_warnings(const PolicySet *set);
/* A sentence for each namespace that fits none of @repositories (NULL-terminated): it may be
 * mistyped. Without any repository, and where looking would take long, there is none.
 * (transfer full) */
GPtrArray *policy_set_idle_namespaces(const PolicySet *set, const char *const *repositories);

/* The exemptions for images of @repository: those of its policy, then those of the whole file;
 * const Exemption * (exemption.h), which live as long as the set. (transfer full) */
GPtrArray *policy_set_exemptions(const PolicySet *set, const char *repository);

/* Whether any VEX document is for images of @repository. */
bool policy_set_has_statements(const PolicySet *set, const char *repository);
/* Why images of @repository are let out with @finding, by an exemption in force or a statement;
 * @image: or NULL, without statements. *@until: when that ends, as text, or NULL. (transfer full);
 * NULL: they are not. */
char *policy_set_takes_out(const PolicySet *set, const char *repository, const VexImage *image,
                           const Finding *finding, int64_t now, char **until);

/* All of the set by when they end. */
typedef struct {
  unsigned in_force; /* those that end soon among them */
  unsigned ends_soon, ended;
  int64_t next_end; /* of those in force, microseconds since 1970; 0: none ends */
} ExemptionCounts;
ExemptionCounts policy_set_count_exemptions(const PolicySet *set, int64_t now);
/* A sentence for each exemption that began to end soon, or ended, after @since (0: ever) and until
 * @now. (transfer full) */
GPtrArray *policy_set_endings(const PolicySet *set, int64_t since, int64_t now);
