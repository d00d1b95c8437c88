/* shadow(5) and gshadow(5). No hash leaves this file: facts name accounts. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"
#include "inspect/baseline/weak_passwords.h"

/* Accounts whose hashes are tried; each has an equal part of the budget that is left. */
#define TRIED_MAX 16u

typedef struct {
  char *name, *hash, *longest; /* days that the password may be used, as written */
  uint32_t line;
} Entry;

static void
entry_clear(void *data)
{
  Entry *entry = data;
  g_free(entry->name);
  g_free(entry->hash);
  g_free(entry->longest);
}

/* "!" or "*" before it: nobody logs in by it. */
static bool
is_hash(const char *text)
{
  return strlen(text) >= 13 && *text != '!' && *text != '*';
}

static GArray *
entries_of(Slice bytes, Facts *facts)
{
  GArray *entries = g_array_new(FALSE, TRUE, sizeof(Entry));
  g_array_set_clear_func(entries, entry_clear);
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, false);
  for (const char *line; (line = config_lines_next(&lines)) != NULL;) {
    facts->line = lines.number;
    g_auto(GStrv) fields = g_strsplit(line, ":", -1);
    guint count = g_strv_length(fields);
    if (*line == '+')
      facts_add(facts, "plus", fields[0]);
    if (*line == '+' || *line == '#' || count < 2 || *fields[0] == '\0' ||
        entries->len == LAYER_FILE_OBSERVATIONS_MAX)
      continue;
    Entry entry = {g_strdup(fields[0]), g_strdup(fields[1]), g_strdup(count > 4 ? fields[4] : ""),
                   lines.number};
    g_array_append_val(entries, entry);
  }
  return entries;
}

/* Equal hashes have equal salts, too: one was copied, and so the password is one. */
static void
note_equal(Facts *facts, const GArray *entries)
{
  g_autoptr(GHashTable) first = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < entries->len; i++) {
    const Entry *entry = &g_array_index(entries, Entry, i);
    const Entry *other = is_hash(entry->hash) ? g_hash_table_lookup(first, entry->hash) : NULL;
    facts->line = entry->line;
    if (other != NULL)
      facts_add_format(facts, "same", "%s and %s", other->name, entry->name);
    else if (is_hash(entry->hash))
      g_hash_table_insert(first, entry->hash, (void *)(uintptr_t)entry);
  }
}

static void
note_strength(Facts *facts, const Entry *entry, uint64_t *budget)
{
  switch (password_try(entry->name, entry->hash, budget)) {
  case PASSWORD_EMPTY:
    facts_add(facts, "empty", entry->name);
    break;
  case PASSWORD_IS_NAME:
    facts_add_format(facts, "weak", "%s: the password is the name of the account", entry->name);
    break;
  case PASSWORD_IS_COMMON:
    facts_add_format(facts, "weak", "%s: the password is one that everybody tries first",
                     entry->name);
    break;
  case PASSWORD_NOT_TRIED:
  case PASSWORD_HOLDS:
    break;
  }
}

static guint
count_hashes(const GArray *entries)
{
  guint count = 0;
  for (guint i = 0; i < entries->len; i++)
    count += is_hash(g_array_index(entries, Entry, i).hash);
  return count;
}

static void
note_entries(Facts *facts, const GArray *entries)
{
  guint left = MIN(count_hashes(entries), TRIED_MAX);
  uint64_t budget = PASSWORD_BUDGET;
  for (guint i = 0; i < entries->len; i++) {
    const Entry *entry = &g_array_index(entries, Entry, i);
    facts->line = entry->line;
    if (*entry->hash == '\0')
      facts_add(facts, "empty", entry->name);
    if (!is_hash(entry->hash))
      continue;
    facts_add(facts, "set", entry->name);
    const char *weak = password_weak_kind(entry->hash);
    if (weak != NULL)
      facts_add_format(facts, "weak-hash", "%s: %s", entry->name, weak);
    if (*entry->longest == '\0' || strlen(entry->longest) > 4)
      facts_add(facts, "no-age", entry->name);
    if (left == 0)
      continue;
    uint64_t part = budget / left, rest = part;
    note_strength(facts, entry, &rest);
    budget -= part - rest;
    left--;
  }
}

static void
read_shadow(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "shadow"};
  g_autoptr(GArray) entries = entries_of(bytes, &facts);
  note_entries(&facts, entries);
  note_equal(&facts, entries);
}

/* Who knows the password of a group becomes a member of it. */
static void
read_gshadow(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "gshadow"};
  g_autoptr(GArray) entries = entries_of(bytes, &facts);
  for (guint i = 0; i < entries->len; i++) {
    const Entry *entry = &g_array_index(entries, Entry, i);
    facts.line = entry->line;
    if (is_hash(entry->hash))
      facts_add(&facts, "set", entry->name);
  }
}

static const char *const shadow_places[] = {"etc/shadow", NULL};
static const char *const gshadow_places[] = {"etc/gshadow", NULL};

const Detector shadow_detector = {
    .name = "shadow",
    .version = 1,
    .places = shadow_places,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_shadow,
};
const Detector gshadow_detector = {
    .name = "gshadow",
    .version = 1,
    .places = gshadow_places,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_gshadow,
};
