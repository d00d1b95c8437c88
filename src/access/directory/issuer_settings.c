/* What the operator says of an issuer; see the header. */
#include "access/directory/issuer_settings.h"

#include "access/directory/issuer_document.h"

static const Setting settings[] = {
    {SETTING(IssuerSettings, issuer), .kind = &setting_text, .required = true},
    {SETTING(IssuerSettings, ca_file), .kind = &setting_text},
    {SETTING(IssuerSettings, keys_file), .kind = &setting_text},
    {SETTING(IssuerSettings, plain_http), .kind = &setting_boolean, .fallback = "false"},
    {SETTING(IssuerSettings, timeout), .kind = &setting_duration, .fallback = "10s", .least = 1,
     .most = 60},
};

static void
check(void *values, const SettingsPlace *place)
{
  const IssuerSettings *issuer = values;
  g_autoptr(GError) error = NULL;
  if (issuer->issuer != NULL && !issuer_url_check("it", issuer->issuer, issuer->plain_http, &error))
    settings_complain(place, "issuer", "%s", error->message);
}

const Section issuer_section = {settings, G_N_ELEMENTS(settings), sizeof(IssuerSettings),
                                .check = check};
