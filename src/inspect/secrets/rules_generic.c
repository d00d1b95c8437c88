/* What a name says is secret, whoever issued it: the last of all. Words, variables and paths are
 * the rule in what programs assign to such names, so each is asked for more. */
#include "inspect/secrets/checks.h"

#define ASSIGNS             "[\"'\\]]{0,2}[ \\t]{0,4}(?:=>|:=|=|:)[ \\t]{0,4}"
#define QUOTED(least, most) "[\"']([^\\s\"'`\\\\<>${}()\\[\\],;]{" least "," most "})[\"']"
#define IN_ENVIRONMENT                                                                             \
  "(?:PASSWORD|PASSWD|_PASS|_PWD|SECRET|API_?KEY|APIKEY|ACCESS_?KEY|AUTH_?KEY|ACCESS_?TOKEN|"      \
  "AUTH_?TOKEN|TOKEN|PRIVATE_?KEY|CREDENTIALS?)"

/* clang-format off */
static const SecretRule rules[] = {
    {"url-password", "URL with a password", SEVERITY_HIGH,
     "[a-z][a-z0-9+.-]{2,20}://[0-9A-Za-z_.%~+-]{0,64}:([^\\s:@/\"'<>`{}()$\\[\\]\\\\|,;]{5,200})@[0-9A-Za-z_.-]{2,}", NULL,
     .flags = SECRET_RULE_PHRASE | SECRET_RULE_GENERIC,
     .trigger = "[a-z0-9]://[0-9A-Za-z_.%~+-]{0,64}:[^\\s:@/\"'<>`{}()$\\[\\]\\\\|,;]{5,200}@[0-9A-Za-z_.-]{2}", .check = secret_check_password},
    {"environment-secret", "Secret in a variable of the environment", SEVERITY_HIGH,
     "[0-9A-Z_]{0,60}" IN_ENVIRONMENT "[0-9A-Z_]{0,12}=[\"']?([^\\s\"'`\\\\<>${}()\\[\\],;&|]{6,200})", NULL,
     .flags = SECRET_RULE_GENERIC | SECRET_RULE_PHRASE,
     .trigger = IN_ENVIRONMENT "[0-9A-Z_]{0,12}=[\"']?[^\\s\"'`\\\\<>${}()\\[\\],;&|]{6}", .check = secret_check_password},
    {"generic-password", "Password", SEVERITY_HIGH,
     "(?i:password|passwd|passphrase|pwd)[0-9A-Za-z_]{0,12}" ASSIGNS QUOTED("8", "120"), NULL,
     .flags = SECRET_RULE_GENERIC | SECRET_RULE_PHRASE,
     .trigger = "(?i:password|passwd|passphrase|pwd)[0-9A-Za-z_]{0,12}" ASSIGNS "[\"'][^\\s\"'`\\\\<>${}()\\[\\],;]{8,120}[\"']",
     .check = secret_check_password},
    {"generic-secret", "Secret", SEVERITY_HIGH,
     "(?i:secret|api_?key|access_?key|auth_?key|encryption_?key|signing_?key|private_?key|client_?key)[0-9A-Za-z_]{0,12}" ASSIGNS
     QUOTED("16", "200"), NULL,
     .entropy = 3.7, .flags = SECRET_RULE_GENERIC,
     .trigger = "(?i:secret|api_?key|access_?key|auth_?key|encryption_?key|signing_?key|private_?key|client_?key)[0-9A-Za-z_]{0,12}" ASSIGNS
     "[\"'][^\\s\"'`\\\\<>${}()\\[\\],;]{16,200}[\"']", .check = secret_check_mixed},
    {"generic-token", "Token", SEVERITY_HIGH,
     "(?i:access_?token|auth_?token|bearer_?token|api_?token|refresh_?token|_token)[0-9A-Za-z_]{0,12}" ASSIGNS QUOTED("16", "300"), NULL,
     .entropy = 3.7, .flags = SECRET_RULE_GENERIC,
     .trigger = "(?i:access_?token|auth_?token|bearer_?token|api_?token|refresh_?token|_token)[0-9A-Za-z_]{0,12}" ASSIGNS
     "[\"'][^\\s\"'`\\\\<>${}()\\[\\],;]{16,200}[\"']", .check = secret_check_mixed},
    {"configuration-key", "Key or token in a configuration", SEVERITY_HIGH,
     "(?im:^[ \\t]{0,16}(?:- )?[0-9a-z_.-]{0,40}(?:api[_-]?key|access[_-]?key|auth[_-]?key|secret[_-]?key|encryption[_-]?key|signing[_-]?key|"
     "private[_-]?key|client[_-]?secret|token))[ \\t]{0,4}[:=][ \\t]{0,4}([^\\s\"'`\\\\<>${}()\\[\\],;&|]{16,200})[ \\t]{0,4}(?:[\\r\\n]|\\z)", NULL,
     .entropy = 3, .flags = SECRET_RULE_GENERIC,
     .trigger = "(?i:key|secret|token)[ \\t]{0,4}[:=][ \\t]{0,4}[^\\s\"'`\\\\<>${}()\\[\\],;&|]{16}", .check = secret_check_mixed},
    {"configuration-password", "Password in a configuration", SEVERITY_HIGH,
     "(?im:^[ \\t]{0,16}(?:[0-9a-z_.-]{0,40}[_.-])?(?:password|passwd|requirepass|bindpw|secret|masterauth))(?:[ \\t]{0,4}[:=][ \\t]{0,4}|[ "
     "\\t]{1,4})"
     "[\"']?([^\\s\"'`\\\\<>${}()\\[\\],;#]{6,120})[\"']?[ \\t]{0,4}(?:[\\r\\n]|\\z)", NULL,
     .flags = SECRET_RULE_GENERIC | SECRET_RULE_PHRASE,
     .trigger = "(?i:password|passwd|requirepass|bindpw|secret|masterauth)(?:[ \\t]{0,4}[:=][ \\t]{0,4}|[ \\t]{1,4})"
     "[\"']?[^\\s\"'`\\\\<>${}()\\[\\],;#]{6}", .check = secret_check_password},
};
/* clang-format on */

const SecretRuleSet secret_rules_generic = {rules, G_N_ELEMENTS(rules)};
