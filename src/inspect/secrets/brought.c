/* Rules and allowlists that a team brings; see the header. */
#include "inspect/secrets/brought.h"

#include <string.h>
#include <zlib.h>

#include "base/found.h"
#include "inspect/secrets/brought-private.h"
#include "inspect/secrets/words.h"

#define RULES_MEMBER "secret_rules"
#define LOOKS_MOST   2000u /* matches of one rule in one window */
#define COMMENT      "gitleaks:allow"

static json_t *brought_json; /* or NULL */
static Brought *brought;     /* made of it */

bool
brought_rules_set(json_t *rules, GError **error)
{
  g_autoptr(Brought) made = rules == NULL ? NULL : brought_new(rules, error);
  if (rules != NULL && made == NULL)
    return false;
  g_clear_pointer(&brought, brought_free);
  json_decref(brought_json);
  brought_json = json_incref(rules);
  brought = g_steal_pointer(&made);
  return true;
}

void
brought_rules_tell(json_t *job)
{
  if (brought_json != NULL)
    json_object_set(job, RULES_MEMBER, brought_json);
}

void
brought_rules_take(const json_t *job)
{
  brought_rules_set(json_object_get(job, RULES_MEMBER), NULL);
}

uint32_t
brought_rules_fingerprint(void)
{
  if (brought_json == NULL)
    return 0;
  g_autofree char *text = json_to_text(brought_json);
  return (uint32_t)crc32(0, (const Bytef *)text, (uInt)strlen(text)) | 1;
}

/* --- patterns --- */

/* As pcre2_match(): 0 is a match, too, of more groups than there is room for. @text is valid
 * (go_text()), and a letter begins at @from. */
static int
look(const pcre2_code *code, Slice text, size_t from)
{
  return pcre2_match(code, text.size == 0 ? (PCRE2_SPTR) "" : text.data, text.size, from,
                     PCRE2_NO_UTF_CHECK, brought->data, brought->limits);
}

static bool
any_matches(const GPtrArray *codes, Slice text)
{
  g_autoptr(GByteArray) copy = NULL;
  text = codes->len == 0 ? text : go_text(text, &copy);
  for (guint i = 0; i < codes->len; i++)
    if (look(g_ptr_array_index(codes, i), text, 0) >= 0)
      return true;
  return false;
}

/* FAILED: it cannot be told whether the rule is for such a file. */
static Found
is_for(const Rule *rule, const char *path)
{
  if (rule->path == NULL)
    return FOUND;
  g_autoptr(GByteArray) copy = NULL;
  int found = look(rule->path, go_text(slice_from_string(path), &copy), 0);
  return found >= 0 ? FOUND : found == PCRE2_ERROR_NOMATCH ? ABSENT : FAILED;
}

/* --- allowlists --- */

static bool
has_stopword(const GPtrArray *words, Slice secret)
{
  g_autofree char *lower = g_ascii_strdown((const char *)secret.data, (gssize)secret.size);
  for (guint i = 0; i < words->len; i++)
    if (g_strstr_len(lower, (gssize)secret.size, g_ptr_array_index(words, i)) != NULL)
      return true;
  return false;
}

static Slice
line_of(Slice text, size_t start, size_t end)
{
  while (start > 0 && text.data[start - 1] != '\n')
    start--;
  while (end < text.size && text.data[end] != '\n')
    end++;
  return slice_sub(text, start, end - start);
}

static bool
allows(const Allowlist *list, const char *path, Slice text, size_t start, size_t end, Slice secret)
{
  Slice target = list->target == TARGET_LINE    ? line_of(text, start, end)
                 : list->target == TARGET_MATCH ? slice_sub(text, start, end - start)
                                                : secret;
  const struct {
    const GPtrArray *list;
    bool says;
  } members[] = {
      {list->paths, any_matches(list->paths, slice_from_string(path))},
      {list->regexes, any_matches(list->regexes, target)},
      {list->stopwords, has_stopword(list->stopwords, secret)},
  };
  bool any = false, all = true;
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
    any |= members[i].says;
    all &= members[i].says || members[i].list->len == 0;
  }
  return list->all ? any && all : any;
}

static bool
is_allowed(const GPtrArray *lists, const char *path, Slice text, size_t start, size_t end,
           Slice secret)
{
  for (guint i = 0; i < lists->len; i++)
    if (allows(g_ptr_array_index(lists, i), path, text, start, end, secret))
      return true;
  return false;
}

/* Of the file as such: what is asked of a secret allows nothing. */
static bool
is_path_allowed(const GPtrArray *lists, const char *path)
{
  for (guint i = 0; i < lists->len; i++) {
    const Allowlist *list = g_ptr_array_index(lists, i);
    bool asks_more = list->all && list->regexes->len + list->stopwords->len > 0;
    if (!asks_more && any_matches(list->paths, slice_from_string(path)))
      return true;
  }
  return false;
}

