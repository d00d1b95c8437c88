/* What a team brings, made ready to look by (brought_rules.c), for brought.c. */
#pragma once

#include "base/json.h"
#include "inspect/secrets/go_pattern.h"
#include "inspect/secrets/keywords.h"
#include "inspect/secrets/rule.h"

/* The members of an allowlist, each a list of patterns. */
typedef struct {
  GPtrArray *paths, *regexes; /* pcre2_code */
  GPtrArray *stopwords;       /* char *, in lower case */
  enum { TARGET_SECRET, TARGET_MATCH, TARGET_LINE } target;
  bool all; /* each member must say so, and not one */
} Allowlist;

#define ANYWHERE (-1)

/* Another rule must match beside it. */
typedef struct {
  guint rule;         /* its place among the rules */
  json_int_t lines;   /* at most so far away, or ANYWHERE */
  json_int_t columns; /* the same */
} Required;

typedef struct {
  SecretRule row;
  pcre2_code *regex; /* NULL: it is for the file of a path alone, or adds to a rule of ours */
  pcre2_code *path;  /* or NULL: for all */
  uint32_t group;
  GArray *keywords; /* unsigned: numbers in `keywords`; empty: it is always looked for */
  GPtrArray *allow; /* Allowlist */
  GArray *required; /* Required */
  bool helps;       /* what it finds counts for other rules alone */
  bool extends;     /* adds to the rule of ours with its id */
} Rule;

typedef struct {
  bool ours;                /* rules of ours count, too */
  bool comments;            /* "gitleaks:allow" in a line allows what is in it */
  GHashTable *without;      /* ids of ours that are disabled, or replaced */
  GHashTable *extend;       /* Rule, of `rules`, by the id of ours */
  GPtrArray *rules, *allow; /* Rule, Allowlist */
  GPtrArray *words;         /* char *, of `keywords` */
  Keywords *keywords;
  bool *seen; /* by word */
  pcre2_match_context *limits;
  pcre2_match_data *data;
} Brought;

/* Of what gitleaks_read() gives, which must live as long. The errors of brought_rules_set(). */
Brought *brought_new(const json_t *json, GError **error);
void brought_free(Brought *all);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Brought, brought_free)
