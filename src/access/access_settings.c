/* What the operator decides of access; see the header. */
#include "access/access_settings.h"

static const char *const modes[] = {[ACCESS_CLOSED] = "closed", [ACCESS_OPEN] = "open", NULL};

static const Setting settings[] = {
    {SETTING(AccessSettings, mode), .kind = &setting_choice, .words = modes, .fallback = "closed"},
    {SETTING_PART(AccessSettings, tokens), .section = &token_settings_section},
    {SETTING_LIST(AccessSettings, ldap), .section = &ldap_section, .most = 16},
    {SETTING_LIST(AccessSettings, oidc), .section = &oidc_section, .most = 16},
    {SETTING(AccessSettings, client_ca), .kind = &setting_text},
    {SETTING(AccessSettings, client_crl), .kind = &setting_text},
    {SETTING(AccessSettings, client_certificate), .kind = &setting_choice,
     .words = client_certificate_names, .fallback = "none"},
    {SETTING_LIST(AccessSettings, workloads), .section = &issuer_section, .most = 100},
};
const Section access_settings_section = {settings, G_N_ELEMENTS(settings), sizeof(AccessSettings)};
