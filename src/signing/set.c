/* All keys, attestors and rules as one value; see signing.h. */
#include "signing/signing-private.h"

SigningSet *
signing_set_new(void)
{
  SigningSet *set = g_new0(SigningSet, 1);
  g_atomic_ref_count_init(&set->references);
  set->keys = g_ptr_array_new_with_free_func((GDestroyNotify)signing_key_row_free);
  set->attestors = g_ptr_array_new_with_free_func((GDestroyNotify)attestor_row_free);
  set->rules = g_ptr_array_new_with_free_func((GDestroyNotify)signing_rule_free);
  return set;
}

SigningSet *
signing_set_ref(SigningSet *set)
{
  g_atomic_ref_count_inc(&set->references);
  return set;
}

void
signing_set_unref(SigningSet *set)
{
  if (set == NULL || !g_atomic_ref_count_dec(&set->references))
    return;
  g_ptr_array_unref(set->keys);
  g_ptr_array_unref(set->attestors);
  g_ptr_array_unref(set->rules);
  g_free(set);
}

const void *
signing_row_find(const GPtrArray *rows, const char *name)
{
  for (guint i = 0; i < rows->len; i++) {
    char *const *row = g_ptr_array_index(rows, i);
    if (g_strcmp0(*row, name) == 0)
      return row;
  }
  return NULL;
}
G_STATIC_ASSERT(offsetof(SigningKey, name) == 0 && offsetof(AttestorRow, name) == 0 &&
                offsetof(SigningRule, name) == 0);

const SigningKey *
signing_set_key(const SigningSet *set, const char *name)
{
  return signing_row_find(set->keys, name);
}

const AttestorRow *
signing_set_attestor(const SigningSet *set, const char *name)
{
  return signing_row_find(set->attestors, name);
}

const SigningRule *
signing_set_rule(const SigningSet *set, const char *name)
{
  return signing_row_find(set->rules, name);
}
