/* Checks of sudo: the last rule that fits a command counts. */
#include <string.h>

#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

/* sudo leaves out what an editor or a package manager may have left. */
static bool
takes_name(const char *name)
{
  return strchr(name, '.') == NULL && !g_str_has_suffix(name, "~");
}

static GArray *
read_settings(Baseline *baseline)
{
  static const Includes includes = {
      .folder = "etc", .include = "include", .folders = "includedir", .takes = takes_name};
  return baseline_read(baseline, "etc/sudoers", &includes);
}

/* Which aliases have a member: MEMBER -> their names. */
static GHashTable *
aliases_by_member(const GArray *settings)
{
  GHashTable *holders =
      g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_ptr_array_unref);
  for (guint i = 0; i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    const char *value = setting_value(setting), *equals = strstr(value, " = ");
    if (!setting_is(setting, "alias") || equals == NULL)
      continue;
    const char *member = equals + strlen(" = ");
    GPtrArray *names = g_hash_table_lookup(holders, member);
    if (names == NULL) {
      names = g_ptr_array_new_with_free_func(g_free);
      g_hash_table_insert(holders, (void *)(uintptr_t)member, names);
    }
    g_ptr_array_add(names, g_strndup(value, (size_t)(equals - value)));
  }
  return holders;
}

/* "ALL", and each alias that has it, through others as well: a set, found in one walk over the
 * aliases, which strangers write. (transfer full) */
static GHashTable *
names_of_all(const GArray *settings)
{
  g_autoptr(GHashTable) holders = aliases_by_member(settings);
  g_autoptr(GPtrArray) open = g_ptr_array_new();
  GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add(all, g_strdup("ALL"));
  g_ptr_array_add(open, (void *)(uintptr_t) "ALL");
  while (open->len > 0) {
    const char *member = g_ptr_array_steal_index_fast(open, open->len - 1);
    const GPtrArray *names = g_hash_table_lookup(holders, member);
    for (guint i = 0; names != NULL && i < names->len; i++) {
      char *name = g_ptr_array_index(names, i);
      if (!g_hash_table_contains(all, name)) {
        g_hash_table_add(all, g_strdup(name));
        g_ptr_array_add(open, name);
      }
    }
  }
  return all;
}

/* "NOPASSWD COMMAND" of a rule. */
static const char *
command_of(const ServiceSetting *rule, bool *asks)
{
  const char *value = setting_value(rule), *blank = strchr(value, ' ');
  *asks = g_str_has_prefix(value, "PASSWD");
  return blank == NULL ? "" : blank + 1;
}

/* Whether a rule for @other is one for @command, too. Which arguments "..." stands for, nobody
 * knows. */
static bool
is_for(const char *other, const char *command)
{
  size_t size = strlen(other);
  return !g_str_has_suffix(other, " ...") && strncmp(command, other, size) == 0 &&
         (command[size] == '\0' || strcmp(command + size, " ...") == 0);
}

/* Whether a later rule for the same account asks for the password again. Where nobody has the time
 * to look, none does. */
static bool
is_overridden(Baseline *baseline, const GArray *settings, GHashTable *all, guint index)
{
  const ServiceSetting *rule = &g_array_index(settings, ServiceSetting, index);
  bool asks;
  const char *command = command_of(rule, &asks);
  for (guint i = index + 1; i < settings->len && baseline_spend(baseline, 1); i++) {
    const ServiceSetting *later = &g_array_index(settings, ServiceSetting, i);
    if (!setting_is(later, "rule") || g_strcmp0(later->scope, rule->scope) != 0)
      continue;
    const char *other = command_of(later, &asks);
    if (asks && (is_for(other, command) || g_hash_table_contains(all, other)))
      return true;
  }
  return false;
}

static void
check_no_password(Baseline *baseline, const BaselineCheck *check)
{
  if (!baseline_has(baseline, "sudo"))
    return;
  g_autoptr(GArray) settings = read_settings(baseline);
  g_autoptr(GHashTable) all = names_of_all(settings);
  for (guint i = 0; i < settings->len; i++) {
    const ServiceSetting *rule = &g_array_index(settings, ServiceSetting, i);
    bool asks = true;
    const char *command = setting_is(rule, "rule") ? command_of(rule, &asks) : "";
    if (asks || g_strcmp0(rule->scope, "root") == 0 || is_overridden(baseline, settings, all, i))
      continue;
    baseline_tell(baseline, check->rule, rule->of,
                  g_hash_table_contains(all, command) ? SEVERITY_UNKNOWN : SEVERITY_MEDIUM,
                  "%s NOPASSWD: %s", rule->scope, command);
  }
}

/* Whoever knows some account's password is root. */
static void
check_everybody(Baseline *baseline, const BaselineCheck *check)
{
  if (!baseline_has(baseline, "sudo"))
    return;
  g_autoptr(GArray) settings = read_settings(baseline);
  g_autoptr(GHashTable) all = names_of_all(settings);
  for (guint i = 0; i < settings->len; i++) {
    const ServiceSetting *rule = &g_array_index(settings, ServiceSetting, i);
    bool asks;
    if (setting_is(rule, "rule") && g_strcmp0(rule->scope, "ALL") == 0 &&
        g_hash_table_contains(all, command_of(rule, &asks)))
      baseline_tell(baseline, check->rule, rule->of, SEVERITY_UNKNOWN, "ALL may run ALL");
  }
}

/* "Defaults !authenticate", for all or for some. */
static void
check_defaults(Baseline *baseline, const BaselineCheck *check)
{
  if (!baseline_has(baseline, "sudo"))
    return;
  g_autoptr(GArray) settings = read_settings(baseline);
  for (guint i = 0; i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(setting, "defaults"))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "Defaults%s",
                    setting_value(setting));
  }
}

static const BaselineCheck checks[] = {
    {"sudo-no-password", check_no_password},
    {"sudo-everybody", check_everybody},
    {"sudo-not-authenticated", check_defaults},
};
const BaselineChecks sudo_checks = {checks, G_N_ELEMENTS(checks)};
