/* Passwords where commands and markup have them: options, parameters of URLs, elements, constants.
 * Whoever writes a manual writes these, too, so each is asked for more than a word. */
#include "inspect/secrets/checks.h"

#define VALUE(least) "[^\\s\"'`\\\\<>${}()\\[\\],;&|]{" least ",200}"
/* Prose goes on in any language after a name with a hyphen ("update-passwd"). */
#define ASCII_VALUE(least) "[^\\s\\x80-\\xff\"'`\\\\<>${}()\\[\\],;&|]{" least ",200}"
#define OPTION_START       "[\\s\"',=(\\[]-"
#define OPTION_NAME                                                                                \
  "(?:password|passwd|passphrase|secret|token|api-?key|access-?key|secret-?key|auth-?key|client-?" \
  "secret)"
#define PASSWORD_NAME "(?:password|passwd|pwd|api_?key|access_?token|auth_?token|client_?secret)"
#define DATABASE      "(?:mysql|mariadb|mongo)[a-z_-]{0,12}"

/* clang-format off */
static const SecretRule rules[] = {
    {"registry-login-password", "Password of a log-in to a registry", SEVERITY_HIGH,
     "(?:docker|podman|nerdctl|skopeo|buildah|crane|oras|helm|regctl)[ \\t]{1,4}(?:[a-z]{2,10}[ \\t]{1,4}){0,2}login[ \\t][^\\n|;&]{0,200}?"
     "(?:-p|--password)[ \\t=]{1,4}[\"']?(" VALUE("4") ")", NULL,
     .flags = SECRET_RULE_GENERIC | SECRET_RULE_PHRASE,
     .trigger = "login[ \\t][^\\n|;&]{0,200}(?:-p|--password)[ \\t=]{1,4}[\"']?" "[^\\s\"'`\\\\<>${}()\\[\\],;&|]{4}", .check = secret_check_password},
    {"database-client-password", "Password of a database client's command", SEVERITY_HIGH,
     DATABASE "[\"']?[\\s,][^\\n|;&]{0,200}?[\\s\"',]-p[\"']?(" VALUE("4") ")", NULL,
     .flags = SECRET_RULE_GENERIC | SECRET_RULE_PHRASE,
     .trigger = DATABASE "[\"']?[\\s,][^\\n|;&]{0,200}-p[\"']?[^\\s\"'`\\\\<>${}()\\[\\],;&|]{4}", .check = secret_check_password},
    {"option-secret", "Secret in an option of a command", SEVERITY_HIGH,
     OPTION_START "(?i:[0-9a-z_.-]{0,60}" OPTION_NAME ")(?:=[\"']?|[ \\t]{1,4}[\"']?|[\"'][ \\t]?,[ \\t]?[\"']|\\n)(?!id=)(" ASCII_VALUE("6") ")", NULL,
     .flags = SECRET_RULE_GENERIC | SECRET_RULE_PHRASE,
     .trigger = OPTION_START "(?i:[0-9a-z_.-]{0,60}" OPTION_NAME ")(?:=[\"']?|[ \\t]{1,4}[\"']?|[\"'][ \\t]?,[ \\t]?[\"']|\\n)[^\\s\\x80-\\xff\"'`\\\\<>${}()\\[\\],;&|]{6}",
     .check = secret_check_password},
    {"url-parameter", "URL with a password as a parameter", SEVERITY_HIGH,
     "[a-z][a-z0-9+.-]{1,20}:[^\\s\"'<>]{2,300}?[?&;](?i:" PASSWORD_NAME ")=(" VALUE("5") ")", NULL,
     .flags = SECRET_RULE_GENERIC | SECRET_RULE_PHRASE,
     .trigger = "[?&;](?i:" PASSWORD_NAME ")=[^\\s\"'`\\\\<>${}()\\[\\],;&|]{5}", .check = secret_check_password},
    {"element-password", "Password in an element of XML", SEVERITY_HIGH,
     "<(?i:[a-z_.:-]{0,30}(?:password|passwd|passphrase|secret|api_?key))>[ \\t]{0,4}(" VALUE("5") ")[ \\t]{0,4}</", NULL,
     .flags = SECRET_RULE_GENERIC | SECRET_RULE_PHRASE,
     .trigger = "(?i:password|passwd|passphrase|secret|api_?key)>[ \\t]{0,4}[^\\s\"'`\\\\<>${}()\\[\\],;&|]{5,200}[ \\t]{0,4}</", .check = secret_check_password},
    {"php-constant", "Secret in a constant of PHP", SEVERITY_HIGH,
     "define[ \\t]?\\([ \\t]{0,4}[\"'][0-9A-Z_]{0,40}(?:PASSWORD|PASSWD|PASS|PWD|SECRET|API_?KEY|TOKEN)[\"'][ \\t]{0,4},[ \\t]{0,4}[\"']"
     "([^\"'\\n]{5,200})[\"']", NULL,
     .flags = SECRET_RULE_GENERIC | SECRET_RULE_PHRASE,
     .trigger = "define[ \\t]?\\([ \\t]{0,4}[\"'][0-9A-Z_]{0,40}(?:PASSWORD|PASSWD|PASS|PWD|SECRET|API_?KEY|TOKEN)[\"'][ \\t]{0,4},[ \\t]{0,4}[\"']"
     "[^\"'\\n]{5}", .check = secret_check_password},
};
/* clang-format on */

const SecretRuleSet secret_rules_commands = {rules, G_N_ELEMENTS(rules)};
