/* Rules made ready to look by: their database of Vectorscan, and PCRE2's codes, which are made when
 * one is first needed. One thread; a worker has its own by being forked. */
#pragma once

#include "base/found.h"
#include "inspect/patterns/patterns.h"
#include "inspect/secrets/rule.h"

typedef struct SecretEngine SecretEngine;

/* What a place looks like, from where a rule's trigger matched. */
typedef struct {
  const SecretRule *rule;
  size_t start;  /* of the match */
  size_t end;    /* of the match */
  size_t secret; /* where the secret begins */
  size_t size;   /* of it */
} SecretMatch;

/* Of our own rules, from the database that was made at build (build_database.c), once a process.
 * NULL: this processor cannot run it. */
SecretEngine *secret_engine_default(void);

/* Calls @hit for each place in @text where a trigger of a rule ends, in the order of the text, with
 * the rule's number. False: it stopped, as @hit wished by false. */
bool secret_engine_scan(SecretEngine *engine, Slice text, PatternHit hit, void *data);

unsigned secret_engine_count(const SecretEngine *engine);
const SecretRule *secret_engine_rule(const SecretEngine *engine, unsigned number);

/* The first match of a rule's pattern in @text from @from on that begins before @until. FAILED: to
 * know it would take more than a look may cost. */
Found secret_engine_match(SecretEngine *engine, unsigned rule, Slice text, size_t from,
                          size_t until, SecretMatch *match);
