/* One pass over the bytes of a file; see the header.
 *
 * Each window but the last ends with OVERLAP bytes that the next begins with. Of a window, those
 * matches count that begin before the overlap's first SEEN_BEFORE bytes have passed: they end in
 * the window, and what is before them is there, too. */
#include "inspect/secrets/scan.h"

#include <string.h>

#include "inspect/secrets/brought.h"
#include "inspect/secrets/words.h"

#define WINDOW      ((size_t)256 * 1024)
#define OVERLAP     ((size_t)18 * 1024)
#define SEEN_BEFORE ((size_t)64)
/* How far before the end of a trigger its match can begin. */
#define REACH      ((size_t)1024)
#define REACH_LONG ((size_t)8 * 1024)
/* Looks of PCRE2 that a file has: at first, and for its bytes. */
#define LOOKS_FIRST 20000u
#define LOOK_BYTES  512u
/* In the place of a number of ours: what a team brings comes before them. */
#define BROUGHT       (-1)
#define LOOKS_OF_LONG 8u /* what one of a long rule costs */
#define ENTROPY_LEAST 3.0
#define ENTROPY_SIZE  24u

typedef struct {
  const SecretRule *rule;
  int number; /* of the rule, or BROUGHT */
  size_t secret, size;
} Hit;

struct SecretScan {
  SecretEngine *engine;
  SecretContext context;
  char *path;
  SecretFound found;
  void *data;
  uint8_t *window;    /* of WINDOW bytes */
  size_t size;        /* of what is in it */
  size_t from, until; /* where in the window matches count that begin there */
  uint32_t lines;     /* that end before the window */
  GArray *hits;       /* Hit, of this window */
  size_t *looked;     /* by rule: where in the window its next look begins */
  GHashTable *values; /* GBytes of what was found */
  uint64_t looks;     /* left */
  bool overfull;      /* the rest is not looked at */
  bool unsure;        /* nor is some of what was */
  bool masks;
  bool whole; /* all of the text is in the window */
};

/* A window that no scan uses: to get memory anew for each file costs more than most files do. One
 * thread. */
static uint8_t *spare;

SecretScan *
secret_scan_new(SecretEngine *engine, SecretContext context, SecretFound found, void *data)
{
  SecretScan *scan = g_new0(SecretScan, 1);
  *scan = (SecretScan){.engine = engine, .context = context, .found = found, .data = data};
  scan->window = spare != NULL ? g_steal_pointer(&spare) : g_malloc(WINDOW);
  scan->hits = g_array_new(FALSE, FALSE, sizeof(Hit));
  scan->looked = g_new(size_t, secret_engine_count(engine));
  scan->values =
      g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, NULL);
  scan->looks = LOOKS_FIRST;
  scan->path = g_strdup("");
  return scan;
}

void
secret_scan_set_path(SecretScan *scan, const char *path)
{
  g_free(scan->path);
  scan->path = g_strdup(path);
}

void
secret_scan_set_masks(SecretScan *scan)
{
  scan->masks = true;
}

/* --- one match --- */

static bool
is_word(uint8_t byte)
{
  return g_ascii_isalnum(byte) || byte == '_';
}

/* A letter before may belong to "\n", to "%3D", or to a colour of a terminal. */
static bool
begins_word(Slice text, size_t at)
{
  if (at == 0 || !is_word(text.data[at - 1]) || !is_word(text.data[at]))
    return true;
  if (at >= 2 && text.data[at - 2] == '\\')
    return strchr("nrtfb", text.data[at - 1]) != NULL;
  return at >= 3 && text.data[at - 3] == '%' && g_ascii_isxdigit(text.data[at - 2]) &&
         g_ascii_isxdigit(text.data[at - 1]);
}

/* A name may have something before it: "MY_" or "my" before "Token"; who asks for no issuer takes
 * anything before. */
static bool
begins_name(const SecretRule *rule, Slice text, size_t at)
{
  if (at == 0 || (rule->flags & SECRET_RULE_GENERIC) != 0)
    return true;
  uint8_t before = text.data[at - 1];
  return !g_ascii_isalnum(before) || (g_ascii_islower(before) && g_ascii_isupper(text.data[at])) ||
         begins_word(text, at);
}

static bool
ends_word(Slice text, size_t at)
{
  return at >= text.size || !is_word(text.data[at]) || !is_word(text.data[at - 1]);
}

