/* `audit` in the configuration. */
#include <string.h>

#include "access/audit/audit.h"

static const Setting settings[] = {
    {SETTING(AuditSettings, keep), .kind = &setting_duration, .fallback = "0",
     .most = 36500ul * 86400},
    {SETTING(AuditSettings, sign_every), .kind = &setting_duration, .fallback = "1h", .least = 1,
     .most = 86400},
    {SETTING(AuditSettings, syslog), .kind = &setting_text},
    {SETTING(AuditSettings, syslog_ca), .kind = &setting_text},
};

static void
check(void *values, const SettingsPlace *place)
{
  const AuditSettings *audit = values;
  const char *url = audit->syslog;
  bool tls = url != NULL && g_str_has_prefix(url, "tls://");
  if (url != NULL && ((!tls && !g_str_has_prefix(url, "tcp://")) || strrchr(url, ':') < url + 6))
    settings_complain(place, "syslog", "must be tcp://HOST:PORT or tls://HOST:PORT");
  if (audit->syslog_ca != NULL && !tls)
    settings_complain(place, "syslog_ca", "is only for a tls:// address");
}

const Section audit_settings_section = {.settings = settings,
                                        .count = G_N_ELEMENTS(settings),
                                        .size = sizeof(AuditSettings),
                                        .check = check};
