/* What a credential looks like: a table of rows, split by subject, each made from what the issuer
 * documents of its format.
 *
 * A row's pattern is read by two engines. Vectorscan looks for all of them in one pass and says
 * where one ends; PCRE2 is asked at such a place alone (match.h). So a pattern has what both
 * understand: no look-around, no back-reference, no lazy or possessive quantifier that changes what
 * is matched. What is found has no word character before it nor after the secret. Where Vectorscan
 * would be slow or find too much, `trigger` is what it looks for, and must match within what the
 * pattern matches; the pattern is PCRE2's alone then.
 *
 * The secret is group 1, or the whole match where there is none. Group 2, if there is one, is what
 * belongs to it (the user of a password) and is not kept.
 *
 * A new kind is a row here; a new subject a file and a line in rules.c. */
#pragma once

#include "base/slice.h"
#include "inventory/severity.h"

typedef enum {
  SECRET_UNLIKELY, /* not what it seems */
  SECRET_LIKELY,
  SECRET_CERTAIN, /* its own bytes prove it: a checksum, a structure with keys in it */
} SecretTrust;

typedef enum {
  SECRET_RULE_GENERIC = 1, /* no format of an issuer: a name that says what is assigned to it */
  SECRET_RULE_LONG = 2,    /* may have kilobytes: a key in PEM */
  SECRET_RULE_PHRASE = 4,  /* a person may have chosen it: no entropy can be asked */
} SecretRuleFlags;

typedef struct {
  const char *id;    /* kebab-case, unique, stays */
  const char *title; /* what it is, for people */
  Severity severity;
  const char *pattern;
  /* What every such value begins with, as the issuer documents it: no secret. Or NULL. */
  const char *prefix;
  /* Least entropy of the secret in bits a character; 0: 3 for formats of 24 characters or more. */
  double entropy;
  unsigned flags;
  const char *trigger;                /* NULL: the pattern */
  SecretTrust (*check)(Slice secret); /* NULL: likely */
} SecretRule;

typedef struct {
  const SecretRule *rules;
  size_t count;
} SecretRuleSet;

/* All of them, in order of preference: of two that find the same, the first counts. NULL-ended. */
extern const SecretRuleSet *const secret_rule_sets[];

/* What Vectorscan looks for. */
const char *secret_rule_trigger(const SecretRule *rule);

/* --- the sets, each in the file of its name --- */
extern const SecretRuleSet secret_rules_structured; /* rules_structured.c: keys, JWT, files */
extern const SecretRuleSet secret_rules_clouds;
extern const SecretRuleSet secret_rules_clouds_azure;
extern const SecretRuleSet secret_rules_clouds_china;
extern const SecretRuleSet secret_rules_code;
extern const SecretRuleSet secret_rules_payment;
extern const SecretRuleSet secret_rules_messaging;
extern const SecretRuleSet secret_rules_operations;
extern const SecretRuleSet secret_rules_models;
extern const SecretRuleSet secret_rules_services;
extern const SecretRuleSet secret_rules_assigned; /* by the issuer's name before the value */
extern const SecretRuleSet secret_rules_commands; /* options, parameters, elements */
extern const SecretRuleSet secret_rules_generic;

/* For rows: @value is assigned to a name that has @name in it, as programs, YAML, JSON, INI and
 * shells write it. */
#define SECRET_ASSIGNED(name, value)                                                               \
  "(?i:" name                                                                                      \
  ")[0-9A-Za-z_.-]{0,24}[\"'\\]]{0,2}[ \\t]{0,4}(?:=>|:=|=|:)[ \\t]{0,4}[\"'`]{0,1}(" value ")"
/* Of the same rows: a UUID. */
#define SECRET_UUID "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
