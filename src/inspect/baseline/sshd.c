/* sshd_config(5) of OpenSSH. The keyword and its value are parted by blanks or one "="; keywords
 * know no case; a "Match" block lasts to the next one or to the end of the file. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

#define KEYS                                                                                       \
  "permitrootlogin permitemptypasswords passwordauthentication protocol ciphers macs "             \
  "kexalgorithms hostkeyalgorithms pubkeyacceptedalgorithms hostbasedauthentication ignorerhosts " \
  "permituserenvironment strictmodes usepam"

static void
take_include(Facts *facts, char **words)
{
  for (; *words != NULL; words++)
    facts_add(facts, "include", *words);
}

/* @scope: of the block that is open, owned by the caller. */
static void
take_line(Facts *facts, const char *line, char **scope)
{
  size_t size = strcspn(line, " \t=");
  g_autofree char *key = g_ascii_strdown(line, (gssize)size);
  line += size + strspn(line + size, " \t");
  line += *line == '=';
  g_auto(GStrv) words = config_words(line, true);
  g_autofree char *value = g_strjoinv(" ", words);
  if (strcmp(key, "match") == 0) {
    g_free(*scope);
    *scope = g_strconcat("Match ", value, NULL);
    facts->scope = *scope;
  } else if (strcmp(key, "include") == 0) {
    take_include(facts, words);
  } else if (*value != '\0' && config_is_one_of(key, KEYS)) {
    facts_add(facts, key, value);
  }
}

static void
read_sshd(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "sshd"};
  g_auto(ConfigLines) lines = {.line = NULL};
  g_autofree char *scope = NULL;
  config_lines_init(&lines, bytes, false);
  facts_add(&facts, "file", "");
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    if (*line != '#')
      take_line(&facts, line, &scope);
  }
}

static const char *const sshd_places[] = {"etc/ssh/sshd_config", "etc/ssh/sshd_config.d/",
                                          "usr/etc/ssh/sshd_config", "usr/etc/ssh/sshd_config.d/",
                                          NULL};

const Detector sshd_detector = {
    .name = "sshd",
    .version = 1,
    .places = sshd_places,
    .observes = true,
    .alike = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_sshd,
};
