/* Who made a package, by its vendor and by the marks that third parties leave in versions. */
#include "inventory/maker.h"

#include <string.h>

#include "version/version.h"

/* Services that build whatever anybody sends, under names with the distribution's in them. */
static const char *const build_services[] = {"copr", "obs://", "launchpad ppa", NULL};

/* In lower case. What none of them fits is not taken for a third party, except by a mark. */
static const char *const third_parties[] = {
    "adoptium",     "amazon",         "anchore",       "aqua security",
    "azul",         "bellsoft",       "calyptia",      "chef software",
    "chronosphere", "chrome linux",   "citus",         "clickhouse",
    "cloudbees",    "cloudflare",     "cloudlinux",    "cockroach",
    "confluent",    "couchbase",      "crowdsec",      "datadog",
    "docker",       "elastic",        "elrepo",        "epel",
    "falco",        "fedora project", "gitlab",        "github",
    "google",       "grafana",        "haproxy tech",  "hashicorp",
    "icinga",       "influx",         "ius community", "jenkins",
    "kubernetes",   "litespeed",      "mariadb",       "microsoft",
    "mongodb",      "mysql",          "neo4j",         "new relic",
    "nginx",        "nodesource",     "nvidia",        "openresty",
    "opensearch",   "oracle and/or",  "percona",       "pgdg",
    "phusion",      "plesk",          "proxmox",       "postgresql global",
    "proxysql",     "puppet",         "rabbitmq",      "redis",
    "remi collet",  "remi's",         "rpm fusion",    "rpmfusion",
    "saltstack",    "scylla",         "sury",          "sysdig",
    "tailscale",    "timescale",      "treasure data", "tuxcare",
    "varnish",      "vmware",         "wazuh",         "zabbix",
    NULL,
};

/* Versions that no distribution gives: PostgreSQL's own repositories (also of Debian's
 * maintainers), Remi's, NodeSource's, MariaDB's, nginx's, Redis's, Sury's PHP, archives of
 * persons, what TuxCare maintains. */
static const char *const version_marks[] = {"pgdg",    "PGDG", ".remi", "nodesource", "+maria~",
                                            ".ngx",    "rl1~", "+0~20", "~ppa",       "0ppa",
                                            "tuxcare", ".ius", "+rpt",  ".elrepo",    NULL};

/* Names longer than this are judged by their beginning. */
#define VENDOR_LOOKED_AT ((size_t)256)

/* Looked for in small letters, by the quicker search. */
static bool
has_word(const char *text, const char *const *words)
{
  for (; words != NULL && *words != NULL; words++)
    if (strstr(text, *words) != NULL)
      return true;
  return false;
}

/* "8.0.39-1~bookworm", "1.27.4-1~jammy", "3.12.4-1+noble1": built for a release by who builds for
 * many. Debian itself writes ~deb12u1 and ~bpo12. */
static bool
names_release(const Ecosystem *row, const char *version)
{
  for (const ReleaseAlias *each = row->aliases; each != NULL && each->alias != NULL; each++) {
    const char *at = strstr(version, each->alias);
    if (at != NULL && at > version && strchr("~+.-", at[-1]) != NULL)
      return true;
  }
  return false;
}

/* Debian's policy asks for a maintainer's address, so one without it is not Debian's. */
static bool
is_foreign_deb(const Ecosystem *row, const Package *package)
{
  return strchr(package->vendor, '@') == NULL || names_release(row, package->version);
}

/* Whoever publishes an application's package, its ecosystem's advisories speak of it. */
Maker
package_maker(const Ecosystem *row, const Package *package)
{
  char vendor[VENDOR_LOOKED_AT];
  size_t size = 0;
  if (row != NULL && row->application)
    return MADE_BY_DISTRIBUTION;
  if (has_word(package->version, version_marks))
    return MADE_BY_THIRD_PARTY;
  if (row == NULL || package->vendor == NULL || *package->vendor == '\0')
    return MADE_BY_DISTRIBUTION;
  for (; size < sizeof vendor - 1 && package->vendor[size] != '\0'; size++)
    vendor[size] = g_ascii_tolower(package->vendor[size]);
  vendor[size] = '\0';
  if (has_word(vendor, build_services))
    return MADE_BY_THIRD_PARTY;
  if (has_word(vendor, row->makers))
    return MADE_BY_DISTRIBUTION;
  bool is_deb = strcmp(package->type, "deb") == 0;
  /* What is in front of the address: a person's employer made nothing. */
  vendor[strcspn(vendor, "<")] = '\0';
  if (has_word(vendor, third_parties) || (is_deb && is_foreign_deb(row, package)))
    return MADE_BY_THIRD_PARTY;
  return row->makers == NULL ? MADE_BY_DISTRIBUTION : MADE_BY_UNKNOWN;
}

bool
package_is_of_some_distribution(const Package *package)
{
  const Ecosystem *row = NULL;
  if (package->vendor == NULL || *package->vendor == '\0')
    return false;
  while ((row = ecosystem_next_of_type(package->type, row)) != NULL)
    if (row->makers != NULL && package_maker(row, package) == MADE_BY_DISTRIBUTION)
      return true;
  return false;
}
