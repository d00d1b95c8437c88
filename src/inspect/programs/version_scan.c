/* The bytes are kept in a buffer that moves over the file. A match counts when what is near it is
 * in the buffer as well: so a part of the buffer's end is left for the next time, and a part before
 * what is looked at is kept. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "inspect/programs/version_scan.h"

#include <pcre2.h>
#include <string.h>

#include "inspect/programs/version_rules.h"

#define MATCH_MAX 200
#define AFTER     ((size_t)VERSION_RULE_NEAR_MAX + MATCH_MAX)
#define BEFORE    ((size_t)VERSION_RULE_NEAR_MAX + MATCH_MAX)
#define BUFFER    ((size_t)64 * 1024)
#define HEAD      ((size_t)4 * 1024)
#define STEPS_MAX 2000u /* of one try of a pattern */
#define GO_MARK   "\xff Go buildinf:"

/* --- the rules, compiled once --- */

typedef struct {
  const VersionRule *rule;
  pcre2_code *code;
  bool after_nul; /* a match begins with a NUL and a digit */
} Compiled;

typedef struct {
  GArray *rules;     /* Compiled, in the order of the tables */
  GHashTable *exact; /* a name without "*", "?", "#" -> GArray of indexes */
  /* The others, by their first character; those that begin with no character of their own are in
   * the first array. */
  GArray *globs[256]; /* Glob */
} Rules;

/* Many rules are of the same names: a file's name is compared once. */
typedef struct {
  char *glob;
  GArray *rules; /* their indexes */
} Glob;

static void
add_exact(GHashTable *exact, const char *name, guint rule)
{
  GArray *indexes = g_hash_table_lookup(exact, name);
  if (indexes == NULL) {
    indexes = g_array_new(FALSE, FALSE, sizeof(guint));
    g_hash_table_insert(exact, g_strdup(name), indexes);
  }
  g_array_append_val(indexes, rule);
}

static void
add_glob(GArray *globs, const char *name, guint rule)
{
  Glob *glob = NULL;
  for (guint i = 0; i < globs->len && glob == NULL; i++)
    if (strcmp(g_array_index(globs, Glob, i).glob, name) == 0)
      glob = &g_array_index(globs, Glob, i);
  if (glob == NULL) {
    Glob added = {g_strdup(name), g_array_new(FALSE, FALSE, sizeof(guint))};
    g_array_append_val(globs, added);
    glob = &g_array_index(globs, Glob, globs->len - 1);
  }
  g_array_append_val(glob->rules, rule);
}

/* Most patterns begin so, and most of a program's bytes are NULs: what cannot be a match is not
 * given to PCRE2 then. */
static void
find_start(Compiled *compiled)
{
  const char *pattern = compiled->rule->pattern;
  if (!g_str_has_prefix(pattern, "\\x00"))
    return;
  pattern += strlen("\\x00");
  if (*pattern == '(' && pattern[1] != '?')
    pattern++;
  compiled->after_nul = g_str_has_prefix(pattern, "[0-9]") || g_str_has_prefix(pattern, "1\\.");
}

static void
add_rule(Rules *rules, const VersionRule *rule)
{
  int number;
  PCRE2_SIZE at;
  Compiled compiled = {.rule = rule};
  compiled.code = pcre2_compile((PCRE2_SPTR)rule->pattern, PCRE2_ZERO_TERMINATED, PCRE2_DOTALL,
                                &number, &at, NULL);
  if (compiled.code == NULL)
    g_error("the pattern of %s is wrong at %zu", rule->package, at);
  find_start(&compiled);
  guint index = rules->rules->len;
  g_array_append_val(rules->rules, compiled);
  g_auto(GStrv) names = g_strsplit(rule->names, " ", -1);
  for (size_t i = 0; names[i] != NULL; i++) {
    if (strpbrk(names[i], "*?#") == NULL) {
      add_exact(rules->exact, names[i], index);
      continue;
    }
    add_glob(rules->globs[strchr("*?#", *names[i]) != NULL ? 0 : (uint8_t)*names[i]], names[i],
             index);
  }
}

static void *
compile(void *unused)
{
  static const VersionRule *const tables[] = {version_rules_languages, version_rules_servers,
                                              version_rules_tools, version_rules_go,
                                              version_rules_browser};
  Rules *rules = g_new0(Rules, 1);
  rules->rules = g_array_new(FALSE, FALSE, sizeof(Compiled));
  rules->exact = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < G_N_ELEMENTS(rules->globs); i++)
    rules->globs[i] = g_array_new(FALSE, FALSE, sizeof(Glob));
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++)
    for (const VersionRule *rule = tables[i]; rule->names != NULL; rule++)
      add_rule(rules, rule);
  return rules;
}

