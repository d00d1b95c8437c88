/* Names of variables that hold secrets, and values that can be some. */
#include <string.h>

#include "inspect/configuration/configuration-private.h"

/* "dbPassword" and "DB-PASSWORD" are "_DB_PASSWORD_". (transfer full) */
static char *
in_words(const char *name)
{
  GString *words = g_string_new("_");
  for (const char *p = name; *p != '\0' && words->len < 200; p++) {
    bool upper = p > name && g_ascii_isupper(*p) && g_ascii_islower(p[-1]);
    if (upper)
      g_string_append_c(words, '_');
    g_string_append_c(words, g_ascii_isalnum(*p) ? g_ascii_toupper(*p) : '_');
  }
  g_string_append_c(words, '_');
  return g_string_free(words, FALSE);
}

bool
configuration_names_secret(const char *name)
{
  static const char *const secret[] = {
      "PASSWORD_",    "PASSWD_",       "_PASSPHRASE_",   "_PASSWORT_",       "_SECRET_",
      "SSHPASS_",     "_MYSQL_PWD_",   "REDISCLI_AUTH_", "_AUTH_KEY_",       "_PASSPHRASES_",
      "_PASSWORDS_",  "_TOKENS_",      "_LICENSE_KEY_",  "_AUTHKEY_",        "_ACCESSKEY_",
      "_SECRETKEY_",  "_STOREPASS_",   "_KEYPASS_",      "_REQUIREPASS_",    "_ROOTPW_",
      "_ROOT_PW_",    "_SECRETS_",     "_TOKEN_",        "_APIKEY_",         "_API_KEY_",
      "_ACCESS_KEY_", "_SECRET_KEY_",  "_PRIVATE_KEY_",  "_ENCRYPTION_KEY_", "_SIGNING_KEY_",
      "_CREDENTIAL_", "_CREDENTIALS_", "_PASS_",         "_DB_PWD_",         "_USER_PWD_",
      "_ROOT_PWD_",   "_CLIENT_KEY_",  "_MASTER_KEY_",   "_ACCOUNT_KEY_",    "_PAT_"};
  /* What is about a secret, and none itself. */
  static const char *const about[] = {
      "_FILE_",     "_PATH_",     "_DIR_",      "_URL_",     "_URI_",       "_NAME_",
      "_ID_",       "_TTL_",      "_EXPIRY_",   "_EXPIRES_", "_LENGTH_",    "_TYPE_",
      "_ENABLED_",  "_HEADER_",   "_ENDPOINT_", "_VERSION_", "_ALGORITHM_", "_PUBLIC_",
      "_MOUNT_",    "_POLICY_",   "_REQUIRED_", "_HOST_",    "_ALLOW_",     "_EMPTY_",
      "_RANDOM_",   "_DISABLE_",  "_DISABLED_", "_SHA256_",  "_LIFETIME_",  "_ENV_",
      "_MIN_",      "_MAX_",      "_SOURCE_",   "_SERVICE_", "_ISSUER_",    "_AUDIENCE_",
      "_USERNAME_", "_PROVIDER_", "_STDIN_",    "_FD_",      "_PROMPT_",    "_HELPER_",
      "_HINT_"};
  g_autofree char *words = in_words(name);
  for (size_t i = 0; i < G_N_ELEMENTS(about); i++)
    if (strstr(words, about[i]) != NULL)
      return false;
  for (size_t i = 0; i < G_N_ELEMENTS(secret); i++)
    if (strstr(words, secret[i]) != NULL)
      return true;
  return false;
}

static bool
is_of_one_letter(const char *value)
{
  for (const char *p = value; *p != '\0'; p++)
    if (*p != *value)
      return false;
  return true;
}

bool
configuration_may_be_secret(const char *value)
{
  static const char *const words[] = {"true", "false", "yes", "no",    "on",  "off",
                                      "null", "none",  "nil", "unset", "todo"};
  static const char *const parts[] = {"placeholder", "example", "your-", "your_", "<",
                                      "${",          "$(",      "{{",    "dummy", "redacted"};
  if (is_of_one_letter(value) || *value == '/' || *value == '$' || *value == '<' || *value == '%')
    return false;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (g_ascii_strcasecmp(value, words[i]) == 0)
      return false;
  g_autofree char *lower = g_ascii_strdown(value, -1);
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    if (strstr(lower, parts[i]) != NULL)
      return false;
  return true;
}
