/* Credentials of what watches, logs and wakes people. */
#include "inspect/secrets/checks.h"

/* clang-format off */
static const SecretRule rules[] = {
    {"grafana-cloud-token", "Token of Grafana Cloud", SEVERITY_CRITICAL, "glc_eyJ[0-9A-Za-z+/]{32,400}={0,3}", "glc_",
     .trigger = "glc_eyJ[0-9A-Za-z+/]{32}"},
    {"grafana-service-account", "Service account's token of Grafana", SEVERITY_CRITICAL, "glsa_[0-9A-Za-z]{32}_[0-9A-Fa-f]{8}", "glsa"},
    {"grafana-key", "API key of Grafana", SEVERITY_HIGH, "eyJrIjoi[0-9A-Za-z]{70,400}={0,3}", "eyJr", .trigger = "eyJrIjoi[0-9A-Za-z]{70}"},
    {"newrelic-user-key", "User's key of New Relic", SEVERITY_HIGH, "NRAK-[0-9A-Z]{27}", "NRAK"},
    {"newrelic-insert-key", "Insert key of New Relic", SEVERITY_MEDIUM, "NRII-[0-9A-Za-z_-]{32}", "NRII"},
    {"newrelic-license-key", "Licence key of New Relic", SEVERITY_MEDIUM, "[0-9a-f]{32}(?:[0-9a-f]{4}NRAL|FFFFNRAL)", NULL,
     .trigger = "[0-9a-f]{4}NRAL|FFFFNRAL"},
    {"datadog-key", "API key of Datadog", SEVERITY_HIGH, SECRET_ASSIGNED("(?:datadog|dd)_?[a-z_.-]{0,20}(?:api|key)", "[0-9a-f]{32}")},
    {"datadog-app-key", "Application key of Datadog", SEVERITY_HIGH, SECRET_ASSIGNED("(?:datadog|dd)_?[a-z_.-]{0,20}app", "[0-9a-f]{40}")},
    {"sentry-org-token", "Organisation's token of Sentry", SEVERITY_HIGH, "sntrys_eyJ[0-9A-Za-z+/=_-]{80,400}", "sntr",
     .trigger = "sntrys_eyJ[0-9A-Za-z+/=_-]{80}"},
    {"sentry-user-token", "User's token of Sentry", SEVERITY_HIGH, "sntryu_[0-9a-f]{64}", "sntr"},
    {"sentry-dsn", "Old DSN of Sentry with its secret", SEVERITY_LOW, "https?://[0-9a-f]{32}:([0-9a-f]{32})@[0-9a-z.-]{0,60}sentry\\.[0-9a-z"
     ".-]{2,40}/[0-9]{1,10}"},
    {"dynatrace-token", "Token of Dynatrace", SEVERITY_CRITICAL, "dt0[a-z][0-9]{2}\\.[0-9A-Z]{24}\\.[0-9A-Z]{64}", "dt0"},
    {"honeycomb-key", "Ingest key of Honeycomb", SEVERITY_MEDIUM, "hc[a-z]ik_[0-9a-z]{58}", "hc"},
    {"elastic-cloud-key", "API key of Elastic Cloud", SEVERITY_HIGH, "essu_[0-9A-Za-z+/=_-]{40,200}", "essu",
     .trigger = "essu_[0-9A-Za-z+/=_-]{40}",
     .check = secret_check_mixed},
    {"splunk-hec-token", "Token of Splunk's event collector", SEVERITY_HIGH,
     "(?i:authorization)[\"']{0,2}[ \\t]{0,4}[:=][ \\t]{0,4}[\"']?(?i:splunk) {1,4}(" SECRET_UUID ")"},
    {"sumologic-key", "Access key of Sumo Logic", SEVERITY_HIGH, SECRET_ASSIGNED("sumo_?(?:logic)?[a-z_.-]{0,20}key", "[0-9A-Za-z]{64}"), NULL,
     .entropy = 4},
    {"logzio-token", "Shipping token of Logz.io", SEVERITY_MEDIUM, SECRET_ASSIGNED("logz[a-z_.-]{0,20}token", "[0-9A-Za-z]{32}"), NULL,
     .entropy = 3.6,
     .check = secret_check_mixed},
    {"pagerduty-key", "API key of PagerDuty", SEVERITY_HIGH, SECRET_ASSIGNED("(?:pagerduty|pd)[a-z_.-]{0,20}(?:token|key)", "[0-9A-Za-z_+-]{20}"),
     NULL,
     .entropy = 3.4, .check = secret_check_mixed},
    {"opsgenie-key", "API key of Opsgenie", SEVERITY_HIGH, SECRET_ASSIGNED("opsgenie[a-z_.-]{0,20}key", SECRET_UUID)},
    {"posthog-key", "Personal key of PostHog", SEVERITY_HIGH, "phx_[0-9A-Za-z]{43,48}", "phx_"},
    {"launchdarkly-key", "Key of LaunchDarkly", SEVERITY_HIGH, SECRET_ASSIGNED("launch_?darkly[a-z_.-]{0,20}(?:key|token)", "(?:sdk|api|mob)-"
     SECRET_UUID)},
    {"statsig-secret", "Server secret of Statsig", SEVERITY_HIGH, "secret-[0-9A-Za-z]{43}", "secr", .entropy = 4, .check = secret_check_mixed},
    {"rollbar-token", "Access token of Rollbar", SEVERITY_MEDIUM, SECRET_ASSIGNED("rollbar[a-z_.-]{0,20}token", "[0-9a-f]{32}")},
    {"bugsnag-key", "API key of Bugsnag", SEVERITY_LOW, SECRET_ASSIGNED("bugsnag[a-z_.-]{0,20}key", "[0-9a-f]{32}")},
    {"mixpanel-secret", "API secret of Mixpanel", SEVERITY_MEDIUM, SECRET_ASSIGNED("mixpanel[a-z_.-]{0,20}secret", "[0-9a-f]{32}")},
    {"segment-key", "Token of Segment's public API", SEVERITY_HIGH, "sgp_[0-9A-Za-z]{64}", "sgp_"},
    {"logdna-key", "Ingestion key of LogDNA", SEVERITY_MEDIUM, SECRET_ASSIGNED("logdna[a-z_.-]{0,20}key", "[0-9a-f]{32}")},
    {"better-stack-token", "Source token of Better Stack", SEVERITY_MEDIUM,
     SECRET_ASSIGNED("(?:logtail|better_?stack)[a-z_.-]{0,20}token", "[0-9A-Za-z]{24}"), NULL,
     .check = secret_check_mixed},
};
/* clang-format on */

const SecretRuleSet secret_rules_operations = {rules, G_N_ELEMENTS(rules)};