static const Rules *
all_rules(void)
{
  static GOnce once = G_ONCE_INIT;
  return g_once(&once, compile, NULL);
}

static const VersionRule *
rule_at(const Rules *rules, guint index)
{
  return g_array_index(rules->rules, Compiled, index).rule;
}

/* "*" any characters, "?" one, "#" a digit: linear in practice, the names are short. */
static bool
name_matches(const char *glob, const char *name)
{
  const char *star = NULL, *again = NULL;
  while (*name != '\0') {
    bool one = *glob == '?' || (*glob == '#' && g_ascii_isdigit(*name)) || *glob == *name;
    if (*glob == '*') {
      star = ++glob;
      again = name;
    } else if (*glob != '\0' && one) {
      glob++;
      name++;
    } else if (star != NULL) {
      glob = star;
      name = ++again;
    } else {
      return false;
    }
  }
  while (*glob == '*')
    glob++;
  return *glob == '\0';
}

static const char *
name_of(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

static bool
is_of_npm(const char *path)
{
  return strstr(path, "/node_modules/") != NULL || g_str_has_prefix(path, "node_modules/");
}

/* What npm installed says it better itself. */
static bool
applies(const VersionRule *rule, bool of_npm)
{
  return (rule->flags & RULE_HEAD) == 0 || !of_npm;
}

static bool
globs_want(const Rules *rules, const GArray *globs, const char *name, const char *path)
{
  for (guint i = 0; i < globs->len; i++) {
    const Glob *glob = &g_array_index(globs, Glob, i);
    if (!name_matches(glob->glob, name))
      continue;
    bool of_npm = is_of_npm(path);
    for (guint j = 0; j < glob->rules->len; j++)
      if (applies(rule_at(rules, g_array_index(glob->rules, guint, j)), of_npm))
        return true;
  }
  return false;
}

bool
version_scan_wants(const char *path)
{
  const Rules *rules = all_rules();
  const char *name = name_of(path);
  return g_hash_table_contains(rules->exact, name) ||
         globs_want(rules, rules->globs[0], name, path) ||
         globs_want(rules, rules->globs[(uint8_t)*name], name, path);
}

/* --- a file --- */

typedef struct {
  const Compiled *compiled;
  char *version; /* the first that matched; or NULL */
  bool needs;    /* what the rule needs was seen */
} Row;

struct VersionScan {
  char *path;
  GArray *rows; /* Row */
  GByteArray *buffer;
  GArray *starts; /* size_t: see find_starts() */
  size_t looked;  /* at this many bytes of the buffer */
  size_t left;    /* this many bytes are still looked at */
  bool script, binary, weak, go;
  pcre2_match_data *match;
  pcre2_match_context *context;
};

static bool
is_in_folder(const VersionRule *rule, const char *path)
{
  const char *at = rule->folder == NULL ? NULL : strstr(path, rule->folder);
  return rule->folder == NULL || (at != NULL && strchr(at, '/') != NULL);
}

static void
add_row(VersionScan *scan, guint index)
{
  const Compiled *compiled = &g_array_index(all_rules()->rules, Compiled, index);
  Row row = {compiled, NULL, compiled->rule->needs == NULL};
  if (!is_in_folder(compiled->rule, scan->path) || !applies(compiled->rule, is_of_npm(scan->path)))
    return;
  g_array_append_val(scan->rows, row);
  scan->weak |= (compiled->rule->flags & RULE_WEAK) != 0;
  if ((compiled->rule->flags & RULE_HEAD) == 0)
    scan->left = SIZE_MAX;
}

static int
compare_indexes(gconstpointer left, gconstpointer right)
{
  guint a = *(const guint *)left, b = *(const guint *)right;
  return (a > b) - (a < b);
}

static void
add_matching(const GArray *globs, const char *name, GArray *indexes)
{
  for (guint i = 0; i < globs->len; i++) {
    const Glob *glob = &g_array_index(globs, Glob, i);
    if (name_matches(glob->glob, name))
      g_array_append_vals(indexes, glob->rules->data, glob->rules->len);
  }
}

static void
row_clear(void *row)
{
  g_free(((Row *)row)->version);
}

VersionScan *
version_scan_new(const char *path, Slice head)
{
  const Rules *rules = all_rules();
  const char *name = name_of(path);
  VersionScan *scan = g_new0(VersionScan, 1);
  scan->path = g_strdup(path);
  scan->left = HEAD;
  scan->script = slice_has_prefix(head, SLICE_LITERAL("#!"));
  scan->rows = g_array_new(FALSE, FALSE, sizeof(Row));
  g_array_set_clear_func(scan->rows, row_clear);
  scan->buffer = g_byte_array_new();
  scan->starts = g_array_new(FALSE, FALSE, sizeof(size_t));
  scan->match = pcre2_match_data_create(2, NULL);
  scan->context = pcre2_match_context_create(NULL);
  pcre2_set_match_limit(scan->context, STEPS_MAX);
  g_autoptr(GArray) indexes = g_array_new(FALSE, FALSE, sizeof(guint));
  const GArray *exact = g_hash_table_lookup(rules->exact, name);
  if (exact != NULL)
    g_array_append_vals(indexes, exact->data, exact->len);
  add_matching(rules->globs[0], name, indexes);
  add_matching(rules->globs[(uint8_t)*name], name, indexes);
  g_array_sort(indexes, compare_indexes);
  for (guint i = 0; i < indexes->len; i++)
    if (i == 0 || g_array_index(indexes, guint, i) != g_array_index(indexes, guint, i - 1))
      add_row(scan, g_array_index(indexes, guint, i));
  return scan;
}

static bool
has_bytes(Slice bytes, const char *text)
{
  return bytes.size > 0 && memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}

static bool
is_near(const VersionRule *rule, Slice bytes, size_t from, size_t to)
{
  if (rule->near == NULL)
    return true;
  size_t size = (size_t)ABS(rule->distance), before = MIN(size, from);
  return has_bytes(rule->distance < 0 ? slice_sub(bytes, from - before, before)
                                      : slice_sub(bytes, to, size),
                   rule->near);
}

/* "python3.11", "libpython3.11.so.1.0" and "3.11.4": up to what follows the first number with a
 * point in it. */
static bool
is_of_name(const VersionRule *rule, const char *name, Slice version)
{
  if ((rule->flags & RULE_NAMED) == 0)
    return true;
  while (*name != '\0' && !g_ascii_isdigit(*name))
    name++;
  size_t size = strspn(name, "0123456789.");
  while (size > 0 && name[size - 1] == '.')
    size--;
  Slice wanted = slice_new(name, size);
  if (slice_find(wanted, '.') < 0 || !slice_has_prefix(version, wanted))
    return false;
  Slice rest = slice_sub(version, size, version.size);
  return rest.size == 0 || rest.data == NULL || !g_ascii_isdigit(rest.data[0]);
}

/* Where a NUL and a digit are in [looked, to): once for all rules that begin so. */
static void
find_starts(VersionScan *scan, Slice bytes, size_t to)
{
  g_array_set_size(scan->starts, 0);
  for (size_t i = MAX(scan->looked, 1); i < MIN(to + 1, bytes.size); i++)
    if (g_ascii_isdigit(bytes.data[i]) && bytes.data[i - 1] == 0) {
      size_t start = i - 1;
      g_array_append_val(scan->starts, start);
    }
}

/* *from: where the next match can begin, *start the place in `starts`; false: nowhere. */
static bool
find_next(const VersionScan *scan, const Compiled *compiled, size_t *from, guint *start, size_t to)
{
  if (!compiled->after_nul)
    return *from < to;
  while (*start < scan->starts->len && g_array_index(scan->starts, size_t, *start) < *from)
    (*start)++;
  if (*start == scan->starts->len)
    return false;
  *from = g_array_index(scan->starts, size_t, *start);
  return *from < to;
}

/* The first match that begins in [looked, to). */
static void
look_for(VersionScan *scan, Row *row, Slice bytes, size_t to)
{
  const VersionRule *rule = row->compiled->rule;
  size_t from = scan->looked;
  guint start = 0;
  uint32_t options = row->compiled->after_nul ? PCRE2_ANCHORED : 0;
  while (find_next(scan, row->compiled, &from, &start, to)) {
    int groups = pcre2_match(row->compiled->code, bytes.data, bytes.size, from, options,
                             scan->match, scan->context);
    if (groups < 0 && options == 0)
      return;
    if (groups < 0) {
      from++;
      continue;
    }
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(scan->match);
    if (at[0] >= to)
      return;
    Slice version = groups < 2 ? SLICE_EMPTY : slice_sub(bytes, at[2], at[3] - at[2]);
    if (is_near(rule, bytes, at[0], at[1]) && is_of_name(rule, name_of(scan->path), version)) {
      row->version = slice_to_utf8(version);
      return;
    }
    from = at[0] + 1;
  }
}

/* Whether a rule before this one, of the same program, matched already and needs nothing more. */
static bool
is_settled(const VersionScan *scan, guint index)
{
  const Row *row = &g_array_index(scan->rows, Row, index);
  const char *names = row->compiled->rule->names;
  for (guint i = index; i > 0; i--) {
    const Row *before = &g_array_index(scan->rows, Row, i - 1);
    const VersionRule *rule = before->compiled->rule;
    if (strcmp(rule->names, names) != 0)
      return false;
    if (before->version != NULL && before->needs && (rule->flags & (RULE_APART | RULE_WEAK)) == 0)
      return true;
  }
  return false;
}

static void
look(VersionScan *scan, bool last)
{
  Slice bytes = slice_new(scan->buffer->data, scan->buffer->len);
  size_t to = last ? bytes.size : bytes.size - MIN(bytes.size, AFTER);
  if (to <= scan->looked)
    return;
  find_starts(scan, bytes, to);
  for (guint i = 0; i < scan->rows->len; i++) {
    Row *row = &g_array_index(scan->rows, Row, i);
    row->needs |= !row->needs && has_bytes(bytes, row->compiled->rule->needs);
    if (row->version == NULL && !is_settled(scan, i))
      look_for(scan, row, bytes, to);
  }
  scan->go |= scan->weak && !scan->go && has_bytes(bytes, GO_MARK);
  size_t gone = to - MIN(to, BEFORE);
  if (gone > 0)
    g_byte_array_remove_range(scan->buffer, 0, (guint)gone);
  scan->looked = to - gone;
}

void
version_scan_add(VersionScan *scan, Slice bytes)
{
  bytes = slice_sub(bytes, 0, scan->left);
  scan->left -= scan->left == SIZE_MAX ? 0 : bytes.size;
  scan->binary |= !scan->binary && slice_find(bytes, 0) >= 0;
  while (bytes.size > 0) {
    Slice part = slice_sub(bytes, 0, BUFFER);
    g_byte_array_append(scan->buffer, part.data, (guint)part.size);
    bytes = slice_sub(bytes, part.size, bytes.size - part.size);
    if (scan->buffer->len >= BUFFER)
      look(scan, false);
  }
}

/* --- what is known in the end --- */

static bool
counts(const VersionScan *scan, const Row *row)
{
  unsigned flags = row->compiled->rule->flags;
  unsigned kind = scan->script ? RULE_SCRIPT : scan->binary ? UINT_MAX : RULE_TEXT | RULE_SCRIPT;
  bool weak = scan->go && (flags & RULE_WEAK) != 0;
  return row->version != NULL && row->needs && !weak && (kind == UINT_MAX || (flags & kind) != 0);
}

static void
add_package(const VersionScan *scan, const Row *row, LayerInventory *into)
{
  const VersionRule *rule = row->compiled->rule;
  if (rule->package == NULL)
    return;
  g_autofree char *file = g_strdup(name_of(scan->path));
  if (g_str_has_suffix(file, ".exe"))
    file[strlen(file) - strlen(".exe")] = '\0';
  layer_inventory_add_application(into, rule->type == NULL ? "generic" : rule->type,
                                  strcmp(rule->package, "*") == 0 ? file : rule->package,
                                  row->version, scan->path);
}

void
version_scan_finish(VersionScan *scan, LayerInventory *into)
{
  look(scan, true);
  const VersionRule *chosen = NULL;
  for (guint i = 0; i < scan->rows->len; i++) {
    const Row *row = &g_array_index(scan->rows, Row, i);
    const VersionRule *rule = row->compiled->rule;
    bool apart = (rule->flags & RULE_APART) != 0;
    bool other = apart || chosen == NULL || strcmp(chosen->names, rule->names) != 0;
    if (!other || !counts(scan, row))
      continue;
    if (!apart)
      chosen = rule;
    add_package(scan, row, into);
  }
  g_array_unref(scan->rows);
  g_byte_array_unref(scan->buffer);
  g_array_unref(scan->starts);
  pcre2_match_data_free(scan->match);
  pcre2_match_context_free(scan->context);
  g_free(scan->path);
  g_free(scan);
}
