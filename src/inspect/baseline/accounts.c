/* passwd(5) and group(5): the oddities of each file, and who may log in. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

#define NO_LOGIN "nologin false sync halt shutdown true"

/* Names and numbers that were seen. */
typedef struct {
  Facts facts;
  GHashTable *names, *ids; /* set; number -> the name that had it first */
} Accounts;

static void
accounts_init(Accounts *accounts, LayerInventory *into, const char *path, const char *service)
{
  *accounts = (Accounts){
      .facts = {.into = into, .path = path, .service = service},
      .names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
      .ids = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
  };
}

static void
accounts_clear(Accounts *accounts)
{
  g_clear_pointer(&accounts->names, g_hash_table_unref);
  g_clear_pointer(&accounts->ids, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Accounts, accounts_clear)

static void
note_doubles(Accounts *accounts, const char *name, const char *id)
{
  if (!g_hash_table_add(accounts->names, g_strdup(name))) {
    facts_add(&accounts->facts, "double-name", name);
    return;
  }
  const char *first = g_hash_table_lookup(accounts->ids, id);
  if (first != NULL && strcmp(id, "0") != 0)
    facts_add_format(&accounts->facts, "double-id", "%s and %s have %s", first, name, id);
  else if (first == NULL)
    g_hash_table_insert(accounts->ids, g_strdup(id), g_strdup(name));
}

/* The number as the C library reads it: "00" is 0. NULL: it is none, and the line does not count.
 */
static char *
number_of(const char *text)
{
  uint64_t value;
  return slice_to_uint64(slice_from_string(text), &value)
             ? g_strdup_printf("%" G_GUINT64_FORMAT, value)
             : NULL;
}

static void
take_account(Accounts *accounts, char **fields)
{
  Facts *facts = &accounts->facts;
  const char *shell = strrchr(fields[6], '/');
  g_autofree char *id = number_of(fields[2]);
  if (id == NULL || *fields[0] == '\0')
    return;
  note_doubles(accounts, fields[0], id);
  if (strcmp(id, "0") == 0 && strcmp(fields[0], "root") != 0)
    facts_add(facts, "uid-0", fields[0]);
  if (*fields[1] == '\0')
    facts_add(facts, "empty", fields[0]);
  else if (strlen(fields[1]) >= 13)
    facts_add(facts, "hash", fields[0]);
  if (!config_is_one_of(shell == NULL ? fields[6] : shell + 1, NO_LOGIN))
    facts_add(facts, "login", fields[0]);
}

static void
take_group(Accounts *accounts, char **fields)
{
  Facts *facts = &accounts->facts;
  g_autofree char *id = number_of(fields[2]);
  if (id == NULL || *fields[0] == '\0')
    return;
  note_doubles(accounts, fields[0], id);
  if (strcmp(fields[0], "shadow") == 0 && *fields[3] != '\0')
    facts_add(facts, "shadow-members", fields[3]);
  if (strcmp(id, "0") == 0 && *fields[3] != '\0' && strcmp(fields[3], "root") != 0)
    facts_add(facts, "root-members", fields[3]);
  if (strlen(fields[1]) >= 13)
    facts_add(facts, "hash", fields[0]);
}

/* Lines of @count fields; "+" takes accounts of a directory in. */
static void
read_lines(Accounts *accounts, Slice bytes, guint count, void (*take)(Accounts *, char **))
{
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    accounts->facts.line = lines.number;
    g_auto(GStrv) fields = g_strsplit(line, ":", -1);
    if (*line == '+')
      facts_add(&accounts->facts, "plus", fields[0]);
    else if (*line != '#' && *line != '-' && g_strv_length(fields) >= count)
      take(accounts, fields);
  }
}

static void
read_passwd(Slice bytes, const char *location, LayerInventory *into)
{
  g_auto(Accounts) accounts = {.names = NULL};
  accounts_init(&accounts, into, location, "passwd");
  read_lines(&accounts, bytes, 7, take_account);
}

static void
read_group(Slice bytes, const char *location, LayerInventory *into)
{
  g_auto(Accounts) accounts = {.names = NULL};
  accounts_init(&accounts, into, location, "group");
  read_lines(&accounts, bytes, 4, take_group);
}

static const char *const passwd_places[] = {"etc/passwd", NULL};
static const char *const group_places[] = {"etc/group", NULL};

const Detector passwd_detector = {
    .name = "passwd",
    .version = 1,
    .places = passwd_places,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_passwd,
};
const Detector group_detector = {
    .name = "group",
    .version = 1,
    .places = group_places,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_group,
};
