/* Credentials of other services that people work with. */
#include "inspect/secrets/checks.h"

/* clang-format off */
static const SecretRule rules[] = {
    {"airtable-pat", "Personal token of Airtable", SEVERITY_HIGH, "pat[0-9A-Za-z]{14}\\.[0-9a-f]{64}", "pat"},
    {"notion-token", "Integration's token of Notion", SEVERITY_HIGH, "ntn_[0-9]{11}[0-9A-Za-z]{35}", "ntn_"},
    {"notion-secret", "Integration's secret of Notion", SEVERITY_HIGH, "secret_[0-9A-Za-z]{43}", "secr", .entropy = 4, .check = secret_check_mixed},
    {"linear-key", "API key of Linear", SEVERITY_HIGH, "lin_(?:api|oauth)_[0-9A-Za-z]{40,64}", "lin_"},
    {"figma-token", "Personal token of Figma", SEVERITY_HIGH, "fig(?:d|u|dr|oh)_[0-9A-Za-z_-]{40}", "fig"},
    {"dropbox-token", "Short-lived token of Dropbox", SEVERITY_MEDIUM, "sl\\.(?:u\\.|)[0-9A-Za-z_-]{130,1500}", "sl.", .entropy = 4,
     .trigger = "sl\\.(?:u\\.|)[0-9A-Za-z_-]{130}", .check = secret_check_mixed},
    {"contentful-token", "Personal token of Contentful", SEVERITY_HIGH, "CFPAT-[0-9A-Za-z_-]{43}", "CFPA"},
    {"readme-key", "API key of ReadMe", SEVERITY_MEDIUM, "rdme_[0-9a-z]{70}", "rdme"},
    {"typeform-token", "Personal token of Typeform", SEVERITY_HIGH, "tfp_[0-9A-Za-z_.=-]{44,64}", "tfp_"},
    {"hubspot-token", "Private app's token of HubSpot", SEVERITY_HIGH, "pat-(?:na|eu|ap)[0-9]-" SECRET_UUID, "pat-"},
    {"salesforce-session", "Session of Salesforce", SEVERITY_HIGH, "00D[0-9A-Za-z]{12,15}![0-9A-Za-z_.]{80,140}", "00D",
     .trigger = "00D[0-9A-Za-z]{12,15}![0-9A-Za-z_.]{80}"},
    {"salesforce-refresh-token", "Refresh token of Salesforce", SEVERITY_HIGH, "5Aep861[0-9A-Za-z_.]{60,110}", "5Aep",
     .trigger = "5Aep861[0-9A-Za-z_.]{60}"},
    {"frameio-token", "Token of Frame.io", SEVERITY_HIGH, "fio-u-[0-9A-Za-z_=-]{64}", "fio-"},
    {"clickup-token", "Personal token of ClickUp", SEVERITY_HIGH, "pk_[0-9]{6,9}_[0-9A-Z]{32}", "pk_"},
    {"mapbox-secret-token", "Secret token of Mapbox", SEVERITY_HIGH, "sk\\.eyJ[0-9A-Za-z_-]{40,200}\\.[0-9A-Za-z_-]{22}", "sk."},
    {"sanity-token", "API token of Sanity", SEVERITY_HIGH, "sk[0-9A-Za-z]{160,190}", "sk", .entropy = 4.5, .trigger = "sk[0-9A-Za-z]{160}",
     .check = secret_check_mixed},
    {"adobe-client-secret", "Client secret of Adobe", SEVERITY_HIGH, "p8e-[0-9A-Za-z_-]{32}", "p8e-"},
    {"deepl-key", "API key of DeepL", SEVERITY_MEDIUM, SECRET_UUID ":fx", NULL, .trigger = "[0-9a-f]{12}:fx"},
    {"asana-pat", "Personal token of Asana", SEVERITY_HIGH, "[12]/[0-9]{12,20}(?:/[0-9]{12,20}|):[0-9a-f]{32}", NULL},
    {"atlas-private-key", "Private API key of MongoDB Atlas", SEVERITY_HIGH, SECRET_ASSIGNED("atlas[a-z_.-]{0,20}(?:private|secret)[a-z_.-]{0,8}",
     SECRET_UUID)},
    {"maxmind-licence", "Licence key of MaxMind", SEVERITY_LOW, "[0-9A-Za-z]{6}_[0-9A-Za-z]{29}_mmk", NULL, .trigger = "[0-9A-Za-z]{29}_mmk"},
    {"shodan-key", "API key of Shodan", SEVERITY_MEDIUM, SECRET_ASSIGNED("shodan[a-z_.-]{0,20}key", "[0-9A-Za-z]{32}"), NULL, .entropy = 3.6},
    {"virustotal-key", "API key of VirusTotal", SEVERITY_MEDIUM, SECRET_ASSIGNED("(?:virus_?total|vt)[a-z_.-]{0,12}key", "[0-9a-f]{64}")},
    {"algolia-key", "Admin key of Algolia", SEVERITY_MEDIUM, SECRET_ASSIGNED("algolia[a-z_.-]{0,20}(?:admin|api|secret|key)", "[0-9a-f]{32}")},
    {"okta-token", "API token of Okta", SEVERITY_CRITICAL, SECRET_ASSIGNED("okta[a-z_.-]{0,20}token", "00[0-9A-Za-z_-]{40}"), "00"},
    {"auth0-client-secret", "Client secret of Auth0", SEVERITY_HIGH, SECRET_ASSIGNED("auth0[a-z_.-]{0,20}secret", "[0-9A-Za-z_-]{64}"), NULL,
     .entropy = 4},
    {"rapidapi-key", "Key of RapidAPI", SEVERITY_MEDIUM, SECRET_ASSIGNED("rapid_?api[a-z_.-]{0,20}key", "[0-9a-z]{10}msh[0-9a-z]{15}p1[0-9a-"
     "z]{6}jsn[0-9a-z]{12}")},
    {"trello-token", "Token of Trello", SEVERITY_HIGH, "ATTA[0-9A-Fa-f]{72}", "ATTA"},
    {"discourse-key", "API key of Discourse", SEVERITY_HIGH, SECRET_ASSIGNED("discourse[a-z_.-]{0,20}key", "[0-9a-f]{64}")},
    {"zoom-secret", "Client secret of Zoom", SEVERITY_HIGH, SECRET_ASSIGNED("zoom[a-z_.-]{0,20}secret", "[0-9A-Za-z]{32}"), NULL, .entropy = 3.8},
    {"yelp-key", "API key of Yelp", SEVERITY_LOW, SECRET_ASSIGNED("yelp[a-z_.-]{0,20}key", "[0-9A-Za-z_-]{128}"), NULL, .entropy = 4},
    {"openweather-key", "API key of OpenWeather", SEVERITY_LOW, SECRET_ASSIGNED("open_?weather[a-z_.-]{0,20}(?:key|id)", "[0-9a-f]{32}")},
};
/* clang-format on */

const SecretRuleSet secret_rules_services = {rules, G_N_ELEMENTS(rules)};
