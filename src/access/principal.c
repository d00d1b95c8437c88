/* Who asks; see the header. */
#include "access/principal.h"

static void
scope_clear(void *data)
{
  Scope *scope = data;
  g_free(scope->pattern);
}

Principal *
principal_new(PrincipalKind kind, int64_t id, const char *name, const char *how)
{
  Principal *principal = g_new0(Principal, 1);
  g_atomic_ref_count_init(&principal->references);
  principal->kind = kind;
  principal->id = id;
  principal->name = g_strdup(name);
  principal->how = how;
  principal->teams = g_array_new(FALSE, FALSE, sizeof(int64_t));
  return principal;
}

static gpointer
make_nobodies(gpointer data)
{
  Principal **all = g_new0(Principal *, PRINCIPAL_ROBOT + 1);
  for (unsigned i = 0; i <= PRINCIPAL_ROBOT; i++)
    all[i] = principal_new((PrincipalKind)i, 0, principal_kind_name((PrincipalKind)i), "");
  return all;
}

Principal *
principal_nobody(PrincipalKind kind)
{
  static GOnce once = G_ONCE_INIT;
  Principal **all = g_once(&once, make_nobodies, NULL);
  return principal_ref(all[kind]);
}

Principal *
principal_ref(Principal *principal)
{
  g_atomic_ref_count_inc(&principal->references);
  return principal;
}

void
principal_unref(Principal *principal)
{
  if (principal == NULL || !g_atomic_ref_count_dec(&principal->references))
    return;
  g_array_unref(principal->teams);
  g_clear_pointer(&principal->limits, g_array_unref);
  g_free(principal->token);
  g_free(principal->csrf);
  g_free(principal->proof);
  g_free(principal->name);
  g_free(principal);
}

void
principal_add_team(Principal *principal, int64_t team)
{
  g_array_append_val(principal->teams, team);
}

void
principal_add_limit(Principal *principal, const char *pattern, VerbSet verbs)
{
  if (principal->limits == NULL) {
    principal->limits = g_array_new(FALSE, FALSE, sizeof(Scope));
    g_array_set_clear_func(principal->limits, scope_clear);
  }
  Scope scope = {g_strdup(pattern), verbs};
  g_array_append_val(principal->limits, scope);
}

const char *
principal_kind_name(PrincipalKind kind)
{
  static const char *const names[] = {
      [PRINCIPAL_ANONYMOUS] = "anonymous", [PRINCIPAL_OPEN] = "open",
      [PRINCIPAL_OPERATOR] = "operator",   [PRINCIPAL_PERSON] = "person",
      [PRINCIPAL_ROBOT] = "robot",
  };
  return names[kind];
}
