/* Checks of sudo: the last rule that fits a command counts. */
#include <string.h>

#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

#define ALIASES_DEPTH_MAX 8u
/* Settings looked at, of one question: aliases may name each other. */
#define ALIASES_WORK_MAX 20000u

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

static bool
reaches_all(const GArray *settings, const char *command, unsigned depth, unsigned *work)
{
  g_autofree char *prefix = g_strconcat(command, " = ", NULL);
  if (strcmp(command, "ALL") == 0)
    return true;
  for (guint i = 0; i < settings->len && depth < ALIASES_DEPTH_MAX && *work < ALIASES_WORK_MAX;
       i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    const char *value = setting_value(setting);
    ++*work;
    if (setting_is(setting, "alias") && g_str_has_prefix(value, prefix) &&
        reaches_all(settings, value + strlen(prefix), depth + 1, work))
      return true;
  }
  return false;
}

/* Whether @command is "ALL", or an alias that has it. */
static bool
is_all(const GArray *settings, const char *command)
{
  unsigned work = 0;
  return reaches_all(settings, command, 0, &work);
}

/* "NOPASSWD COMMAND" of a rule. */
static const char *
command_of(const ServiceSetting *rule, bool *asks)
{
  const char *value = setting_value(rule), *blank = strchr(value, ' ');
  *asks = g_str_has_prefix(value, "PASSWD");
  return blank == NULL ? "" : blank + 1;
}

/* Whether a later rule for the same account asks for the password again. */
static bool
is_overridden(const GArray *settings, guint index)
{
  const ServiceSetting *rule = &g_array_index(settings, ServiceSetting, index);
  bool asks;
  const char *command = command_of(rule, &asks);
  for (guint i = index + 1; i < settings->len; i++) {
    const ServiceSetting *later = &g_array_index(settings, ServiceSetting, i);
    if (!setting_is(later, "rule") || g_strcmp0(later->scope, rule->scope) != 0)
      continue;
    const char *other = command_of(later, &asks);
    if (asks && (strcmp(other, command) == 0 || is_all(settings, other)))
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
  for (guint i = 0; i < settings->len; i++) {
    const ServiceSetting *rule = &g_array_index(settings, ServiceSetting, i);
    bool asks = true;
    const char *command = setting_is(rule, "rule") ? command_of(rule, &asks) : "";
    if (asks || g_strcmp0(rule->scope, "root") == 0 || is_overridden(settings, i))
      continue;
    baseline_tell(baseline, check->rule, rule->of,
                  is_all(settings, command) ? SEVERITY_UNKNOWN : SEVERITY_MEDIUM, "%s NOPASSWD: %s",
                  rule->scope, command);
  }
}

/* Whoever knows some account's password is root. */
static void
check_everybody(Baseline *baseline, const BaselineCheck *check)
{
  if (!baseline_has(baseline, "sudo"))
    return;
  g_autoptr(GArray) settings = read_settings(baseline);
  for (guint i = 0; i < settings->len; i++) {
    const ServiceSetting *rule = &g_array_index(settings, ServiceSetting, i);
    bool asks;
    if (setting_is(rule, "rule") && g_strcmp0(rule->scope, "ALL") == 0 &&
        is_all(settings, command_of(rule, &asks)))
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
    if (!setting_is(setting, "defaults"))
      continue;
    g_auto(GStrv) words = g_strsplit_set(setting_value(setting), " \t,", -1);
    if (g_strv_contains((const char *const *)words, check->values))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "Defaults%s",
                    setting_value(setting));
  }
}

static const BaselineCheck checks[] = {
    {"sudo-no-password", check_no_password},
    {"sudo-everybody", check_everybody},
    {"sudo-not-authenticated", check_defaults, NULL, "!authenticate"},
};
const BaselineChecks sudo_checks = {checks, G_N_ELEMENTS(checks)};
