/* Whether who asks may do what to what, and by which rule. Pure: no SQL, no HTTP; the rules are a
 * snapshot that is never changed, so all threads decide by it without a lock.
 *
 * A binding gives a subject a role (a set of verbs) on the repositories that fit a pattern, or
 * takes it away. Deny beats allow, whatever is narrower. What no binding allows is refused.
 *
 * A pattern is a name, or has "*", which stands for any characters, slashes included: "*" is all,
 * "prod/" and a star all below prod, "team/app" one repository. What is of no repository (people,
 * endpoints, the audit) is allowed by a binding on "*" alone. A binding with a tag pattern counts
 * for requests that name a tag that fits. One that allows counts also for what such a tag brings
 * along, the blobs and the manifests by digest, for the verbs pull and push. One that denies counts
 * also for a deletion that names no tag, for that takes the tags with it. */
#pragma once

#include "access/principal.h"

typedef enum {
  SUBJECT_PRINCIPAL, /* a person or a robot */
  SUBJECT_TEAM,
  SUBJECT_EVERYONE,  /* who is logged in */
  SUBJECT_ANONYMOUS, /* also who is not: what is public */
} SubjectKind;

typedef struct {
  int64_t id;
  SubjectKind kind;
  int64_t subject; /* the id of the principal or team */
  char *who;       /* its name, for explanations; NULL for the others */
  char *role;
  VerbSet verbs;
  bool deny;
  char *pattern;
  char *tags;    /* pattern of tags; NULL: all, and what names none */
  int64_t until; /* microseconds since 1970; 0: no end */
} Binding;
void binding_clear(Binding *binding);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Binding, binding_clear)

typedef struct AccessRules AccessRules;

/* @bindings (transfer full): Binding, cleared with the rules. (transfer full) */
AccessRules *access_rules_new(GArray *bindings);
AccessRules *access_rules_ref(AccessRules *rules);
void access_rules_unref(AccessRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AccessRules, access_rules_unref)

typedef struct {
  const char *repository; /* NULL: of none */
  const char *tag;        /* NULL: none is named */
} Resource;

typedef enum {
  BY_BINDING,   /* Decision.binding */
  BY_KIND,      /* the operator, or open access */
  BY_NOBODY,    /* no binding allows it */
  BY_LIMITS,    /* the token is cut down to less */
  BY_EXPIRY,    /* what was shown has ended */
  BY_NO_RIGHTS, /* the verb asks for none */
} DecisionBy;

typedef struct {
  bool allowed;
  DecisionBy by;
  const Binding *binding; /* as long as the rules are */
} Decision;

/* @now: microseconds since 1970. Takes time by the number of teams and by the bindings that the
 * subjects have in the namespace, not by how many there are. */
Decision access_decide(const AccessRules *rules, const Principal *who, Verb verb, Resource on,
                       int64_t now);
/* Whether somebody is administrator of all. */
bool access_rules_have_administrator(const AccessRules *rules);
/* Whether there may be a repository on which @who may @verb: what lists ask before they look. */
bool access_may_anywhere(const AccessRules *rules, const Principal *who, Verb verb, int64_t now);
/* Whether @who may @verb on all repositories (@space NULL), or on all below the namespace @space,
 * so that a list of them need not be looked through. False also where one of them is denied,
 * whether it is there or not. */
bool access_may_all(const AccessRules *rules, const Principal *who, Verb verb, const char *space,
                    int64_t now);
/* "grant 7: team dev is developer on team/app" (transfer full) */
char *decision_text(const Decision *decision, const Principal *who);

/* Binding: all of them, by their ids. (transfer none) */
const GArray *access_rules_bindings(const AccessRules *rules);
/* Whether @who is one of those to whom it gives or denies something. */
bool binding_speaks_of(const Binding *binding, const Principal *who);
/* Whether it says something about @verb on @on, at that time. */
bool binding_counts(const Binding *binding, Verb verb, Resource on, int64_t now);