static bool
has_entropy(const SecretRule *rule, Slice secret)
{
  double least = rule->entropy;
  if (least == 0)
    least =
        (rule->flags & (SECRET_RULE_LONG | SECRET_RULE_PHRASE)) == 0 && secret.size >= ENTROPY_SIZE
            ? ENTROPY_LEAST
            : 0;
  return secret_entropy(secret) >= least;
}

/* Whether the context takes it. */
static bool
is_taken(SecretContext context, const SecretRule *rule, SecretTrust trust)
{
  switch (context) {
  case SECRET_CONTEXT_OWN:
    return trust != SECRET_UNLIKELY;
  case SECRET_CONTEXT_OTHERS:
    return trust != SECRET_UNLIKELY && (rule->flags & SECRET_RULE_GENERIC) == 0;
  default:
    return trust == SECRET_CERTAIN;
  }
}

static bool
is_secret(const SecretScan *scan, Slice text, const SecretMatch *match)
{
  const SecretRule *rule = match->rule;
  Slice secret = slice_sub(text, match->secret, match->size);
  Slice name = slice_sub(text, match->start, match->secret - match->start);
  bool begins =
      name.size > 0 ? begins_name(rule, text, match->start) : begins_word(text, match->start);
  if (secret.size == 0 || !begins || !ends_word(text, match->secret + match->size))
    return false;
  if ((rule->flags & SECRET_RULE_LONG) == 0 && secret_is_placeholder(secret, rule->prefix))
    return false;
  if ((rule->flags & SECRET_RULE_GENERIC) != 0 && secret_name_is_about(name))
    return false;
  SecretTrust trust = rule->check == NULL ? SECRET_LIKELY : rule->check(secret);
  return is_taken(scan->context, rule, trust) && has_entropy(rule, secret) &&
         (scan->masks || !brought_rules_allow(rule, scan->path, text, match->start,
                                              match->secret + match->size, secret));
}

/* --- a window --- */

/* A trigger ended: the rule's matches that begin before it, from where the last look ended. */
static bool
on_hit(unsigned number, size_t end, void *data)
{
  SecretScan *scan = data;
  const SecretRule *rule = secret_engine_rule(scan->engine, number);
  if (end <= scan->looked[number] ||
      (scan->context != SECRET_CONTEXT_OWN && (rule->flags & SECRET_RULE_GENERIC) != 0))
    return true;
  if (!scan->masks && (rule = brought_rules_row(rule, scan->path)) == NULL)
    return true;
  bool is_long = (rule->flags & SECRET_RULE_LONG) != 0;
  unsigned cost = is_long ? LOOKS_OF_LONG : 1;
  if (scan->looks < cost) {
    scan->overfull = true;
    return false;
  }
  scan->looks -= cost;
  size_t reach = is_long ? REACH_LONG : REACH;
  size_t from = MAX(scan->looked[number], end > reach ? end - reach : 0);
  Slice text = slice_new(scan->window, scan->size);
  SecretMatch match;
  scan->looked[number] = end;
  Found found = secret_engine_match(scan->engine, number, text, from, end, &match);
  scan->unsure |= found == FAILED;
  if (found != FOUND)
    return true;
  scan->looked[number] = MAX(end, match.end);
  match.rule = rule;
  if (match.start < scan->from || match.start >= scan->until || !is_secret(scan, text, &match))
    return true;
  const Hit hit = {rule, (int)number, match.secret, match.size};
  g_array_append_val(scan->hits, hit);
  return true;
}

static void
on_brought(const BroughtMatch *match, void *data)
{
  SecretScan *scan = data;
  const Hit hit = {match->rule, BROUGHT, match->secret, match->size};
  if (match->start >= scan->from && match->start < scan->until)
    g_array_append_val(scan->hits, hit);
}

#define RANK_OF_OURS 2

/* Less is more. Of what a team brings, what it calls generic says less, as gitleaks has it. */
static int
rank_of(const Hit *hit)
{
  if (hit->number != BROUGHT)
    return hit->number + RANK_OF_OURS;
  return strcasestr(hit->rule->id, "generic") != NULL;
}

static int
compare_hits(gconstpointer a, gconstpointer b)
{
  const Hit *left = a, *right = b;
  int rank = rank_of(left) - rank_of(right);
  if (rank != 0)
    return rank;
  return left->secret < right->secret ? -1 : left->secret > right->secret;
}

static int
compare_places(gconstpointer a, gconstpointer b)
{
  const Hit *left = a, *right = b;
  return left->secret < right->secret ? -1 : left->secret > right->secret;
}

