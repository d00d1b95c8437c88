/* What the token endpoint reads: scopes and forms; and what of a scope is given. */
#include "access/rights/roles.h"
#include "base/json.h"
#include "server/token/form.h"
#include "server/token/grant.h"
#include "server/token/scopes.h"

static const struct {
  const char *text, *read; /* TYPE|NAME|ACTIONS; ... */
} scopes[] = {
    {"repository:team/app:pull", "repository|team/app|pull;"},
    {"repository:team/app:pull,push repository:base:pull",
     "repository|team/app|pull,push;repository|base|pull;"},
    {"repository:host:5000/app:pull", "repository|host:5000/app|pull;"},
    {"repository(plugin):app:pull", "repository|app|pull;"},
    {"registry:catalog:*", "registry|catalog|*;"},
    {"", ""},
    {" ", ""},
    {"repository", ""},
    {"repository:app", ""},
    {"repository::pull", ""},
    {":app:pull", ""},
    {"repository:app:", ""},
    {"repository:app:pull  repository:b:push", "repository|app|pull;repository|b|push;"},
};

static void
test_scopes(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(scopes); i++) {
    g_autoptr(GPtrArray) read = token_scopes_new();
    g_assert_true(token_scopes_parse(scopes[i].text, read));
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint at = 0; at < read->len; at++) {
      const TokenScope *scope = g_ptr_array_index(read, at);
      g_autofree char *actions = g_strjoinv(",", scope->actions);
      g_string_append_printf(text, "%s|%s|%s;", scope->type, scope->name, actions);
    }
    if (g_strcmp0(text->str, scopes[i].read) != 0)
      g_error("\"%s\" is read as %s", scopes[i].text, text->str);
  }
  g_autoptr(GPtrArray) read = token_scopes_new();
  g_autofree char *long_text = g_strnfill(SCOPE_BYTES_MAX + 1, 'a');
  g_assert_false(token_scopes_parse(long_text, read));
  g_autoptr(GString) many = g_string_new(NULL);
  for (unsigned i = 0; i <= SCOPES_MAX; i++)
    g_string_append_printf(many, "repository:a%u:pull ", i);
  g_assert_false(token_scopes_parse(many->str, read));
}

static const struct {
  const char *form, *name, *value;
} forms[] = {
    {"a=b", "a", "b"},     {"a=b&c=d", "c", "d"},
    {"a=b&a=c", "a", "b"}, {"a=", "a", ""},
    {"a", "a", ""},        {"a=b", "b", NULL},
    {"", "a", NULL},       {"a=x+y%20z%2B%26", "a", "x y z+&"},
    {"%61=b", "a", "b"},   {"a=%zz%4", "a", "%zz%4"},
    {"a=%ff", "a", NULL},  {"a=x%00y", "a", NULL},
    {"a=b=c", "a", "b=c"},
};

static void
test_forms(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
    g_autofree char *value = form_value(slice_from_string(forms[i].form), forms[i].name);
    if (g_strcmp0(value, forms[i].value) != 0)
      g_error("%s of \"%s\" is %s", forms[i].name, forms[i].form, value);
  }
}

enum { ALICE = 1, DEV = 10 };

static AccessRules *
rules_new(void)
{
  static const struct {
    SubjectKind kind;
    int64_t subject;
    const char *role, *pattern;
  } rows[] = {
      {SUBJECT_TEAM, DEV, "developer", "team/*"},
      {SUBJECT_PRINCIPAL, ALICE, "maintainer", "alice/*"},
      {SUBJECT_ANONYMOUS, 0, "guest", "library/*"},
  };
  GArray *bindings = g_array_new(FALSE, FALSE, sizeof(Binding));
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    const Binding binding = {.id = (int64_t)i,
                             .kind = rows[i].kind,
                             .subject = rows[i].subject,
                             .role = g_strdup(rows[i].role),
                             .verbs = built_in_role(rows[i].role)->verbs,
                             .pattern = g_strdup(rows[i].pattern)};
    g_array_append_val(bindings, binding);
  }
  return access_rules_new(bindings);
}

static const struct {
  const char *who, *asked, *given;
} grants[] = {
    {"alice", "repository:team/app:pull,push", "repository:team/app:pull,push"},
    {"alice", "repository:team/app:pull,push,delete", "repository:team/app:pull,push"},
    {"alice", "repository:team/app:*", "repository:team/app:pull,push"},
    {"alice", "repository:alice/app:*", "repository:alice/app:pull,push,delete,*"},
    {"alice", "repository:prod/app:pull", ""},
    {"alice", "repository:prod/app:pull repository:library/x:pull,push",
     "repository:library/x:pull"},
    {"alice", "repository:team/app:pull repository:team/app:push", "repository:team/app:pull,push"},
    {"alice", "repository:team/*:pull", ""},
    {"alice", "repository:*:pull", ""},
    {"alice", "repository:team/../prod:pull", ""},
    {"alice", "repository:team/app:operate", ""},
    {"alice", "registry:catalog:*", "registry:catalog:*"},
    {"alice", "registry:other:*", ""},
    {"alice", "system:team/app:pull", ""},
    {"alice for other", "registry:catalog:*", ""},
    {"alice for other", "repository:team/app:pull", "repository:team/app:pull"},
    {"cut down", "repository:team/app:pull,push", "repository:team/app:pull"},
    {"cut down", "repository:team/other:pull", ""},
    {"nobody", "repository:library/x:pull,push", "repository:library/x:pull"},
    {"nobody", "repository:team/app:pull", ""},
};

static Principal *
who_of(const char *name)
{
  if (g_strcmp0(name, "nobody") == 0)
    return principal_new(PRINCIPAL_ANONYMOUS, 0, "anonymous", "");
  Principal *alice = principal_new(PRINCIPAL_PERSON, ALICE, "alice", "password");
  principal_add_team(alice, DEV);
  if (g_strcmp0(name, "cut down") == 0)
    principal_add_limit(alice, "team/app", VERB_BIT(VERB_PULL));
  return alice;
}

static void
test_grants(void)
{
  g_autoptr(AccessRules) rules = rules_new();
  for (size_t i = 0; i < G_N_ELEMENTS(grants); i++) {
    g_autoptr(Principal) who = who_of(grants[i].who);
    g_autoptr(GPtrArray) asked = token_scopes_new();
    g_assert_true(token_scopes_parse(grants[i].asked, asked));
    const Grantor grantor = {.rules = rules,
                             .who = who,
                             .own = g_strcmp0(grants[i].who, "alice for other") != 0,
                             .now = 1};
    g_autoptr(json_t) granted = grant(&grantor, asked);
    g_autofree char *text = granted_text(granted);
    if (g_strcmp0(text, grants[i].given) != 0)
      g_error("%s asks for %s and is given \"%s\"", grants[i].who, grants[i].asked, text);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/token/scopes", test_scopes);
  g_test_add_func("/token/forms", test_forms);
  g_test_add_func("/token/grants", test_grants);
  return g_test_run();
}
