/* The decision; see the header.
 *
 * Bindings are found by their subject and the namespace that their pattern begins with ("prod" of
 * "prod/" and a star); those whose pattern has a star before its first slash, or no slash, are
 * under the empty name. A decision looks at two places for each subject that the asker is. What is
 * asked of all repositories at once looks at all of a subject's, which are under the name "*". */
#include "access/rights/rights.h"

#include <string.h>

#include "base/slice.h"
#include "text/glob.h"

struct AccessRules {
  gatomicrefcount references;
  GArray *bindings;  /* Binding */
  GHashTable *index; /* Key -> GPtrArray of const Binding * */
  bool has_administrator;
};

typedef struct {
  SubjectKind kind;
  int64_t subject;
  Slice space;
} Key;

static guint
key_hash(gconstpointer data)
{
  const Key *key = data;
  guint hash = (guint)key->kind * 31u + (guint)((uint64_t)key->subject * 2654435761u);
  for (size_t i = 0; i < key->space.size; i++)
    hash = hash * 33u + key->space.data[i];
  return hash;
}

static gboolean
key_equal(gconstpointer left, gconstpointer right)
{
  const Key *a = left, *b = right;
  return a->kind == b->kind && a->subject == b->subject && slice_equal(a->space, b->space);
}

void
binding_clear(Binding *binding)
{
  g_free(binding->who);
  g_free(binding->role);
  g_free(binding->pattern);
  g_free(binding->tags);
}

static void
binding_clear_item(void *data)
{
  binding_clear(data);
}

static Slice
namespace_of(const char *name)
{
  size_t size = strcspn(name, "/*");
  return name[size] == '/' ? slice_new(name, size) : slice_new("", 0);
}

/* No namespace's name. */
static Slice
every_space(void)
{
  return SLICE_LITERAL("*");
}

static void
index_add(AccessRules *rules, const Binding *binding, Slice space)
{
  Key key = {binding->kind, binding->subject, space};
  GPtrArray *list = g_hash_table_lookup(rules->index, &key);
  if (list == NULL) {
    list = g_ptr_array_new();
    g_hash_table_insert(rules->index, g_memdup2(&key, sizeof key), list);
  }
  g_ptr_array_add(list, (gpointer)(uintptr_t)binding);
}

static bool
makes_administrator(const Binding *binding)
{
  return !binding->deny && (binding->verbs & VERB_BIT(VERB_MANAGE_ACCESS)) != 0 &&
         (binding->kind == SUBJECT_PRINCIPAL || binding->kind == SUBJECT_TEAM) &&
         strcmp(binding->pattern, "*") == 0 && binding->tags == NULL && binding->until == 0;
}