/* Of hits that share bytes, the first by preference; rules of a team's that say the same all count.
 */
static void
drop_shared(GArray *hits)
{
  g_array_sort(hits, compare_hits);
  for (guint i = 0; i < hits->len; i++) {
    const Hit *kept = &g_array_index(hits, Hit, i);
    for (guint j = hits->len - 1; j > i; j--) {
      const Hit *other = &g_array_index(hits, Hit, j);
      bool within =
          other->secret >= kept->secret && other->secret + other->size <= kept->secret + kept->size;
      bool drops = rank_of(other) >= RANK_OF_OURS || (rank_of(other) > rank_of(kept) && within);
      if (drops && other->secret < kept->secret + kept->size &&
          kept->secret < other->secret + other->size)
        g_array_remove_index(hits, j);
    }
  }
  g_array_sort(hits, compare_places);
}

static uint32_t
count_lines(const uint8_t *bytes, size_t size)
{
  uint32_t lines = 0;
  const uint8_t *end = bytes + size;
  while (bytes < end && (bytes = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
    bytes++;
    lines++;
  }
  return lines;
}

/* What is told once a file: a value, and for each rule of a team's its own. */
static GBytes *
value_of(const Hit *hit, Slice secret)
{
  if (hit->number != BROUGHT)
    return g_bytes_new(secret.data, secret.size);
  GByteArray *value = g_byte_array_new();
  g_byte_array_append(value, (const guint8 *)hit->rule->id, (guint)strlen(hit->rule->id) + 1);
  g_byte_array_append(value, secret.data, (guint)secret.size);
  return g_byte_array_free_to_bytes(value);
}

static void
tell(SecretScan *scan)
{
  size_t counted = 0;
  uint32_t lines = scan->lines + 1;
  for (guint i = 0; i < scan->hits->len; i++) {
    const Hit *hit = &g_array_index(scan->hits, Hit, i);
    Slice secret = slice_new(scan->window + hit->secret, hit->size);
    lines += count_lines(scan->window + counted, hit->secret - counted);
    counted = hit->secret;
    if (!g_hash_table_add(scan->values, value_of(hit, secret)))
      continue;
    if (g_hash_table_size(scan->values) > SECRETS_FILE_MAX) {
      scan->overfull = true;
      return;
    }
    const FoundSecret found = {hit->rule, secret, lines,
                               scan->whole ? slice_new(scan->window, scan->size) : SLICE_EMPTY};
    scan->found(&found, scan->data);
  }
}

static void
look(SecretScan *scan, bool last)
{
  size_t kept = last ? 0 : OVERLAP, moved = scan->size - kept;
  scan->until = last ? scan->size : moved + SEEN_BEFORE;
  scan->whole = last && scan->from == 0;
  memset(scan->looked, 0, secret_engine_count(scan->engine) * sizeof *scan->looked);
  g_array_set_size(scan->hits, 0);
  if (scan->overfull)
    return;
  scan->looks += scan->size / LOOK_BYTES;
  if (!secret_engine_scan(scan->engine, slice_new(scan->window, scan->size), on_hit, scan))
    scan->overfull = true;
  const BroughtWindow window = {scan->path, slice_new(scan->window, scan->size), scan->from == 0,
                                last};
  if (!brought_rules_find(&window, on_brought, scan))
    scan->unsure = true;
  if (scan->masks)
    g_array_sort(scan->hits, compare_places);
  else
    drop_shared(scan->hits);
  tell(scan);
  if (last)
    return;
  scan->lines += count_lines(scan->window, moved);
  memmove(scan->window, scan->window + moved, kept);
  scan->size = kept;
  scan->from = SEEN_BEFORE;
}

void
secret_scan_add(SecretScan *scan, Slice bytes)
{
  while (bytes.size > 0 && !scan->overfull) {
    if (scan->size == WINDOW)
      look(scan, false);
    size_t taken = MIN(bytes.size, WINDOW - scan->size);
    memcpy(scan->window + scan->size, bytes.data, taken);
    scan->size += taken;
    bytes = slice_sub(bytes, taken, bytes.size);
  }
}

bool
secret_scan_finish(SecretScan *scan)
{
  look(scan, true);
  bool whole = !scan->overfull && !scan->unsure;
  g_array_free(scan->hits, TRUE);
  g_hash_table_unref(scan->values);
  g_free(scan->looked);
  g_free(scan->path);
  g_free(spare);
  spare = scan->window;
  g_free(scan);
  return whole;
}
