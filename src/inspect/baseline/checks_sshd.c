/* Checks of OpenSSH's server. A setting that comes first counts. One in a "Match" block counts for
 * those whom the block is of, before those outside; that of "Match all" for everybody. */
#include <string.h>

#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

#define SERVERS "openssh-server openssh-server-pam openssh-server-common-openrc sshd"

/* The file of the system's own counts only where the administrator's is missing. */
static GArray *
read_settings(Baseline *baseline)
{
  static const Includes includes = {.folder = "etc/ssh", .include = "include"};
  bool own = baseline_file(baseline, "etc/ssh/sshd_config") != NULL;
  return baseline_read(baseline, own ? "etc/ssh/sshd_config" : "usr/etc/ssh/sshd_config",
                       &includes);
}

/* Whether an earlier setting of the same key and block makes this one idle. */
static bool
is_idle(const GArray *settings, guint index)
{
  const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, index);
  for (guint i = 0; i < index; i++) {
    const ServiceSetting *before = &g_array_index(settings, ServiceSetting, i);
    if (setting_is(before, setting_key(setting)) && g_strcmp0(before->scope, setting->scope) == 0)
      return true;
  }
  return false;
}

static bool
is_for_all(const ServiceSetting *setting)
{
  return setting->scope == NULL || g_ascii_strcasecmp(setting->scope, "Match all") == 0;
}

/* Whether what is set for everybody is set anew by "Match all". */
static bool
is_overridden(const GArray *settings, guint index)
{
  const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, index);
  for (guint i = 0; setting->scope == NULL && i < settings->len; i++) {
    const ServiceSetting *other = &g_array_index(settings, ServiceSetting, i);
    if (other->scope != NULL && is_for_all(other) && setting_is(other, setting_key(setting)))
      return true;
  }
  return false;
}

typedef bool IsWeak(const char *value, const BaselineCheck *check);

static void
check_settings(Baseline *baseline, const BaselineCheck *check, IsWeak *is_weak)
{
  if (!baseline_has(baseline, SERVERS))
    return;
  g_autoptr(GArray) settings = read_settings(baseline);
  for (guint i = 0; i < settings->len; i++) {
    const ServiceSetting *setting = &g_array_index(settings, ServiceSetting, i);
    if (!setting_is(setting, check->key) || !is_weak(setting_value(setting), check) ||
        is_idle(settings, i) || is_overridden(settings, i))
      continue;
    const char *name = strchr(setting->of->observation->rule, '.') + 1;
    if (is_for_all(setting))
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_UNKNOWN, "%s %s", name,
                    setting_value(setting));
    else
      baseline_tell(baseline, check->rule, setting->of, SEVERITY_MEDIUM, "%s %s, in %s", name,
                    setting_value(setting), setting->scope);
  }
}

static bool
is_listed(const char *value, const BaselineCheck *check)
{
  return config_is_one_of(value, check->values);
}

static void
check_value(Baseline *baseline, const BaselineCheck *check)
{
  check_settings(baseline, check, is_listed);
}

/* Protocol versions with commas between them. */
static bool
has_version_1(const char *value, const BaselineCheck *check)
{
  g_auto(GStrv) versions = g_strsplit(value, ",", -1);
  return g_strv_contains((const char *const *)versions, "1");
}

static void
check_protocol(Baseline *baseline, const BaselineCheck *check)
{
  check_settings(baseline, check, has_version_1);
}

/* A list of algorithms: "+" adds to the defaults, "^" puts before them, "-" takes from them. */
static bool
has_weak_algorithm(const char *value, const BaselineCheck *check)
{
  if (*value == '-')
    return false;
  g_auto(GStrv) names = g_strsplit(value + (*value == '+' || *value == '^'), ",", -1);
  for (char **name = names; *name != NULL; name++)
    if (config_is_one_of(g_strstrip(*name), check->values))
      return true;
  return false;
}

static void
check_algorithms(Baseline *baseline, const BaselineCheck *check)
{
  check_settings(baseline, check, has_weak_algorithm);
}

#define WEAK_CIPHERS                                                                               \
  "3des-cbc blowfish-cbc cast128-cbc arcfour arcfour128 arcfour256 aes128-cbc aes192-cbc "         \
  "aes256-cbc rijndael-cbc@lysator.liu.se des none"
#define WEAK_MACS                                                                                  \
  "hmac-md5 hmac-md5-96 hmac-sha1-96 hmac-ripemd160 hmac-ripemd160@openssh.com none "              \
  "hmac-md5-etm@openssh.com hmac-md5-96-etm@openssh.com hmac-sha1-96-etm@openssh.com"
#define WEAK_EXCHANGES                                                                             \
  "diffie-hellman-group1-sha1 diffie-hellman-group14-sha1 diffie-hellman-group-exchange-sha1"
#define WEAK_KEYS "ssh-dss ssh-dss-cert-v01@openssh.com ssh-rsa ssh-rsa-cert-v01@openssh.com"

static const BaselineCheck checks[] = {
    {"sshd-permit-root-login", check_value, "permitrootlogin", "yes"},
    {"sshd-empty-passwords", check_value, "permitemptypasswords", "yes"},
    {"sshd-host-based", check_value, "hostbasedauthentication", "yes"},
    {"sshd-rhosts", check_value, "ignorerhosts", "no"},
    {"sshd-user-environment", check_value, "permituserenvironment", "yes"},
    {"sshd-strict-modes", check_value, "strictmodes", "no"},
    {"sshd-protocol-1", check_protocol, "protocol"},
    {"sshd-weak-ciphers", check_algorithms, "ciphers", WEAK_CIPHERS},
    {"sshd-weak-macs", check_algorithms, "macs", WEAK_MACS},
    {"sshd-weak-key-exchange", check_algorithms, "kexalgorithms", WEAK_EXCHANGES},
    {"sshd-weak-keys", check_algorithms, "hostkeyalgorithms", WEAK_KEYS},
    {"sshd-weak-keys", check_algorithms, "pubkeyacceptedalgorithms", WEAK_KEYS},
    {"sshd-host-key", baseline_check_fact, "entry.host-key"},
    {"sshd-authorized-keys", baseline_check_fact, "entry.authorized-keys"},
};
const BaselineChecks sshd_checks = {checks, G_N_ELEMENTS(checks)};
