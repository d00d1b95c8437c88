/* What may be done, as rights speak of it: a route names its verb in its row (server/http/route.h),
 * a role is a set of them, and docs/openapi.yaml lists the same words. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef enum {
  VERB_UNNAMED, /* a row that says nothing: the server does not start */
  VERB_NONE,    /* anybody may: it tells nothing of what is stored */
  VERB_PULL,    /* reads manifests, blobs and tags of a repository */
  VERB_PUSH,
  VERB_DELETE,
  VERB_LIST,          /* which repositories and images there are */
  VERB_READ_FINDINGS, /* what is in an image, and what is wrong with it */
  VERB_READ_METRICS,
  VERB_OPERATE, /* what the server does in the background */
  VERB_SCAN,    /* has an image scanned again */
  VERB_WAIVE,   /* says that a finding does not count */
  VERB_FIX,
  VERB_SIGN,
  VERB_VERIFY,
  VERB_MANAGE_POLICY,
  VERB_MANAGE_ACCESS, /* people, teams, robots, roles and bindings */
  VERB_MANAGE_ENDPOINTS,
  VERB_MANAGE_NAMESPACES, /* quota, immutability, retention, quarantine, moves */
  VERB_READ_AUDIT,
  VERB_COUNT
} Verb;

/* Verbs as a set, a bit each. */
typedef uint32_t VerbSet;
#define VERB_BIT(verb) ((VerbSet)1 << (verb))
#define VERBS_ALL      ((VerbSet)((VERB_BIT(VERB_COUNT) - 1) & ~(VerbSet)3))

/* "read-findings"; NULL for VERB_UNNAMED. */
const char *verb_name(Verb verb);
/* False: @name is no verb that a role can have. */
bool verb_find(const char *name, Verb *verb);
/* The set of the verbs named in @words, by spaces or commas; other words are passed over. */
VerbSet verbs_parse(const char *words);
/* "pull,push" (transfer full) */
char *verbs_text(VerbSet verbs);
