/* Names of variables that hold secrets, values that can be some, and texts without them. */
#include <string.h>

#include "base/slice.h"
#include "inspect/configuration/configuration-private.h"

#define SHOWN_MAX 200u
#define MASK      "****"
/* Shorter ones may be words. */
#define KNOWN_LEAST 6u
/* Of a text that is masked. */
#define MASKED_MAX 4096u

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
      "_PASSWORD_",   "_PASSWD_",      "_PASSPHRASE_",     "_PASSWORT_",    "_SECRET_",
      "_SECRETS_",    "_TOKEN_",       "_APIKEY_",         "_API_KEY_",     "_ACCESS_KEY_",
      "_SECRET_KEY_", "_PRIVATE_KEY_", "_ENCRYPTION_KEY_", "_SIGNING_KEY_", "_AUTH_KEY_",
      "_CREDENTIAL_", "_CREDENTIALS_", "_PASS_",           "_DB_PWD_",      "_USER_PWD_",
      "_ROOT_PWD_",   "_CLIENT_KEY_",  "_MASTER_KEY_",     "_ACCOUNT_KEY_", "_PAT_"};
  /* What is about a secret, and none itself. */
  static const char *const about[] = {
      "_FILE_",     "_PATH_",    "_DIR_",      "_URL_",     "_URI_",       "_NAME_",
      "_ID_",       "_TTL_",     "_EXPIRY_",   "_EXPIRES_", "_LENGTH_",    "_TYPE_",
      "_ENABLED_",  "_HEADER_",  "_ENDPOINT_", "_VERSION_", "_ALGORITHM_", "_PUBLIC_",
      "_MOUNT_",    "_POLICY_",  "_REQUIRED_", "_HOST_",    "_ALLOW_",     "_EMPTY_",
      "_RANDOM_",   "_DISABLE_", "_DISABLED_", "_SHA256_",  "_LIFETIME_",  "_ENV_",
      "_MIN_",      "_MAX_",     "_SOURCE_",   "_SERVICE_", "_ISSUER_",    "_AUDIENCE_",
      "_USERNAME_", "_PROVIDER_"};
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

/* --- masking --- */

/* "NAME=value", "--password=value", "password: value": the value, in a text. */
static void
mask_values(GString *text)
{
  for (gsize at = 1; at < text->len; at++) {
    if (text->str[at] != '=' && text->str[at] != ':')
      continue;
    gsize start = at;
    while (start > 0 && (g_ascii_isalnum(text->str[start - 1]) || text->str[start - 1] == '_' ||
                         text->str[start - 1] == '-'))
      start--;
    g_autofree char *name = g_strndup(text->str + start, at - start);
    gsize value = at + 1 + strspn(text->str + at + 1, " ");
    if (!configuration_names_secret(name) || value >= text->len)
      continue;
    char quote = text->str[value] == '\'' || text->str[value] == '"' ? text->str[value] : '\0';
    value += quote != '\0';
    const char *ends = quote == '\'' ? "'" : quote == '"' ? "\"" : " ;&|";
    gsize size = strcspn(text->str + value, ends);
    if (size == 0)
      continue;
    g_string_erase(text, (gssize)value, (gssize)size);
    g_string_insert(text, (gssize)value, MASK);
    at = value;
  }
}

/* "https://user:password@host" */
static void
mask_addresses(GString *text)
{
  for (const char *mark = strstr(text->str, "://"); mark != NULL;) {
    gsize start = (gsize)(mark - text->str) + 3;
    gsize host = strcspn(text->str + start, " /'\"?#;|");
    const char *at = memrchr(text->str + start, '@', host);
    if (at != NULL) {
      gsize size = (gsize)(at - text->str) - start;
      const char *colon = memchr(text->str + start, ':', size);
      gsize from = colon == NULL ? start : (gsize)(colon - text->str) + 1;
      g_string_erase(text, (gssize)from, (gssize)(size - (from - start)));
      g_string_insert(text, (gssize)from, MASK);
    }
    mark = strstr(text->str + start, "://");
  }
}

