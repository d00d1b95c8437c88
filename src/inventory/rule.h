/* The rules by which inspection observes (observation.h): what a person is told of each. A set of
 * rules is a `const RuleSet` in a file of rules/, and a line of the list in rule.c. What a person
 * brings (secret rules, YARA) has no row: its observations carry title and severity. Pure. */
#pragma once

#include <stddef.h>

#include "inventory/observation.h"

typedef struct {
  const char *id; /* kebab-case; never changes, for policies name it */
  ObservationKind kind;
  Severity severity;
  const char *title, *title_zh;   /* a phrase: "sshd lets root log in by password" */
  const char *remedy, *remedy_zh; /* a sentence without a full stop: "set PermitRootLogin no" */
  const char *references;         /* "CIS-Docker-4.1, DS-0002"; or NULL */
} Rule;

typedef struct {
  const Rule *rules;
  size_t count;
} RuleSet;

/* NULL-ended. */
extern const RuleSet *const rule_sets[];
/* NULL: there is none. */
const Rule *rule_find(ObservationKind kind, const char *id);
/* The same, whatever its kind: no two have the same id. */
const Rule *rule_find_any(const char *id);
/* What there is to do about an observation whose rule has no row. */
const char *rule_remedy_of_kind(ObservationKind kind);
