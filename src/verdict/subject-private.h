/* A package as statements speak of it: the names under which it is looked up, the version that
 * counts under each, and which of the statements found concern it at all. */
#pragma once

#include "advisory/database/database.h"
#include "inventory/layer.h"
#include "verdict/explain.h"

/* @outcome: RULE_AFFECTED, _OUTSIDE or _NOT_LINKED. @linked: char *, the functions of a program
 * that the statement is about; or NULL: it names none, or it is not known. False ends the visit. */
typedef bool (*SubjectVisitor)(const AdvisoryRange *range, RuleOutcome outcome,
                               const GPtrArray *linked, void *data);

/* What the statements on a package leave open. */
typedef struct {
  bool withheld;  /* there are others that do not concern it, for somebody else made it */
  bool undecided; /* its version does not tell whether one of them applies: "(devel)" */
} SubjectRest;

/* Calls @visit for each statement of @ecosystem that concerns @package, and sets what @rest is to
 * have set. One that is undecided is not visited. */
bool subject_look_up(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                     SubjectVisitor visit, void *data, SubjectRest *rest, GError **error);

/* Calls @visit for each statement of @ecosystem on the names of @package, also for those that do
 * not concern it, with the @version that it was compared by and what came of it. */
typedef void (*RuleVisitor)(const AdvisoryRange *range, const char *version, RuleOutcome outcome,
                            void *data);
bool subject_explain(AdvisoryDatabase *database, const char *ecosystem, const Package *package,
                     RuleVisitor visit, void *data, GError **error);
