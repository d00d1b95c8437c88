/* Checks of accounts, by passwd, shadow and group. */
#include <string.h>

#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

static const Observation *
fact_at(const FactsOfFile *file, guint index)
{
  return ((const ImageObservation *)g_ptr_array_index(file->facts, index))->observation;
}

/* Whether the account has a shell to log in to. Where there is no etc/passwd, nobody knows. */
static bool
may_log_in(const Baseline *baseline, const char *name)
{
  const FactsOfFile *passwd = baseline_file(baseline, "etc/passwd");
  for (guint i = 0; passwd != NULL && i < passwd->facts->len; i++)
    if (strcmp(fact_at(passwd, i)->rule, "passwd.login") == 0 &&
        strcmp(fact_at(passwd, i)->shown, name) == 0)
      return true;
  return passwd == NULL;
}

/* An account without a shell matters less: a service of another kind may still take its password.
 */
static void
check_empty(Baseline *baseline, const BaselineCheck *check)
{
  static const char *const paths[] = {"etc/passwd", "etc/shadow"};
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
    const FactsOfFile *file = baseline_file(baseline, paths[i]);
    for (guint j = 0; file != NULL && j < file->facts->len; j++) {
      const char *key = strchr(fact_at(file, j)->rule, '.'), *name = fact_at(file, j)->shown;
      if (strcmp(key, ".empty") == 0)
        baseline_tell(baseline, check->rule, g_ptr_array_index(file->facts, j),
                      may_log_in(baseline, name) ? SEVERITY_UNKNOWN : SEVERITY_LOW, "%s", name);
    }
  }
}

/* Root's is the worst. */
static void
check_weak(Baseline *baseline, const BaselineCheck *check)
{
  const FactsOfFile *file = baseline_file(baseline, "etc/shadow");
  for (guint i = 0; file != NULL && i < file->facts->len; i++)
    if (strcmp(fact_at(file, i)->rule, check->key) == 0)
      baseline_tell(baseline, check->rule, g_ptr_array_index(file->facts, i),
                    g_str_has_prefix(fact_at(file, i)->shown, "root:") ? SEVERITY_CRITICAL
                                                                       : SEVERITY_UNKNOWN,
                    "%s", fact_at(file, i)->shown);
}

static const BaselineCheck checks[] = {
    {"account-empty-password", check_empty},
    {"account-weak-password", check_weak, "shadow.weak"},
    {"account-weak-hash", baseline_check_fact, "shadow.weak-hash"},
    {"account-same-password", baseline_check_fact, "shadow.same"},
    {"account-password-set", baseline_check_fact, "shadow.set"},
    {"account-password-no-age", baseline_check_fact, "shadow.no-age"},
    {"account-hash-for-all", baseline_check_fact, "passwd.hash"},
    {"account-uid-0", baseline_check_fact, "passwd.uid-0"},
    {"account-plus-line", baseline_check_fact, "passwd.plus"},
    {"account-plus-line", baseline_check_fact, "shadow.plus"},
    {"account-plus-line", baseline_check_fact, "group.plus"},
    {"account-double-name", baseline_check_fact, "passwd.double-name"},
    {"account-double-id", baseline_check_fact, "passwd.double-id"},
    {"group-double-name", baseline_check_fact, "group.double-name"},
    {"group-double-id", baseline_check_fact, "group.double-id"},
    {"group-shadow-member", baseline_check_fact, "group.shadow-members"},
    {"group-root-member", baseline_check_fact, "group.root-members"},
    {"group-password", baseline_check_fact, "group.hash"},
    {"group-password", baseline_check_fact, "gshadow.set"},
};
const BaselineChecks account_checks = {checks, G_N_ELEMENTS(checks)};
