/* Checks of databases: who reaches them, and who needs no password there. */
#include <string.h>

#include "inspect/baseline/addresses.h"
#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/facts.h"

#define MYSQL                                                                                      \
  "mariadb-server mysql-server mysql-community-server default-mysql-server mariadb mysql "         \
  "mariadb-server-10.3 mariadb-server-10.5 mysql-server-5.7 mysql-server-8.0 mysqld mariadbd"

static bool
is_off(const char *value)
{
  return config_is_one_of(value, "0 off false no");
}

/* --- MySQL and MariaDB --- */

/* Of a folder that is taken in. */
static bool
takes_name(const char *name)
{
  return g_str_has_suffix(name, ".cnf");
}

/* Both files are read, one after the other; the last value counts. */
static GArray *
read_mysql(Baseline *baseline)
{
  static const char *const roots[] = {"etc/my.cnf", "etc/mysql/my.cnf"};
  static const Includes includes = {
      .include = "include", .folders = "includedir", .takes = takes_name};
  GArray *settings = baseline_read(baseline, roots[0], &includes);
  g_autoptr(GArray) more = baseline_read(baseline, roots[1], &includes);
  g_array_set_clear_func(more, NULL);
  g_array_append_vals(settings, more->data, more->len);
  return settings;
}

/* Without a setting it listens on all addresses, too. */
static void
check_mysql_address(Baseline *baseline, const BaselineCheck *check)
{
  if (!baseline_has(baseline, MYSQL))
    return;
  g_autoptr(GArray) settings = read_mysql(baseline);
  const ServiceSetting *address = setting_last(settings, "bind-address");
  const ServiceSetting *no_network = setting_last(settings, "skip-networking");
  const ServiceSetting *file = setting_last(settings, "file");
  if (no_network != NULL && !is_off(setting_value(no_network)))
    return;
  if (address != NULL && addresses_have_any(setting_value(address)))
    baseline_tell(baseline, check->rule, address->of, SEVERITY_UNKNOWN, "bind-address = %s",
                  setting_value(address));
  else if (address == NULL && file != NULL)
    baseline_tell(baseline, check->rule, file->of, SEVERITY_LOW, "no bind-address, so all");
}

/* A switch that is on, also without a value; or a value of a list. */
static void
check_mysql_option(Baseline *baseline, const BaselineCheck *check)
{
  if (!baseline_has(baseline, MYSQL))
    return;
  g_autoptr(GArray) settings = read_mysql(baseline);
  const ServiceSetting *option = setting_last(settings, check->key);
  if (option == NULL)
    return;
  const char *value = setting_value(option);
  if (check->values == NULL ? !is_off(value) : config_is_one_of(value, check->values))
    baseline_tell(baseline, check->rule, option->of, SEVERITY_UNKNOWN, "%s%s%s", check->key,
                  *value == '\0' ? "" : " = ", value);
}

/* Of an account with no rights but those on single databases, or that only the machine itself
 * reaches, it matters less; of one that anybody reaches, more. */
static void
check_mysql_account(Baseline *baseline, const BaselineCheck *check)
{
  static const struct {
    const char *key;
    Severity severity;
  } severities[] = {{"mysqldata.any-host-no-rights", SEVERITY_MEDIUM},
                    {"mysqldata.no-password-any-host", SEVERITY_CRITICAL},
                    {"mysqldata.no-password-local", SEVERITY_MEDIUM}};
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    for (guint j = 0; j < file->facts->len; j++) {
      const ImageObservation *of = g_ptr_array_index(file->facts, j);
      Severity severity = SEVERITY_UNKNOWN;
      if (!g_str_has_prefix(of->observation->rule, check->key))
        continue;
      for (size_t k = 0; k < G_N_ELEMENTS(severities); k++)
        if (strcmp(of->observation->rule, severities[k].key) == 0)
          severity = severities[k].severity;
      baseline_tell(baseline, check->rule, of, severity, "%s", of->observation->shown);
    }
  }
}

/* --- files that stand alone --- */

typedef void VisitFile(Baseline *baseline, const BaselineCheck *check, const FactsOfFile *file);

/* Of each file with facts of @service, "redis." */
static void
visit_files(Baseline *baseline, const BaselineCheck *check, const char *service, VisitFile *visit)
{
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    for (guint j = 0; j < file->facts->len; j++) {
      const ImageObservation *of = g_ptr_array_index(file->facts, j);
      if (g_str_has_prefix(of->observation->rule, service)) {
        visit(baseline, check, file);
        break;
      }
    }
  }
}

/* The last fact of a rule in a file, or NULL. */
static const ImageObservation *
last_fact(const FactsOfFile *file, const char *rule)
{
  for (guint i = file->facts->len; i > 0; i--) {
    const ImageObservation *of = g_ptr_array_index(file->facts, i - 1);
    if (strcmp(of->observation->rule, rule) == 0)
      return of;
  }
  return NULL;
}

