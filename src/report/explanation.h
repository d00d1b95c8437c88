/* What verdict/explain.h found, for people and programs; docs/reports.md describes it. */
#pragma once

#include <jansson.h>

#include "report/report.h"
#include "verdict/explain.h"

/* What somebody says of a finding: a VEX document, an ignore file, an exemption of a policy. */
typedef struct {
  const Finding *finding;
  const char *by;  /* the file */
  char *text;      /* the statement, or the reason */
  bool of_policy;  /* it is an exemption: the finding is shown, and the policy lets it pass */
  bool holds;      /* it takes the finding out of sight, or exempts it */
  char *overruled; /* why it does not; or NULL */
} ExplainedException;
void explained_exception_free(ExplainedException *exception);

typedef struct {
  const Report *report;        /* with an inventory and gaps */
  const char *asked, *package; /* as the user wrote them; package: or NULL */
  const Explanation *explanation;
  const GPtrArray *exceptions; /* ExplainedException */
  const GPtrArray *feeds;      /* AdvisoryFeedStatus */
  int64_t now;                 /* microseconds since 1970 */
} ExplanationReport;

/* Why an image has what a rule finds, that is no vulnerability. */
typedef struct {
  const Report *report; /* `findings`: those of the rule; `verdict`: on them alone, or NULL */
  const char *rule;
  const GPtrArray *exceptions;
} RuleExplanation;
/* (transfer full) */
char *rule_explanation_to_text(const RuleExplanation *explained, unsigned width);
json_t *rule_explanation_to_json(const RuleExplanation *explained);

/* (transfer full) */
char *explanation_to_text(const ExplanationReport *report, unsigned width);
json_t *explanation_to_json(const ExplanationReport *report);