static bool
is_allowed_for_all(const char *path, Slice text, size_t start, size_t end, Slice secret)
{
  Slice line = line_of(text, start, end);
  if (brought->comments &&
      g_strstr_len((const char *)line.data, (gssize)line.size, COMMENT) != NULL)
    return true;
  return is_allowed(brought->allow, path, text, start, end, secret);
}

/* --- rules of ours --- */

const SecretRule *
brought_rules_row(const SecretRule *rule, const char *path)
{
  if (brought == NULL)
    return rule;
  if (!brought->ours || g_hash_table_contains(brought->without, rule->id))
    return NULL;
  const Rule *more = g_hash_table_lookup(brought->extend, rule->id);
  if (more == NULL)
    return rule;
  return is_for(more, path) == ABSENT ? NULL : &more->row;
}

bool
brought_rules_allow(const SecretRule *rule, const char *path, Slice text, size_t start, size_t end,
                    Slice secret)
{
  if (brought == NULL)
    return false;
  const Rule *more = g_hash_table_lookup(brought->extend, rule->id);
  return is_allowed_for_all(path, text, start, end, secret) ||
         (more != NULL && is_allowed(more->allow, path, text, start, end, secret));
}

/* --- one rule of theirs --- */

static bool
is_wanted(const Rule *rule)
{
  for (guint i = 0; i < rule->keywords->len; i++)
    if (brought->seen[g_array_index(rule->keywords, unsigned, i)])
      return true;
  return rule->keywords->len == 0;
}

/* The group that the rule names, or the first that has something, or all of it but the line ends
 * around it. */
static BroughtMatch
match_of(const Rule *rule, Slice text, int found)
{
  const PCRE2_SIZE *at = pcre2_get_ovector_pointer(brought->data);
  size_t start = at[0], end = MAX(at[0], at[1]); /* \K can be after the end */
  while (start < end && text.data[start] == '\n')
    start++;
  while (start < end && text.data[end - 1] == '\n')
    end--;
  uint32_t groups = found == 0 ? pcre2_get_ovector_count(brought->data) : (uint32_t)found;
  uint32_t group = rule->group < groups ? rule->group : 0;
  for (uint32_t i = 1; rule->group == 0 && group == 0 && i < groups; i++)
    if (at[2 * i] != PCRE2_UNSET && at[2 * i + 1] > at[2 * i])
      group = i;
  if (group == 0 || at[2 * group] == PCRE2_UNSET)
    return (BroughtMatch){&rule->row, start, end, start, end - start};
  return (BroughtMatch){&rule->row, start, end, at[2 * group], at[2 * group + 1] - at[2 * group]};
}

static size_t
next_letter(Slice text, size_t at)
{
  for (at++; at < text.size && (text.data[at] & 0xc0) == 0x80; at++)
    ;
  return at;
}

/* In @text, which is the window's as patterns see it. False: more would have to be looked at. */
static bool
find_rule(const Rule *rule, const BroughtWindow *window, Slice text, BroughtFound found, void *data)
{
  size_t from = 0;
  for (unsigned looks = 0; from <= text.size; looks++) {
    int groups = look(rule->regex, text, from);
    if (groups == PCRE2_ERROR_NOMATCH)
      return true;
    if (groups < 0 || looks == LOOKS_MOST)
      return false;
    BroughtMatch match = match_of(rule, text, groups);
    size_t end = pcre2_get_ovector_pointer(brought->data)[1];
    from = end > from ? end : next_letter(text, from);
    Slice secret = slice_sub(window->text, match.secret, match.size);
    if (match.size > 0 && (rule->row.entropy == 0 || secret_entropy(secret) > rule->row.entropy) &&
        !is_allowed_for_all(window->path, window->text, match.start, match.end, secret) &&
        !is_allowed(rule->allow, window->path, window->text, match.start, match.end, secret))
      found(&match, data);
  }
  return true;
}

/* --- what must be beside a match --- */

/* From 1; in a window that does not begin the file, they count from its own beginning. */
typedef struct {
  json_int_t line, column;
} Place;

/* Counts lines up to where it was last asked: matches come in order. */
typedef struct {
  size_t at, begins; /* and the line that `at` is in */
  json_int_t line;
} Lines;

static Place
place_of(Lines *lines, Slice text, size_t at)
{
  if (at < lines->at || lines->line == 0)
    *lines = (Lines){.line = 1};
  for (; lines->at < at; lines->at++)
    if (text.data[lines->at] == '\n') {
      lines->line++;
      lines->begins = lines->at + 1;
    }
  return (Place){lines->line, (json_int_t)(at - lines->begins) + 1};
}

