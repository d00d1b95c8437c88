/* The accounts in the data folder of MariaDB and MySQL: those that may come from any host, that
 * need no password, or have one that is guessed at once. MariaDB keeps them since 10.4 in the table
 * global_priv, a text of JSON for each. What is not read is told: tables of older servers and of
 * MySQL, and a table that its server did not close, whose log has what is newer. No password and no
 * hash leaves this file. */
#include <jansson.h>
#include <string.h>

#include "base/json.h"
#include "inspect/baseline/addresses.h"
#include "inspect/baseline/aria_table.h"
#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"
#include "inspect/baseline/weak_passwords.h"

/* Host, User and Priv: how many bytes their lengths take. */
static const uint8_t widths[] = {2, 2, 4};
enum { FIELD_HOST, FIELD_USER, FIELD_PRIV };

typedef struct {
  Facts facts;
  uint64_t budget; /* for trying passwords */
  unsigned count;
  bool broken;
} Accounts;

/* --- who may log in, and by what --- */

/* By this plugin a hash is kept that can be tried, or none where there is no password. */
static bool
is_native(const char *plugin)
{
  return plugin == NULL || config_is_one_of(plugin, "mysql_native_password mysql_old_password");
}

/* @way: one of several that an account may log in by; empty: that of the account itself. */
static PasswordStrength
strength_of_way(Accounts *accounts, const char *user, const json_t *account, const json_t *way)
{
  const json_t *from = json_object_size(way) == 0 ? account : way;
  const char *hash = json_get_string(from, "authentication_string");
  if (!is_native(json_get_string(from, "plugin")))
    return PASSWORD_NOT_TRIED;
  return password_try_mysql(user, hash == NULL ? "" : hash, &accounts->budget);
}

/* Of the weakest way. */
static PasswordStrength
strength_of(Accounts *accounts, const char *user, const json_t *account)
{
  const json_t *ways = json_object_get(account, "auth_or");
  PasswordStrength weakest = PASSWORD_HOLDS;
  if (json_array_size(ways) == 0)
    return strength_of_way(accounts, user, account, NULL);
  for (size_t i = 0; i < json_array_size(ways); i++) {
    PasswordStrength strength = strength_of_way(accounts, user, account, json_array_get(ways, i));
    if (strength == PASSWORD_EMPTY)
      return strength;
    if (strength == PASSWORD_IS_NAME || strength == PASSWORD_IS_COMMON)
      weakest = strength;
  }
  return weakest;
}

static void
note_account(Accounts *accounts, const char *user, const char *host, const json_t *account)
{
  bool any = mysql_host_is_any(host);
  bool rights = json_number_value(json_object_get(account, "access")) > 0;
  PasswordStrength strength = strength_of(accounts, user, account);
  Facts *facts = &accounts->facts;
  g_autofree char *name =
      g_strdup_printf("%s@%s", *user == '\0' ? "''" : user, *host == '\0' ? "%" : host);
  if (any)
    facts_add_format(facts, rights ? "any-host" : "any-host-no-rights", "%s%s", name,
                     rights ? ", with rights on every database" : "");
  if (strength == PASSWORD_EMPTY)
    facts_add(facts,
              any                      ? "no-password-any-host"
              : address_is_local(host) ? "no-password-local"
                                       : "no-password",
              name);
  else if (strength == PASSWORD_IS_NAME || strength == PASSWORD_IS_COMMON)
    facts_add(facts, "weak-password", name);
}

/* Roles log in nowhere, nor do accounts that are locked. */
static void
take_row(const Slice *fields, void *data)
{
  Accounts *accounts = data;
  g_autofree char *host = slice_to_utf8(fields[FIELD_HOST]);
  g_autofree char *user = slice_to_utf8(fields[FIELD_USER]);
  json_error_t error;
  /* Rights are a number of 64 bits, which jansson's integers do not hold. */
  g_autoptr(json_t) account = json_loadb((const char *)fields[FIELD_PRIV].data,
                                         fields[FIELD_PRIV].size, JSON_DECODE_INT_AS_REAL, &error);
  accounts->broken |= !json_is_object(account);
  accounts->count++;
  if (json_is_object(account) && !json_is_true(json_object_get(account, "is_role")) &&
      !json_is_true(json_object_get(account, "account_locked")) &&
      !facts_are_full(&accounts->facts))
    note_account(accounts, user, host, account);
}

/* --- files --- */

static void
leave_unread(LayerInventory *into, const char *location, const char *why)
{
  layer_inventory_add_unread(into, "database-accounts", location, why);
}

/* Each server has accounts. */
static void
read_table(Slice bytes, const char *location, LayerInventory *into)
{
  Accounts accounts = {{.into = into, .path = location, .service = "mysqldata"}, PASSWORD_BUDGET};
  bool whole = aria_rows(bytes, widths, G_N_ELEMENTS(widths), take_row, &accounts);
  if (!whole || accounts.broken || accounts.count == 0)
    leave_unread(into, location, "Not all accounts of the database could be read.");
}

/* The head of an index counts the servers that have the table open and changed it. */
#define INDEX_OPEN_AT 24u

static void
read_index(Slice bytes, const char *location, LayerInventory *into)
{
  Slice open = slice_sub(bytes, INDEX_OPEN_AT, 2);
  if (open.size < 2 || open.data[0] != 0 || open.data[1] != 0)
    leave_unread(into, location,
                 "The server was ended while the accounts were changed, and what it changed is in "
                 "its log alone. End it by mariadb-admin shutdown.");
}

static void
read_accounts(Slice bytes, const char *location, LayerInventory *into)
{
  if (g_str_has_suffix(location, ".MAD"))
    read_table(bytes, location, into);
  else if (g_str_has_suffix(location, ".MAI"))
    read_index(bytes, location, into);
  else if (bytes.size > 0)
    leave_unread(into, location, "Tables of accounts of this kind of server are not read.");
}

static const char *const places[] = {"*/mysql/global_priv.MAD", "*/mysql/global_priv.MAI",
                                     "*/mysql/user.MYD", "*/mysql.ibd", NULL};

const Detector mysql_accounts_detector = {
    .name = "mysql-accounts",
    .version = 1,
    .places = places,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_accounts,
};
