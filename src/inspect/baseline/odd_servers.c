/* Servers of whose files one line matters: vsftpd.conf and snmpd.conf. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

static void
read_odd_server(Slice bytes, const char *location, LayerInventory *into)
{
  bool ftp = g_str_has_suffix(location, "vsftpd.conf");
  Facts facts = {.into = into, .path = location, .service = ftp ? "vsftpd" : "snmpd"};
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts.line = lines.number;
    g_autofree char *text = g_strdup(line);
    if (ftp)
      g_strdelimit(text, "=", ' ');
    g_auto(GStrv) words = config_words(text, true);
    if (words[0] == NULL || words[1] == NULL)
      continue;
    /* Other names of communities are secrets. */
    if (ftp ? config_is_one_of(words[0], "anonymous_enable")
            : config_is_one_of(words[0], "rocommunity rwcommunity rocommunity6 rwcommunity6") &&
                  config_is_one_of(words[1], "public private"))
      facts_add(&facts, ftp ? "anonymous" : "community", words[1]);
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
