/* Words of the policy language; see the header. */
#include "verdict/words-private.h"

#include <string.h>

#include "base/error.h"
#include "base/suggest.h"
#include "verdict/checks.h"

/* What follows the registry's port, of an image elsewhere: "HOST:PORT/..."; else @text. */
static const char *
after_port(const char *text)
{
  size_t host = strcspn(text, ":/");
  size_t digits = text[host] == ':' ? strspn(text + host + 1, "0123456789") : 0;
  const char *rest = text + host + 1 + digits;
  return host > 0 && digits > 0 && digits <= 5 && *rest == '/' && rest[1] != '\0' ? rest + 1 : text;
}

/* What no repository can be called would protect nothing, in silence. */
static bool
read_repository(const Setting *setting, const char *text, void *value, GError **error)
{
  static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-/*";
  const char *rest = after_port(text);
  size_t size = strlen(rest);
  bool host = rest == text || strspn(text, allowed) == strcspn(text, ":");
  if (host && strspn(rest, allowed) == size && *text != '/' && rest[size - 1] != '/')
    return setting_texts_read(setting, text, value, error);
  return error_set(error, ASSAY_ERROR_INVALID,
                   "must be the name of a repository without its host (with it for images "
                   "elsewhere), in which * and ** stand for others: small letters, digits, and . _ "
                   "- / between them");
}
const SettingKind policy_repositories = {.begin = setting_texts_begin,
                                         .read = read_repository,
                                         .clear = setting_texts_clear,
                                         .many = true};

/* The keys of all checks. (transfer full) */
static GStrv
rule_names(void)
{
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  for (size_t i = 0; policy_checks[i] != NULL; i++)
    for (size_t j = 0; j < policy_checks[i]->count; j++)
      g_strv_builder_add(names, policy_checks[i]->settings[j].key);
  return g_strv_builder_end(names);
}

static bool
read_rule(const Setting *setting, const char *text, void *value, GError **error)
{
  if (policy_check_of(text) != NULL)
    return setting_texts_read(setting, text, value, error);
  g_auto(GStrv) names = rule_names();
  g_autofree char *all = g_strjoinv(", ", names);
  const char *near = suggest_nearest(text, (const char *const *)names);
  return error_set(error, ASSAY_ERROR_INVALID, "must be %s%s%s", near != NULL ? "\"" : "one of ",
                   near != NULL ? near : all, near != NULL ? "\", or another key of a policy" : "");
}
const SettingKind policy_rules = {
    .begin = setting_texts_begin, .read = read_rule, .clear = setting_texts_clear, .many = true};

/* A day in UTC, or a moment with its time zone. */
static bool
read_start(const char *text, bool *is_day, int64_t *start, GError **error)
{
  *is_day = strlen(text) == strlen("2027-01-31");
  g_autofree char *full = *is_day ? g_strconcat(text, "T00:00:00Z", NULL) : g_strdup(text);
  /* Without a time zone no moment is meant, and none is guessed. */
  g_autoptr(GDateTime) moment = g_date_time_new_from_iso8601(full, NULL);
  if (moment == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be a date, 2027-01-31 or 2027-01-31T12:00:00Z");
  *start = g_date_time_to_unix(moment) * G_USEC_PER_SEC + g_date_time_get_microsecond(moment);
  return true;
}

/* A day, to its end. */
static bool
read_moment(const Setting *setting, const char *text, void *value, GError **error)
{
  bool is_day;
  int64_t start;
  if (!read_start(text, &is_day, &start, error))
    return false;
  *(int64_t *)value = exemption_end_of(is_day ? exemption_day_end(start) : start);
  return true;
}
const SettingKind policy_moment = {.read = read_moment};

static bool
read_begin(const Setting *setting, const char *text, void *value, GError **error)
{
  bool is_day;
  return read_start(text, &is_day, value, error);
}
const SettingKind policy_start = {.read = read_begin};

/* One word as a list of one. */
static bool
read_single(const Setting *setting, const char *text, void *value, GError **error)
{
  setting_texts_begin(value);
  return setting_texts_read(setting, text, value, error);
}
const SettingKind policy_single = {
    .begin = setting_texts_begin, .read = read_single, .clear = setting_texts_clear};