/* The word after what takes a secret: "-u user:password", "--password x". */
static void
mask_next(GString *text, const char *option, bool after_colon)
{
  for (const char *found = strstr(text->str, option); found != NULL;) {
    gsize value = (gsize)(found - text->str) + strlen(option);
    gsize size = strcspn(text->str + value, " ;&|");
    const char *colon = after_colon ? memchr(text->str + value, ':', size) : text->str + value - 1;
    gsize from = colon == NULL ? value + size : (gsize)(colon - text->str) + 1;
    gsize gone = value + size - from;
    if (gone > 0 && text->str[value] != '-') {
      g_string_erase(text, (gssize)from, (gssize)gone);
      g_string_insert(text, (gssize)from, MASK);
    }
    found = strstr(text->str + value, option);
  }
}

/* "echo root:password | chpasswd": all that is piped or given to it. */
static void
mask_accounts(GString *text)
{
  if (strstr(text->str, "chpasswd") == NULL && strstr(text->str, "passwd --stdin") == NULL)
    return;
  for (gsize at = 0; at < text->len; at++) {
    if (text->str[at] != ':' || at == 0 || !g_ascii_isalnum(text->str[at - 1]))
      continue;
    gsize size = strcspn(text->str + at + 1, " '\"\\|;<");
    g_string_erase(text, (gssize)at + 1, (gssize)size);
    g_string_insert(text, (gssize)at + 1, MASK);
  }
}

/* Also where only a beginning of it is left of a text that was cut. */
static void
mark_known(const GString *text, const char *secret, bool *hidden)
{
  size_t size = strlen(secret), marked = 0;
  if (size < KNOWN_LEAST)
    return;
  for (const char *at = text->str; (at = strstr(at, secret)) != NULL; at++) {
    size_t start = (size_t)(at - text->str), from = MAX(start, marked);
    marked = start + size;
    memset(hidden + from, true, marked - from);
  }
  for (size_t left = MIN(size, text->len); left >= KNOWN_LEAST; left--)
    if (memcmp(text->str + text->len - left, secret, left) == 0) {
      memset(hidden + text->len - left, true, left);
      return;
    }
}

/* All are found before one is replaced: they may share bytes. (transfer full) */
static GString *
without_known(const GString *text, const GPtrArray *secrets)
{
  g_autofree bool *hidden = g_new0(bool, text->len + 1);
  GString *rest = g_string_new(NULL);
  for (guint i = 0; secrets != NULL && i < secrets->len; i++)
    mark_known(text, g_ptr_array_index(secrets, i), hidden);
  for (gsize i = 0; i < text->len; i++)
    if (!hidden[i])
      g_string_append_c(rest, text->str[i]);
    else if (i == 0 || !hidden[i - 1])
      g_string_append(rest, MASK);
  return rest;
}

char *
configuration_masked(const char *text, const GPtrArray *secrets)
{
  g_autoptr(GString) cut = g_string_new_len(text, (gssize)strnlen(text, MASKED_MAX));
  g_autoptr(GString) masked = without_known(cut, secrets);
  for (gsize i = 0; i < masked->len; i++)
    if (g_ascii_isspace(masked->str[i]))
      masked->str[i] = ' ';
  mask_values(masked);
  mask_addresses(masked);
  static const char *const options[] = {
      " --password ", " --passwd ",        " --token ", " -p ",   " --pass ",
      " --secret ",   " --http-password ", " Bearer ",  " Basic "};
  for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
    if (strcmp(options[i], " -p ") != 0 || strstr(masked->str, "usermod") != NULL ||
        strstr(masked->str, "useradd") != NULL || strstr(masked->str, "login") != NULL)
      mask_next(masked, options[i], false);
  mask_next(masked, " -u ", true);
  mask_next(masked, " --user ", true);
  mask_accounts(masked);
  return slice_to_printable(slice_new(masked->str, masked->len), SHOWN_MAX);
}
