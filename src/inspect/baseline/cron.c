/* The tables and scripts of cron: what fetches a program and runs it. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

/* The last part of a path. */
static bool
is_shell(const char *word)
{
  const char *slash = strrchr(word, '/');
  return config_is_one_of(slash == NULL ? word : slash + 1,
                          "sh bash dash ash zsh ksh python python2 python3 perl ruby php");
}

/* The program that fetches, of those that are named in @text; or NULL. (transfer full) */
static char *
fetcher_of(const char *text)
{
  g_auto(GStrv) words = g_strsplit_set(text, " \t\"'`()", -1);
  for (char **word = words; *word != NULL; word++) {
    const char *slash = strrchr(*word, '/');
    const char *name = slash == NULL ? *word : slash + 1;
    if (config_is_one_of(name, "curl wget fetch"))
      return g_strdup(name);
  }
  return NULL;
}

static bool
fetches(const char *text)
{
  g_autofree char *fetcher = fetcher_of(text);
  return fetcher != NULL;
}

/* Whether a shell is what the output of something goes to. */
static bool
begins_with_shell(const char *text)
{
  g_auto(GStrv) words = config_words(text, false);
  char **word = words;
  while (*word != NULL && config_is_one_of(*word, "sudo exec env nohup"))
    word++;
  return *word != NULL && is_shell(*word);
}

/* "curl URL | sh", "sh -c "$(curl URL)"", "bash <(curl URL)". */
static bool
runs_what_it_fetches(const char *line)
{
  g_auto(GStrv) parts = g_strsplit(line, "|", -1);
  for (char **part = parts; *part != NULL && part[1] != NULL; part++)
    if (fetches(*part) && begins_with_shell(part[1]))
      return true;
  const char *inner = strstr(line, "$(");
  inner = inner == NULL ? strstr(line, "<(") : inner;
  inner = inner == NULL ? strchr(line, '`') : inner;
  if (inner == NULL || !fetches(inner))
    return false;
  g_autofree char *before = g_strndup(line, (size_t)(inner - line));
  g_auto(GStrv) words = g_strsplit_set(before, " \t\"'", -1);
  for (char **word = words; *word != NULL; word++)
    if (is_shell(*word) || strcmp(*word, "eval") == 0)
      return true;
  return false;
}

/* "curl http://HOST": the program and where it fetches from. All else of the line, accounts and
 * tokens among it, stays in the image. (transfer full) */
static char *
shown_of(const char *line)
{
  static const char *const host_letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
  g_autofree char *fetcher = fetcher_of(line);
  const char *mark = strstr(line, "://");
  if (mark == NULL)
    return g_steal_pointer(&fetcher);
  const char *scheme = mark, *host = mark + strlen("://");
  while (scheme > line && g_ascii_isalpha(scheme[-1]))
    scheme--;
  const char *end = host + strcspn(host, " \t/?#\"'`|;)"), *at = memrchr(host, '@', end - host);
  host = at == NULL ? host : at + 1;
  return g_strdup_printf("%s %.*s://%.*s", fetcher, (int)(mark - scheme), scheme,
                         (int)strspn(host, host_letters), host);
}

static void
read_cron(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "cron"};
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    if (*line == '#' || !runs_what_it_fetches(line))
      continue;
    g_autofree char *shown = shown_of(line);
    facts_add(&facts, "fetch", shown);
  }
}

static const char *const cron_places[] = {"etc/crontab",
                                          "etc/cron.d/",
                                          "etc/cron.hourly/",
                                          "etc/cron.daily/",
                                          "etc/cron.weekly/",
                                          "etc/cron.monthly/",
                                          "var/spool/cron/crontabs/",
                                          "var/spool/cron/",
                                          NULL};

const Detector cron_detector = {
    .name = "cron",
    .version = 2,
    .places = cron_places,
    .alike = true,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_cron,
};
