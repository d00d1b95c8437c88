/* Checks of Redis and Valkey, each by the file that a server is started with and what it takes in.
 */
#include <string.h>

#include "archive/path.h"
#include "inspect/baseline/addresses.h"
#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

/* "redis.conf", "valkey.conf", "6379.conf". */
static bool
is_root(const char *path)
{
  const char *name = path_last_name(path);
  size_t digits = strspn(name, "0123456789");
  return config_is_one_of(name, "redis.conf valkey.conf") ||
         (digits > 0 && strcmp(name + digits, ".conf") == 0);
}

static const char *
value_of(const ServiceSetting *setting)
{
  return setting == NULL ? "" : setting_value(setting);
}

/* What the lines of users say of the one that everybody is comes after all settings. */
static const ServiceSetting *
password_of(const GArray *settings)
{
  const ServiceSetting *user = setting_last(settings, "user");
  return user != NULL ? user : setting_last(settings, "password");
}

/* By default it answers only the machine itself while it has no password. */
static void
check_open(Baseline *baseline, const BaselineCheck *check, const GArray *settings)
{
  const ServiceSetting *bind = setting_last(settings, "bind");
  const ServiceSetting *guard = setting_last(settings, "protected-mode");
  const ServiceSetting *password = password_of(settings);
  bool has_password = password != NULL && strcmp(value_of(password), "none") != 0;
  bool local = bind != NULL && addresses_are_local(value_of(bind));
  if (has_password || local || g_ascii_strcasecmp(value_of(guard), "no") != 0 ||
      strcmp(value_of(setting_last(settings, "port")), "0") == 0)
    return;
  baseline_tell(baseline, check->rule, guard->of, SEVERITY_UNKNOWN,
                "protected-mode no, without a password, on %s",
                bind == NULL ? "all addresses" : value_of(bind));
}

static void
check_password(Baseline *baseline, const BaselineCheck *check, const GArray *settings)
{
  const ServiceSetting *password = password_of(settings);
  if (password != NULL && strcmp(value_of(password), "weak") == 0)
    baseline_tell(baseline, check->rule, password->of, SEVERITY_UNKNOWN, "%s",
                  setting_is(password, "user") ? "user default" : "requirepass");
}

static void
check_redis(Baseline *baseline, const BaselineCheck *check)
{
  static const Includes includes = {.include = "include", .optional = "aclfile"};
  bool open = strcmp(check->rule, "redis-no-password") == 0;
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    const Observation *first =
        ((const ImageObservation *)g_ptr_array_index(file->facts, 0))->observation;
    if (!g_str_has_prefix(first->rule, "redis.") || !is_root(file->path))
      continue;
    g_autoptr(GArray) settings = baseline_read(baseline, file->path, &includes);
    (open ? check_open : check_password)(baseline, check, settings);
  }
}

static const BaselineCheck checks[] = {
    {"redis-no-password", check_redis},
    {"redis-weak-password", check_redis},
};
const BaselineChecks redis_checks = {checks, G_N_ELEMENTS(checks)};