AccessRules *
access_rules_new(GArray *bindings)
{
  AccessRules *rules = g_new0(AccessRules, 1);
  g_atomic_ref_count_init(&rules->references);
  rules->bindings = bindings;
  g_array_set_clear_func(bindings, binding_clear_item);
  rules->index =
      g_hash_table_new_full(key_hash, key_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  for (guint i = 0; i < bindings->len; i++) {
    const Binding *binding = &g_array_index(bindings, Binding, i);
    index_add(rules, binding, namespace_of(binding->pattern));
    index_add(rules, binding, every_space());
    rules->has_administrator = rules->has_administrator || makes_administrator(binding);
  }
  return rules;
}

AccessRules *
access_rules_ref(AccessRules *rules)
{
  g_atomic_ref_count_inc(&rules->references);
  return rules;
}

void
access_rules_unref(AccessRules *rules)
{
  if (rules == NULL || !g_atomic_ref_count_dec(&rules->references))
    return;
  g_hash_table_unref(rules->index);
  g_array_unref(rules->bindings);
  g_free(rules);
}

bool
access_rules_have_administrator(const AccessRules *rules)
{
  return rules->has_administrator;
}

/* --- the decision --- */

typedef struct {
  const AccessRules *rules;
  Verb verb;
  Resource on;
  int64_t now;
  bool anywhere;     /* whatever the repository is */
  bool all;          /* of all repositories, or of all in `space` */
  const char *space; /* NULL: in any */
  const Binding *allow, *deny;
} Question;

/* See the header on tags. */
static bool
tag_fits(const Question *question, const Binding *binding)
{
  if (binding->tags == NULL || question->anywhere)
    return true;
  if (question->on.tag != NULL)
    return glob_matches_across(binding->tags, question->on.tag);
  return binding->deny ? question->verb == VERB_DELETE
                       : question->verb == VERB_PULL || question->verb == VERB_PUSH;
}

static bool
binding_fits(const Question *question, const Binding *binding)
{
  if ((binding->verbs & VERB_BIT(question->verb)) == 0 ||
      (binding->until != 0 && binding->until <= question->now))
    return false;
  if (question->anywhere)
    return !binding->deny;
  if (question->on.repository == NULL)
    return strcmp(binding->pattern, "*") == 0 && binding->tags == NULL;
  return glob_matches_across(binding->pattern, question->on.repository) &&
         tag_fits(question, binding);
}

/* Of a pattern that denies: whether it may fit something below @space, which may have parts. */
static bool
reaches(const char *pattern, const char *space)
{
  Slice own = namespace_of(pattern);
  return space == NULL || own.size == 0 || slice_equal(own, slice_new(space, strcspn(space, "/")));
}

static bool
covers(const char *pattern, const char *space)
{
  size_t size = space != NULL ? strlen(space) : 0;
  return strcmp(pattern, "*") == 0 ||
         (size > 0 && strncmp(pattern, space, size) == 0 && strcmp(pattern + size, "/*") == 0);
}

/* Of one that allows: all of what is asked for; of one that denies: some of it. */
static bool
binding_fits_all(const Question *question, const Binding *binding)
{
  if ((binding->verbs & VERB_BIT(question->verb)) == 0 ||
      (binding->until != 0 && binding->until <= question->now))
    return false;
  return binding->deny ? reaches(binding->pattern, question->space)
                       : binding->tags == NULL && covers(binding->pattern, question->space);
}

static void
look_in(Question *question, SubjectKind kind, int64_t subject, Slice space)
{
  Key key = {kind, subject, space};
  const GPtrArray *list = g_hash_table_lookup(question->rules->index, &key);
  for (guint i = 0; list != NULL && i < list->len; i++) {
    const Binding *binding = list->pdata[i];
    if (!(question->all ? binding_fits_all : binding_fits)(question, binding))
      continue;
    if (binding->deny)
      question->deny = binding;
    else if (question->allow == NULL)
      question->allow = binding;
  }
}

static void
look_for(Question *question, SubjectKind kind, int64_t subject)
{
  Slice none = slice_new("", 0);
  Slice space = question->on.repository != NULL ? namespace_of(question->on.repository) : none;
  if (question->all || question->anywhere) {
    look_in(question, kind, subject, every_space());
    return;
  }
  if (space.size > 0)
    look_in(question, kind, subject, space);
  look_in(question, kind, subject, none);
}

static bool
is_logged_in(const Principal *who)
{
  return who->kind == PRINCIPAL_PERSON || who->kind == PRINCIPAL_ROBOT;
}

static void
look_for_all(Question *question, const Principal *who)
{
  if (is_logged_in(who)) {
    look_for(question, SUBJECT_PRINCIPAL, who->id);
    for (guint i = 0; i < who->teams->len; i++)
      look_for(question, SUBJECT_TEAM, g_array_index(who->teams, int64_t, i));
    look_for(question, SUBJECT_EVERYONE, 0);
  }
  look_for(question, SUBJECT_ANONYMOUS, 0);
}

/* Of a token that is cut down. */
static bool
limits_allow(const Question *question, const Principal *who)
{
  if (who->limits == NULL)
    return true;
  for (guint i = 0; i < who->limits->len; i++) {
    const Scope *scope = &g_array_index(who->limits, Scope, i);
    if ((scope->verbs & VERB_BIT(question->verb)) == 0)
      continue;
    if (question->all) {
      if (covers(scope->pattern, question->space))
        return true;
      continue;
    }
    if (question->anywhere || strcmp(scope->pattern, "*") == 0 ||
        (question->on.repository != NULL &&
         glob_matches_across(scope->pattern, question->on.repository)))
      return true;
  }
  return false;
}

static Decision
decide(Question *question, const Principal *who)
{
  if (question->verb == VERB_NONE)
    return (Decision){true, BY_NO_RIGHTS, NULL};
  if (who->expires != 0 && who->expires <= question->now)
    return (Decision){false, BY_EXPIRY, NULL};
  if (!limits_allow(question, who))
    return (Decision){false, BY_LIMITS, NULL};
  if (who->kind == PRINCIPAL_OPEN || who->kind == PRINCIPAL_OPERATOR)
    return (Decision){true, BY_KIND, NULL};
  look_for_all(question, who);
  if (question->deny != NULL)
    return (Decision){false, BY_BINDING, question->deny};
  if (question->allow != NULL)
    return (Decision){true, BY_BINDING, question->allow};
  return (Decision){false, BY_NOBODY, NULL};
}

Decision
access_decide(const AccessRules *rules, const Principal *who, Verb verb, Resource on, int64_t now)
{
  Question question = {.rules = rules, .verb = verb, .on = on, .now = now};
  return decide(&question, who);
}

/* --- of many repositories at once --- */

bool
access_may_anywhere(const AccessRules *rules, const Principal *who, Verb verb, int64_t now)
{
  Question question = {.rules = rules, .verb = verb, .now = now, .anywhere = true};
  return decide(&question, who).allowed;
}

bool
access_may_all(const AccessRules *rules, const Principal *who, Verb verb, const char *space,
               int64_t now)
{
  Question question = {.rules = rules, .verb = verb, .now = now, .all = true, .space = space};
  return decide(&question, who).allowed;
}

/* --- in words --- */

static char *
binding_text(const Binding *binding)
{
  static const char *const kinds[] = {[SUBJECT_PRINCIPAL] = "",
                                      [SUBJECT_TEAM] = "team ",
                                      [SUBJECT_EVERYONE] = "everyone",
                                      [SUBJECT_ANONYMOUS] = "anybody"};
  return g_strdup_printf("grant %" G_GINT64_FORMAT ": %s%s %s %s on %s%s%s", binding->id,
                         kinds[binding->kind], binding->who != NULL ? binding->who : "",
                         binding->deny ? "is denied" : "is", binding->role, binding->pattern,
                         binding->tags != NULL ? ", tags " : "",
                         binding->tags != NULL ? binding->tags : "");
}

char *
decision_text(const Decision *decision, const Principal *who)
{
  switch (decision->by) {
  case BY_BINDING:
    return binding_text(decision->binding);
  case BY_KIND:
    return g_strdup(who->kind == PRINCIPAL_OPEN ? "access.mode is open: everybody may do all"
                                                : "the operator may do all");
  case BY_LIMITS:
    return g_strdup("the token is limited to less");
  case BY_EXPIRY:
    return g_strdup("what was shown to log in has expired");
  case BY_NO_RIGHTS:
    return g_strdup("this needs no right");
  case BY_NOBODY:
    break;
  }
  return g_strdup("no grant allows it");
}

/* --- for those who give rights, and explain them --- */

const GArray *
access_rules_bindings(const AccessRules *rules)
{
  return rules->bindings;
}

bool
binding_speaks_of(const Binding *binding, const Principal *who)
{
  if (binding->kind == SUBJECT_ANONYMOUS)
    return true;
  if (!is_logged_in(who))
    return false;
  if (binding->kind == SUBJECT_PRINCIPAL)
    return binding->subject == who->id;
  bool member = binding->kind == SUBJECT_EVERYONE;
  for (guint i = 0; i < who->teams->len && !member; i++)
    member = binding->subject == g_array_index(who->teams, int64_t, i);
  return member;
}

bool
binding_counts(const Binding *binding, Verb verb, Resource on, int64_t now)
{
  const Question question = {.verb = verb, .on = on, .now = now};
  return binding_fits(&question, binding);
}
