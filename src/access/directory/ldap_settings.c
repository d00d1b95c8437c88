/* What the operator says of a directory; see the header. */
#include "access/directory/ldap_settings.h"

#include <string.h>

static const Setting settings[] = {
    {SETTING(LdapSettings, name), .kind = &setting_text, .required = true},
    {SETTING_AS("url", LdapSettings, urls), .kind = &setting_texts, .required = true, .least = 1,
     .most = 8},
    {SETTING(LdapSettings, starttls), .kind = &setting_boolean, .fallback = "true"},
    {SETTING(LdapSettings, ca_file), .kind = &setting_text},
    {SETTING(LdapSettings, bind_dn), .kind = &setting_text},
    {SETTING(LdapSettings, bind_password_file), .kind = &setting_text},
    {SETTING(LdapSettings, user_dn), .kind = &setting_text},
    {SETTING(LdapSettings, user_base), .kind = &setting_text, .required = true},
    {SETTING(LdapSettings, user_filter), .kind = &setting_text, .fallback = "(uid={name})"},
    {SETTING(LdapSettings, id_attribute), .kind = &setting_text, .fallback = "entryUUID"},
    {SETTING(LdapSettings, name_attribute), .kind = &setting_text, .fallback = "uid"},
    {SETTING(LdapSettings, display_attribute), .kind = &setting_text, .fallback = "cn"},
    {SETTING(LdapSettings, mail_attribute), .kind = &setting_text, .fallback = "mail"},
    {SETTING(LdapSettings, group_base), .kind = &setting_text},
    {SETTING(LdapSettings, group_filter), .kind = &setting_text, .fallback = "(member={dn})"},
    {SETTING(LdapSettings, group_attribute), .kind = &setting_text, .fallback = "cn"},
    {SETTING(LdapSettings, nested), .kind = &setting_boolean, .fallback = "true"},
    {SETTING(LdapSettings, timeout), .kind = &setting_duration, .fallback = "5s", .least = 1,
     .most = 60},
    {SETTING(LdapSettings, refresh), .kind = &setting_duration, .fallback = "15m", .least = 1,
     .most = 86400},
    {SETTING(LdapSettings, stale), .kind = &setting_duration, .fallback = "24h",
     .most = 30 * 86400},
};

/* A password never goes over the network in clear. */
static void
check(void *values, const SettingsPlace *place)
{
  const LdapSettings *ldap = values;
  for (char *const *url = ldap->urls; url != NULL && *url != NULL; url++) {
    bool plain = g_str_has_prefix(*url, "ldap://");
    if (!plain && !g_str_has_prefix(*url, "ldaps://"))
      settings_complain(place, "url", "must be ldap://HOST or ldaps://HOST");
    else if (plain && !ldap->starttls)
      settings_complain(place, "starttls",
                        "ldap:// without TLS would show passwords to the network; "
                        "use ldaps://, or leave starttls");
  }
  if ((ldap->bind_dn == NULL) != (ldap->bind_password_file == NULL))
    settings_complain(place, "bind_dn", "bind_dn and bind_password_file belong together");
  if (ldap->bind_dn == NULL && ldap->user_dn == NULL)
    settings_complain(place, "user_dn", "is needed without a service account (bind_dn)");
  if (ldap->user_dn != NULL && strstr(ldap->user_dn, "{name}") == NULL)
    settings_complain(place, "user_dn", "must have {name} in it");
  if (ldap->user_filter != NULL && strstr(ldap->user_filter, "{name}") == NULL)
    settings_complain(place, "user_filter", "must have {name} in it");
}

const Section ldap_section = {.settings = settings,
                              .count = G_N_ELEMENTS(settings),
                              .size = sizeof(LdapSettings),
                              .noun = "directory",
                              .named_by = "name",
                              .check = check};
