/* What the operator says of a provider; see the header. */
#include "access/directory/oidc_settings.h"

#include <string.h>

#include "access/directory/issuer_document.h"

#define NAME_MAX_BYTES 40

static const Setting settings[] = {
    {SETTING(OidcSettings, name), .kind = &setting_text, .required = true},
    {SETTING(OidcSettings, title), .kind = &setting_text},
    {SETTING_PART(OidcSettings, issuer), .section = &issuer_section},
    {SETTING(OidcSettings, client_id), .kind = &setting_text, .required = true},
    {SETTING(OidcSettings, client_secret_file), .kind = &setting_text},
    {SETTING(OidcSettings, scopes), .kind = &setting_texts, .fallback = "[openid, profile, email]",
     .least = 1, .most = 20},
    {SETTING(OidcSettings, name_claim), .kind = &setting_text, .fallback = "preferred_username"},
    {SETTING(OidcSettings, display_claim), .kind = &setting_text, .fallback = "name"},
    {SETTING(OidcSettings, mail_claim), .kind = &setting_text, .fallback = "email"},
    {SETTING(OidcSettings, groups_claim), .kind = &setting_text, .fallback = "groups"},
    {SETTING(OidcSettings, allowed_groups), .kind = &setting_texts, .most = 100},
    {SETTING(OidcSettings, url), .kind = &setting_text},
    {SETTING(OidcSettings, refresh), .kind = &setting_duration, .fallback = "15m", .least = 1,
     .most = 86400},
    {SETTING(OidcSettings, stale), .kind = &setting_duration, .fallback = "24h",
     .most = 30 * 86400},
    {SETTING(OidcSettings, token_life), .kind = &setting_duration, .fallback = "30d", .least = 60,
     .most = 366 * 86400},
};

/* It is a part of addresses. */
static bool
is_name(const char *name)
{
  size_t size = strlen(name);
  return size > 0 && size <= NAME_MAX_BYTES &&
         strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static void
check(void *values, const SettingsPlace *place)
{
  const OidcSettings *oidc = values;
  g_autoptr(GError) error = NULL;
  if (oidc->name != NULL && !is_name(oidc->name))
    settings_complain(place, "name", "must be of a-z, 0-9 and -, at most %d", NAME_MAX_BYTES);
  if (oidc->scopes != NULL && !g_strv_contains((const char *const *)oidc->scopes, "openid"))
    settings_complain(place, "scopes", "must have openid among them");
  if (oidc->url != NULL && !issuer_url_check("it", oidc->url, true, &error))
    settings_complain(place, "url", "%s", error->message);
}

const Section oidc_section = {.settings = settings,
                              .count = G_N_ELEMENTS(settings),
                              .size = sizeof(OidcSettings),
                              .noun = "provider",
                              .named_by = "name",
                              .check = check};