static const char *
value_of(const ImageObservation *of)
{
  return of == NULL || of->observation->shown == NULL ? "" : of->observation->shown;
}

/* --- PostgreSQL --- */

typedef struct {
  const ImageObservation *of;
  char **words; /* what follows is of these */
  const char *type, *database, *user, *address, *method;
} HbaRule;

static void
hba_clear(void *rule)
{
  g_strfreev(((HbaRule *)rule)->words);
}

/* False: it is none. */
static bool
hba_parse(HbaRule *rule)
{
  guint count = g_strv_length(rule->words), at = 3;
  if (count < 4)
    return false;
  bool local = strcmp(rule->words[0], "local") == 0;
  rule->type = rule->words[0];
  rule->database = rule->words[1];
  rule->user = rule->words[2];
  if (!local)
    rule->address = rule->words[at++];
  /* A mask of its own. */
  if (!local && at + 1 < count && strspn(rule->words[at], "0123456789.") == strlen(rule->words[at]))
    at++;
  rule->method = at < count ? rule->words[at] : NULL;
  return rule->method != NULL;
}

/* (transfer full): HbaRule */
static GArray *
hba_rules(const FactsOfFile *file)
{
  GArray *rules = g_array_new(FALSE, FALSE, sizeof(HbaRule));
  g_array_set_clear_func(rules, hba_clear);
  for (guint i = 0; i < file->facts->len; i++) {
    const ImageObservation *of = g_ptr_array_index(file->facts, i);
    HbaRule rule = {.of = of};
    if (strcmp(of->observation->rule, "postgres.hba") != 0)
      continue;
    rule.words = g_strsplit(value_of(of), " ", -1);
    if (hba_parse(&rule))
      g_array_append_val(rules, rule);
    else
      hba_clear(&rule);
  }
  return rules;
}

/* What an earlier rule must be to fit all that this one does: "all" in the place of some words. */
static char *
hba_key(const HbaRule *rule, unsigned all)
{
  const char *address = rule->address == NULL ? "" : rule->address;
  return g_strjoin(" ", rule->type, (all & 1) != 0 ? "all" : rule->database,
                   (all & 2) != 0 ? "all" : rule->user,
                   (all & 4) != 0 && *address != '\0' ? "all" : address, NULL);
}

/* The first rule that fits counts: whether one of those before, whose keys are @seen, makes this
 * one idle. Then it is one of them. */
static bool
is_covered(GHashTable *seen, const HbaRule *rule)
{
  bool covered = false;
  for (unsigned all = 0; all < 8 && !covered; all++) {
    g_autofree char *key = hba_key(rule, all);
    covered = g_hash_table_contains(seen, key);
  }
  g_hash_table_add(seen, hba_key(rule, 0));
  return covered;
}

typedef bool IsWeakRule(const HbaRule *rule, Severity *severity);

static bool
is_trusting(const HbaRule *rule, Severity *severity)
{
  bool near = rule->address == NULL || address_is_local(rule->address);
  *severity = near ? SEVERITY_MEDIUM : SEVERITY_UNKNOWN;
  return strcmp(rule->method, "trust") == 0;
}

static bool
is_plain(const HbaRule *rule, Severity *severity)
{
  return g_strv_contains((const char *const[]){"password", "md5", "ident", NULL}, rule->method) &&
         rule->address != NULL && !address_is_local(rule->address) &&
         strcmp(rule->type, "hostssl") != 0;
}

static bool
is_for_any(const HbaRule *rule, Severity *severity)
{
  return rule->address != NULL &&
         (strcmp(rule->address, "all") == 0 || address_is_any(rule->address)) &&
         !g_strv_contains((const char *const[]){"reject", "trust", "cert", NULL}, rule->method);
}

static void
check_hba_file(Baseline *baseline, const BaselineCheck *check, const FactsOfFile *file)
{
  static const struct {
    const char *rule;
    IsWeakRule *is;
  } kinds[] = {{"postgres-trust", is_trusting},
               {"postgres-plain-password", is_plain},
               {"postgres-any-address", is_for_any}};
  g_autoptr(GArray) rules = hba_rules(file);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < rules->len; i++) {
    const HbaRule *rule = &g_array_index(rules, HbaRule, i);
    bool covered = is_covered(seen, rule);
    for (size_t j = 0; j < G_N_ELEMENTS(kinds) && !covered; j++) {
      Severity severity = SEVERITY_UNKNOWN;
      if (strcmp(check->rule, kinds[j].rule) == 0 && kinds[j].is(rule, &severity))
        baseline_tell(baseline, check->rule, rule->of, severity, "%s", value_of(rule->of));
    }
  }
}

static void
check_hba(Baseline *baseline, const BaselineCheck *check)
{
  visit_files(baseline, check, "postgres.hba", check_hba_file);
}

