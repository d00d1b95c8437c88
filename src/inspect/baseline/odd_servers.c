/* Servers of whose files one line matters: vsftpd.conf and snmpd.conf. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

static void
read_odd_server(Slice bytes, const char *location, LayerInventory *into)
{
  static const SettingForm form = {.separators = " \t=", .comments = "#", .hash = true};
  bool ftp = g_str_has_suffix(location, "vsftpd.conf");
  Facts facts = {.into = into, .path = location, .service = ftp ? "vsftpd" : "snmpd"};
  g_auto(ConfigSettings) settings = {.form = NULL};
  config_settings_init(&settings, bytes, &form);
  while (config_settings_next(&settings, &facts)) {
    const char *name = settings.name, *first = settings.words[0];
    /* Other names of communities are secrets. */
    if (first != NULL &&
        (ftp ? strcmp(name, "anonymous_enable") == 0
             : config_is_one_of(name, "rocommunity rwcommunity rocommunity6 rwcommunity6") &&
                   config_is_one_of(first, "public private")))
      facts_add(&facts, ftp ? "anonymous" : "community", first);
  }
}

static const char *const odd_server_places[] = {"etc/vsftpd.conf", "etc/vsftpd/vsftpd.conf",
                                                "etc/snmp/snmpd.conf", NULL};

const Detector odd_servers_detector = {
    .name = "odd-servers",
    .version = 2,
    .places = odd_server_places,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_odd_server,
};
