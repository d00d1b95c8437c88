/* One judgement of one image while it is made: what checks (check.h) know and tell. Used by one
 * thread. */
#pragma once

#include "verdict/exemption.h"
#include "verdict/judge.h"
#include "verdict/vex_set.h"

/* What a check does about something that is no finding. */
typedef enum { ACTION_ALLOW, ACTION_WARN, ACTION_BLOCK } Action;
extern const char *const action_words[]; /* of setting_choice: "allow", "warn", "block" */
extern const char *const block_words[];  /* "allow", "block": of a bool */

typedef struct {
  const PolicyInput *input;
  const char *policy;          /* its name */
  const GPtrArray *exemptions; /* const Exemption *: those that fit the repository */
  /* That are for the repository, each or NULL; the last: those that are signed, of the image. */
  const VexSet *statements[3];
  uint64_t warn_before; /* seconds before the end of one */
  Verdict *verdict;
  GPtrArray *sentences; /* char *: what the refusal says, one for each check that blocks */
  GPtrArray *trials;    /* char *: the same of checks that are tried only (judgement_try()) */
} Judgement;

/* Whether an exemption that is in force, or a VEX statement, takes @finding out of @rule, a
 * policy's key. The verdict lists it, and one that has ended, which takes nothing out. */
bool judgement_exempts(Judgement *judgement, const char *rule, const Finding *finding);

/* The image as a whole is refused by @rule, unless an exemption takes it out. @sentence (taken
 * over) is a reason, and part of the refusal. */
void judgement_block(Judgement *judgement, const char *rule, char *sentence);
/* The same of a check in a dry run: told, and nothing is refused for it. */
void judgement_try(Judgement *judgement, const char *rule, char *sentence);
/* judgement_block(), a warning, or nothing. */
void judgement_act(Judgement *judgement, Action action, const char *rule, char *sentence);
/* Refused for findings: @reasons (char *, taken over), told together as @sentence (taken over). */
void judgement_block_findings(Judgement *judgement, GPtrArray *reasons, char *sentence);
/* Takes over @sentence. */
void judgement_warn(Judgement *judgement, char *sentence);
/* The verdict may turn at @when, if that is still to come. */
void judgement_turns(Judgement *judgement, int64_t when);
