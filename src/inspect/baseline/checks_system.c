/* Checks of the system around services: trust, PAM, cron, the loader, the engine, what is
 * installed. */
#include <string.h>

#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

static const char *
rule_at(const FactsOfFile *file, guint index)
{
  return ((const ImageObservation *)g_ptr_array_index(file->facts, index))->observation->rule;
}

static const char *
value_at(const FactsOfFile *file, guint index)
{
  const ImageObservation *of = g_ptr_array_index(file->facts, index);
  return of->observation->shown == NULL ? "" : of->observation->shown;
}

/* --- PAM --- */

/* Whether the module of a fact may refuse: then those after it are guarded. */
static bool
may_refuse(const char *rule, const char *value)
{
  return strcmp(rule, "pam.include") == 0 ||
         (strcmp(rule, "pam.auth") == 0 && strstr(value, "pam_permit.so") == NULL &&
          !g_str_has_prefix(value, "sufficient"));
}

/* pam_permit lets everybody in who comes so far: by "sufficient" at once, or where no other module
 * is asked before. */
static void
check_permit(Baseline *baseline, const BaselineCheck *check)
{
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    bool guarded = false;
    for (guint j = 0; j < file->facts->len; j++) {
      const char *rule = rule_at(file, j), *value = value_at(file, j);
      if (strcmp(rule, "pam.auth") == 0 && (g_str_has_prefix(value, "sufficient pam_permit.so") ||
                                            (strstr(value, " pam_permit.so") != NULL && !guarded)))
        baseline_tell(baseline, check->rule, g_ptr_array_index(file->facts, j), SEVERITY_UNKNOWN,
                      "auth %s", value);
      guarded |= may_refuse(rule, value);
    }
  }
}

static bool
has_fact(const Baseline *baseline, const char *path, const char *rule)
{
  const FactsOfFile *file = baseline_file(baseline, path);
  for (guint i = 0; file != NULL && i < file->facts->len; i++)
    if (strcmp(rule_at(file, i), rule) == 0)
      return true;
  return false;
}

/* Distributions allow empty passwords by default, which matters where an account has one. */
static void
check_nullok(Baseline *baseline, const BaselineCheck *check)
{
  if (!has_fact(baseline, "etc/shadow", "shadow.empty") &&
      !has_fact(baseline, "etc/passwd", "passwd.empty"))
    return;
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    for (guint j = 0; j < file->facts->len; j++)
      if (strcmp(rule_at(file, j), "pam.auth") == 0 &&
          g_str_has_suffix(value_at(file, j), " nullok"))
        baseline_tell(baseline, check->rule, g_ptr_array_index(file->facts, j), SEVERITY_UNKNOWN,
                      "auth %s", value_at(file, j));
  }
}

/* --- what is installed --- */

/* The one finding is of the image, where its packages are listed. */
static void
check_packages(Baseline *baseline, const BaselineCheck *check)
{
  const GArray *packages = baseline->image->packages;
  g_autoptr(GString) names = g_string_new(NULL);
  const ImagePackage *first = NULL;
  for (guint i = 0; i < packages->len; i++) {
    const ImagePackage *package = &g_array_index(packages, ImagePackage, i);
    if (package_is_of_application(package->package) ||
        !config_is_one_of(package->package->name, check->values))
      continue;
    g_string_append_printf(names, "%s%s", first == NULL ? "" : ", ", package->package->name);
    first = first == NULL ? package : first;
  }
  if (first == NULL)
    return;
  Observation at = {.kind = OBSERVED_FACT,
                    .rule = check->rule,
                    .path = first->package->location,
                    .read = first->package->read};
  const ImageObservation of = {&at, first->layer, false};
  baseline_tell(baseline, check->rule, &of, SEVERITY_UNKNOWN, "%s", names->str);
}

#define TOOLS                                                                                      \
  "netcat netcat-openbsd netcat-traditional nmap ncat nmap-ncat socat telnet inetutils-telnet "    \
  "ftp tnftp tcpdump strace gdb git wget curl unzip gcc g++ make build-essential rsh-client lynx"
#define OLD_SERVERS                                                                                \
  "telnetd inetutils-telnetd telnet-server rsh-server rsh-redone-server nis ypserv tftpd "         \
  "tftpd-hpa atftpd tftp-server xinetd talkd finger-server fingerd"

static const BaselineCheck checks[] = {
    {"host-trust", baseline_check_fact, "trust.host"},
    {"host-trust-all", baseline_check_fact, "trust.all"},
    {"pam-permit", check_permit},
    {"pam-empty-passwords", check_nullok},
    {"preloaded-library", baseline_check_fact, "preload.library"},
    {"cron-runs-from-network", baseline_check_fact, "cron.fetch"},
    {"engine-socket", baseline_check_fact, "docker.socket"},
    {"engine-open", baseline_check_fact, "docker.open"},
    {"ftp-anonymous", baseline_check_fact, "vsftpd.anonymous", "yes true 1"},
    {"snmp-community", baseline_check_fact, "snmpd.community", "public private"},
    {"tools-left-in", check_packages, NULL, TOOLS},
    {"old-servers", check_packages, NULL, OLD_SERVERS},
};
const BaselineChecks system_checks = {checks, G_N_ELEMENTS(checks)};