typedef struct {
  Slice text;
  Lines lines;
  GArray *places; /* Place */
} Helper;

static void
add_place(const BroughtMatch *match, void *data)
{
  Helper *helper = data;
  Place place = place_of(&helper->lines, helper->text, match->start);
  g_array_append_val(helper->places, place);
}

/* Where a rule that another requires matches, whatever its keywords. One for a path alone is before
 * the first line. */
static bool
find_places(const Rule *rule, const BroughtWindow *window, Slice text, GArray *places)
{
  Helper helper = {.text = text, .places = places};
  const Place file = {0};
  if (is_for(rule, window->path) == ABSENT)
    return true;
  if (rule->regex != NULL)
    return find_rule(rule, window, text, add_place, &helper);
  if (!is_path_allowed(rule->allow, window->path) && !is_path_allowed(brought->allow, window->path))
    g_array_append_val(places, file);
  return true;
}

typedef struct {
  const BroughtWindow *window;
  const Rule *rule;
  GPtrArray *places; /* for each that it requires, a GArray of Place */
  Lines lines;
  json_int_t count; /* of the window's lines */
  BroughtFound found;
  void *data;
} Composite;

static bool
is_near(const Required *required, Place one, Place other)
{
  return (required->lines == ANYWHERE || ABS(one.line - other.line) <= required->lines) &&
         (required->columns == ANYWHERE || ABS(one.column - other.column) <= required->columns);
}

/* Lines that may count are in no window that is seen. */
static bool
may_be_elsewhere(const Composite *all, const Required *required, Place place)
{
  bool any = required->lines == ANYWHERE;
  return (!all->window->first && (any || place.line <= required->lines)) ||
         (!all->window->last && (any || all->count - place.line <= required->lines));
}

static void
check_required(const BroughtMatch *match, void *data)
{
  Composite *all = data;
  Place place = place_of(&all->lines, all->window->text, match->start);
  for (guint i = 0; i < all->rule->required->len; i++) {
    const Required *required = &g_array_index(all->rule->required, Required, i);
    const GArray *places = g_ptr_array_index(all->places, i);
    bool near = may_be_elsewhere(all, required, place);
    for (guint j = 0; !near && j < places->len; j++)
      near = is_near(required, place, g_array_index(places, Place, j));
    if (!near)
      return;
  }
  all->found(match, all->data);
}

/* A rule whose matches count beside those of others alone. */
static bool
find_composite(const Rule *rule, const BroughtWindow *window, Slice text, BroughtFound found,
               void *data)
{
  g_autoptr(GPtrArray) places = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  bool whole = true;
  for (guint i = 0; i < rule->required->len; i++) {
    GArray *of = g_array_new(FALSE, FALSE, sizeof(Place));
    g_ptr_array_add(places, of);
    guint number = g_array_index(rule->required, Required, i).rule;
    whole &= find_places(g_ptr_array_index(brought->rules, number), window, text, of);
  }
  Composite all = {window, rule, places, {0}, 0, found, data};
  Lines lines = {0};
  all.count = place_of(&lines, text, text.size).line;
  return find_rule(rule, window, text, check_required, &all) && whole;
}

/* --- all of theirs --- */

bool
brought_rules_find(const BroughtWindow *window, BroughtFound found, void *data)
{
  bool whole = true;
  if (brought == NULL || window->text.size == 0)
    return true;
  memset(brought->seen, 0, brought->words->len * sizeof *brought->seen);
  keywords_find(brought->keywords, window->text, brought->seen);
  g_autoptr(GByteArray) copy = NULL;
  Slice text = brought->rules->len == 0 ? window->text : go_text(window->text, &copy);
  for (guint i = 0; i < brought->rules->len; i++) {
    const Rule *rule = g_ptr_array_index(brought->rules, i);
    if (rule->regex == NULL || rule->helps || !is_wanted(rule))
      continue;
    Found here = is_for(rule, window->path);
    bool looked = here == FOUND &&
                  (rule->required->len == 0 ? find_rule(rule, window, text, found, data)
                                            : find_composite(rule, window, text, found, data));
    whole &= here == ABSENT || looked;
  }
  return whole;
}

bool
brought_rules_name(const char *path, BroughtNamed named, void *data)
{
  bool any = false;
  for (guint i = 0; brought != NULL && i < brought->rules->len; i++) {
    const Rule *rule = g_ptr_array_index(brought->rules, i);
    if (rule->regex != NULL || rule->extends || rule->helps || is_for(rule, path) == ABSENT ||
        is_path_allowed(rule->allow, path) || is_path_allowed(brought->allow, path))
      continue;
    any = true;
    if (named != NULL)
      named(&rule->row, data);
  }
  return any;
}