static void
check_postgres_file(Baseline *baseline, const BaselineCheck *check, const FactsOfFile *file)
{
  const ImageObservation *of = last_fact(file, check->key);
  bool weak = check->values == NULL ? addresses_have_any(value_of(of))
                                    : config_is_one_of(value_of(of), check->values);
  if (of != NULL && weak)
    baseline_tell(baseline, check->rule, of, SEVERITY_UNKNOWN, "%s = '%s'",
                  strchr(check->key, '.') + 1, value_of(of));
}

static void
check_postgres(Baseline *baseline, const BaselineCheck *check)
{
  visit_files(baseline, check, check->key, check_postgres_file);
}

/* --- MongoDB, Elasticsearch, memcached --- */

static bool
is_on(const ImageObservation *of)
{
  return config_is_one_of(value_of(of), "1 true yes on enabled");
}

static void
check_mongo_file(Baseline *baseline, const BaselineCheck *check, const FactsOfFile *file)
{
  const ImageObservation *bind = last_fact(file, "mongod.net.bindip");
  const ImageObservation *old = last_fact(file, "mongod.bind_ip");
  const ImageObservation *all = last_fact(file, "mongod.net.bindipall");
  bool asks = is_on(last_fact(file, "mongod.security.authorization")) ||
              is_on(last_fact(file, "mongod.auth"));
  const ImageObservation *by = is_on(all) ? all : bind == NULL ? old : bind;
  if (by != NULL && !asks && (by == all || !addresses_are_local(value_of(by))))
    baseline_tell(baseline, check->rule, by, SEVERITY_UNKNOWN, "no authorization, on %s",
                  by == all ? "all addresses" : value_of(by));
}

static void
check_mongo(Baseline *baseline, const BaselineCheck *check)
{
  visit_files(baseline, check, "mongod.", check_mongo_file);
}

static void
check_search_file(Baseline *baseline, const BaselineCheck *check, const FactsOfFile *file)
{
  const ImageObservation *enabled = last_fact(file, "elasticsearch.xpack.security.enabled");
  const ImageObservation *disabled = last_fact(file, "elasticsearch.plugins.security.disabled");
  const ImageObservation *host = last_fact(file, "elasticsearch.network.host");
  bool off = enabled != NULL && strcmp(value_of(enabled), "false") == 0;
  const ImageObservation *by = off ? enabled : is_on(disabled) ? disabled : NULL;
  bool local = host == NULL || addresses_are_local(value_of(host));
  if (by != NULL)
    baseline_tell(baseline, check->rule, by, local ? SEVERITY_MEDIUM : SEVERITY_UNKNOWN,
                  "%s: %s%s%s", strchr(by->observation->rule, '.') + 1, value_of(by),
                  host == NULL ? "" : ", on ", value_of(host));
}

static void
check_search(Baseline *baseline, const BaselineCheck *check)
{
  visit_files(baseline, check, "elasticsearch.", check_search_file);
}

static void
check_memcached_file(Baseline *baseline, const BaselineCheck *check, const FactsOfFile *file)
{
  const ImageObservation *listens = last_fact(file, "memcached.listen");
  if (listens != NULL && addresses_have_any(value_of(listens)))
    baseline_tell(baseline, check->rule, listens, SEVERITY_UNKNOWN, "-l %s", value_of(listens));
  else if (listens == NULL)
    baseline_tell(baseline, check->rule, last_fact(file, "memcached.file"), SEVERITY_UNKNOWN,
                  "no -l, so all addresses");
}

static void
check_memcached(Baseline *baseline, const BaselineCheck *check)
{
  if (baseline_has(baseline, "memcached"))
    visit_files(baseline, check, "memcached.file", check_memcached_file);
}

static const BaselineCheck checks[] = {
    {"mysql-listens-everywhere", check_mysql_address},
    {"mysql-skip-grant-tables", check_mysql_option, "skip-grant-tables"},
    {"mysql-local-infile", check_mysql_option, "local-infile", "1 on true yes"},
    {"mysql-runs-as-root", check_mysql_option, "user", "root"},
    {"mysql-any-host", baseline_check_fact, "sql.any-host"},
    {"mysql-any-host", check_mysql_account, "mysqldata.any-host"},
    {"mysql-weak-password", baseline_check_fact, "sql.weak-password"},
    {"mysql-weak-password", baseline_check_fact, "mysqldata.weak-password"},
    {"mysql-no-password", check_mysql_account, "mysqldata.no-password"},
    {"postgres-trust", check_hba},
    {"postgres-plain-password", check_hba},
    {"postgres-any-address", check_hba},
    {"postgres-listens-everywhere", check_postgres, "postgres.listen_addresses"},
    {"postgres-weak-hash", check_postgres, "postgres.password_encryption", "md5 off"},
    {"mongod-no-authorization", check_mongo},
    {"elasticsearch-no-security", check_search},
    {"memcached-listens-everywhere", check_memcached},
};
const BaselineChecks database_checks = {checks, G_N_ELEMENTS(checks)};
