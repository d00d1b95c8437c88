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
take_setting(Facts *facts, const ConfigSettings *setting, char **scope)
{
  g_autofree char *value = config_settings_value(setting);
  if (strcmp(setting->name, "match") == 0) {
    g_free(*scope);
    *scope = g_strconcat("Match ", value, NULL);
    facts->scope = *scope;
  } else if (strcmp(setting->name, "include") == 0) {
    take_include(facts, setting->words);
  } else if (*value != '\0' && config_is_one_of(setting->name, KEYS)) {
    facts_add(facts, setting->name, value);
  }
}

static void
read_sshd(Slice bytes, const char *location, LayerInventory *into)
{
  static const SettingForm form = {.separators = " \t=", .comments = "#", .hash = true};
  Facts facts = {.into = into, .path = location, .service = "sshd"};
  g_auto(ConfigSettings) settings = {.form = NULL};
  g_autofree char *scope = NULL;
  config_settings_init(&settings, bytes, &form);
  facts_add(&facts, "file", "");
  while (config_settings_next(&settings, &facts))
    take_setting(&facts, &settings, &scope);
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
