/* Hiding what is secret; see the header.
 *
 * A value that was found in a word has lost its quotes, and may have been found in a text in quotes
 * in its turn, or in a list. So values are looked for in the text without any quotes, escapes,
 * commas and space, and what lies between their first and last byte in the text itself is hidden.
 * A short value may be a word of any command: it is looked for with what is in front of it. */
#include "inspect/configuration/mask.h"

#include <string.h>

#include "base/slice.h"
#include "inspect/configuration/build-private.h"
#include "inspect/configuration/command_values.h"
#include "inspect/configuration/configuration-private.h"

#define MASK "****"
/* Shorter ones are not looked for everywhere; nor words, up to a length. */
#define KNOWN_LEAST 6u
#define WORD_MOST   12u
/* Of what is in front of a short one. */
#define BEFORE_MAX 40u
/* Of a build; where it has more, nothing is shown. */
#define VALUES_MAX 800u
/* Of one value in a text. */
#define FOUND_MAX 100u
/* Of a text that is masked. */
#define TEXT_MAX 16384u
/* Of a user in an address: longer ones are tokens. */
#define USER_MOST 15u

typedef struct {
  char *needle; /* without quotes and space */
  size_t from;  /* where what is hidden begins in it */
  size_t size;
} Value;

struct Masks {
  GPtrArray *values; /* Value */
  GHashTable *known; /* needles */
  bool all;
};

static void
value_free(void *data)
{
  g_free(((Value *)data)->needle);
  g_free(data);
}

void
masks_free(Masks *masks)
{
  if (masks == NULL)
    return;
  g_ptr_array_unref(masks->values);
  g_hash_table_unref(masks->known);
  g_free(masks);
}

/* --- which values --- */

static bool
is_dropped(char c)
{
  return c == '\'' || c == '"' || c == '\\' || c == ',' || g_ascii_isspace(c);
}

/* (transfer full) */
static char *
without_quotes(const char *text, size_t size)
{
  char *plain = g_malloc(size + 1);
  size_t length = 0;
  for (size_t i = 0; i < size; i++)
    if (!is_dropped(text[i]))
      plain[length++] = text[i];
  plain[length] = '\0';
  return plain;
}

static void
add_needle(Masks *masks, char *needle, size_t from)
{
  size_t size = strlen(needle);
  if (size == from || g_hash_table_contains(masks->known, needle)) {
    g_free(needle);
    return;
  }
  Value *value = g_new(Value, 1);
  *value = (Value){needle, from, size};
  g_ptr_array_add(masks->values, value);
  g_hash_table_add(masks->known, needle);
  masks->all |= masks->values->len > VALUES_MAX;
}

static bool
is_word(const char *value, size_t size)
{
  return size < WORD_MOST && strspn(value, "abcdefghijklmnopqrstuvwxyz") == size;
}

/* A CommandValueFound of Masks. */
static void
add_value(CommandValueKind kind, const char *before, const char *value, void *data)
{
  Masks *masks = data;
  size_t size = strnlen(value, TEXT_MAX), front = strlen(before);
  if (masks->all)
    return;
  g_autofree char *plain = without_quotes(value, size);
  if (strpbrk(plain, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS) == NULL)
    return;
  if (strlen(plain) >= KNOWN_LEAST && !is_word(plain, strlen(plain))) {
    add_needle(masks, g_steal_pointer(&plain), 0);
    return;
  }
  size_t skipped = front > BEFORE_MAX ? front - BEFORE_MAX : 0;
  g_autofree char *former = without_quotes(before + skipped, front - skipped);
  add_needle(masks, g_strconcat(former, plain, NULL), strlen(former));
}

static void
add_commands(Masks *masks, const GPtrArray *commands)
{
  for (guint i = 0; i < commands->len && !masks->all; i++)
    command_values(commands, i, add_value, masks);
}

/* "NAME=value", of such a name. */
static void
add_pair(Masks *masks, const char *pair)
{
  const char *sign = pair == NULL ? NULL : strchr(pair, '=');
  g_autofree char *name = sign == NULL ? NULL : g_strndup(pair, (gsize)(sign - pair));
  if (name != NULL && configuration_names_secret(name) && !command_value_is_reference(sign + 1))
    add_value(VALUE_NAMED, "=", sign + 1, masks);
}

static void
add_pairs_of_config(Masks *masks, const ImageConfig *config)
{
  GHashTableIter iter;
  void *name, *value;
  for (char **pair = config->env; pair != NULL && *pair != NULL; pair++)
    add_pair(masks, *pair);
  if (config->labels != NULL)
    g_hash_table_iter_init(&iter, config->labels);
  while (config->labels != NULL && g_hash_table_iter_next(&iter, &name, &value))
    if (configuration_names_secret(name))
      add_value(VALUE_NAMED, "=", value, masks);
}

/* "user:password@host/image", of a COPY --from=: no scheme marks it as an address. */
static void
add_image(Masks *masks, const char *image)
{
  if (image == NULL)
    return;
  const char *digest = strstr(image, "@sha");
  size_t size = digest == NULL ? strlen(image) : (size_t)(digest - image);
  const char *at = memrchr(image, '@', size), *colon = strchr(image, ':');
  if (at == NULL || colon == NULL || colon > at)
    return;
  g_autofree char *before = g_strndup(image, (gsize)(colon + 1 - image));
  g_autofree char *value = g_strndup(colon + 1, (gsize)(at - colon - 1));
  if (!command_value_is_reference(value))
    add_value(VALUE_NAMED, before, value, masks);
}

static void
add_step(Masks *masks, const BuildStep *step)
{
  static const char *const pairs[] = {"ENV", "ARG", "LABEL", NULL};
  add_image(masks, build_step_flag(step, "from"));
  if (g_strv_contains(pairs, step->keyword)) {
    for (guint i = 0; i < step->words->len; i++)
      add_pair(masks, g_ptr_array_index(step->words, i));
  } else if (step->commands->len > 0) {
    add_commands(masks, step->commands);
  } else if (step->words->len > 0) {
    /* What starts the image, or is for no shell of POSIX: its commands are much alike. */
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (guint i = 0; i < step->words->len; i++)
      if (g_ptr_array_index(step->words, i) != NULL)
        g_ptr_array_add(words, g_ptr_array_index(step->words, i));
    g_ptr_array_add(words, NULL);
    g_autofree char *text = step->list ? build_quote((const char *const *)words->pdata)
                                       : g_strjoinv(" ", (char **)words->pdata);
    g_autoptr(GPtrArray) commands = shell_commands(text);
    add_commands(masks, commands);
  }
}

Masks *
masks_new(const Build *build, const ConfigurationHidden *hidden)
{
  Masks *masks = g_new0(Masks, 1);
  masks->values = g_ptr_array_new_with_free_func(value_free);
  masks->known = g_hash_table_new(g_str_hash, g_str_equal);
  masks->all = hidden != NULL && hidden->all;
  for (guint i = 0; hidden != NULL && hidden->values != NULL && i < hidden->values->len; i++) {
    const char *value = g_ptr_array_index(hidden->values, i);
    g_autofree char *plain = without_quotes(value, strlen(value));
    if (strlen(plain) >= KNOWN_LEAST)
      add_needle(masks, g_steal_pointer(&plain), 0);
  }
  if (build->config != NULL)
    add_pairs_of_config(masks, build->config);
  for (guint i = 0; i < build->steps->len; i++)
    add_step(masks, g_ptr_array_index(build->steps, i));
  for (guint i = 0; i < build->stages->len; i++)
    add_image(masks, ((const BuildStage *)g_ptr_array_index(build->stages, i))->image);
  for (guint i = 0; i < build->others->len; i++) {
    g_autoptr(GPtrArray) commands = shell_commands(g_ptr_array_index(build->others, i));
    add_commands(masks, commands);
  }
  return masks;
}

/* --- in a text --- */

/* The text without quotes and space, and where each of its bytes is. */
typedef struct {
  char *text;
  size_t size;
  size_t *at;
} Plain;

static void
mark(const Plain *plain, size_t from, size_t to, bool *hidden)
{
  if (to <= from)
    return;
  memset(hidden + plain->at[from], true, plain->at[to - 1] + 1 - plain->at[from]);
}

/* Also where only a beginning of it is left of a text that was cut. */
static void
mark_value(const Plain *plain, const Value *value, bool *hidden)
{
  unsigned found = 0;
  for (const char *at = plain->text; (at = strstr(at, value->needle)) != NULL; at++) {
    size_t start = (size_t)(at - plain->text);
    /* Of a text of nothing else, all is hidden: each takes its time. */
    bool rest = ++found > FOUND_MAX;
    mark(plain, start + value->from, rest ? plain->size : start + value->size, hidden);
    if (rest)
      return;
  }
  for (size_t left = MIN(value->size - 1, plain->size); left >= value->from + KNOWN_LEAST; left--)
    if (memcmp(plain->text + plain->size - left, value->needle, left) == 0) {
      mark(plain, plain->size - left + value->from, plain->size, hidden);
      return;
    }
}

/* All are found before one is replaced: they may share bytes. (transfer full) */
static GString *
without_values(const Masks *masks, const char *text, size_t size)
{
  g_autofree bool *hidden = g_new0(bool, size + 1);
  g_autofree size_t *places = g_new(size_t, size + 1);
  g_autofree char *written = g_malloc(size + 1);
  Plain plain = {written, 0, places};
  for (size_t i = 0; i < size; i++)
    if (!is_dropped(text[i])) {
      places[plain.size] = i;
      written[plain.size++] = text[i];
    }
  written[plain.size] = '\0';
  for (guint i = 0; i < masks->values->len; i++)
    mark_value(&plain, g_ptr_array_index(masks->values, i), hidden);
  GString *rest = g_string_new(NULL);
  for (size_t i = 0; i < size; i++)
    if (!hidden[i])
      g_string_append_c(rest, g_ascii_isspace(text[i]) ? ' ' : text[i]);
    else if (i == 0 || !hidden[i - 1])
      g_string_append(rest, MASK);
  return rest;
}

/* The last byte of what begins at @at with a quote, an escape or "$("; @at where it is none. */
static size_t
end_of_quoted(const char *value, size_t at)
{
  const char *end = value + at;
  if (value[at] == '\\' && value[at + 1] != '\0')
    return at + 1;
  if (value[at] == '\'' || value[at] == '"' || value[at] == '`')
    end = strchr(value + at + 1, value[at]);
  else if (value[at] == '$' && value[at + 1] == '(')
    end = strchr(value + at, ')');
  return end == NULL ? strlen(value) - 1 : (size_t)(end - value);
}

/* The value of an assignment, as a shell reads it: up to space outside of quotes. */
static size_t
size_of_value(const char *value)
{
  size_t size = 0;
  while (value[size] != '\0' && strchr(" ;&|", value[size]) == NULL)
    size = end_of_quoted(value, size) + 1;
  return size;
}

static bool
is_of_name(char c)
{
  return g_ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

/* "NAME=value", "--password=value", "password: value", "\"password\": \"value\"": the value. */
static void
mask_names(GString *text)
{
  for (gsize at = 1; at < text->len; at++) {
    if (text->str[at] != '=' && text->str[at] != ':')
      continue;
    gsize end = at, start;
    while (end > 0 && strchr("'\"\\", text->str[end - 1]) != NULL)
      end--;
    for (start = end; start > 0 && at - start < 200 && is_of_name(text->str[start - 1]);)
      start--;
    g_autofree char *name = g_strndup(text->str + start, end - start);
    gsize value = at + 1 + strspn(text->str + at + 1, " ");
    if (end == start || !configuration_names_secret(name) || value >= text->len)
      continue;
    bool escaped = text->str[value] == '\\' && text->str[value + 1] == '"';
    value += escaped;
    char quote = text->str[value] == '\'' || text->str[value] == '"' ? text->str[value] : '\0';
    value += quote != '\0';
    const char *ends = quote == '\'' ? "'" : quote == '"' ? "\"" : " ;&|\"'";
    gsize size = quote == '\0' && text->str[at] == '=' ? size_of_value(text->str + value)
                                                       : strcspn(text->str + value, ends);
    g_autofree char *old = g_strndup(text->str + value, size);
    if (size == 0 || (command_value_is_reference(old) && quote != '\''))
      continue;
    g_string_erase(text, (gssize)value, (gssize)size);
    g_string_insert(text, (gssize)value, MASK);
    at = value;
  }
}

/* "https://user:password@host", "https://token@host" */
static void
mask_addresses(GString *text)
{
  for (const char *mark = strstr(text->str, "://"); mark != NULL;) {
    gsize start = (gsize)(mark - text->str) + 3;
    gsize host = strcspn(text->str + start, " /'\"?#;|");
    const char *at = memrchr(text->str + start, '@', host);
    if (at != NULL) {
      gsize size = (gsize)(at - text->str) - start;
      const char *colon = memchr(text->str + start, ':', size);
      /* "https://token:x-oauth-basic@h", "https://token:@h" */
      bool named = colon != NULL && (gsize)(colon - text->str) - start <= USER_MOST &&
                   colon + 1 != at && !g_str_has_prefix(colon + 1, "x-oauth");
      gsize from = named ? (gsize)(colon - text->str) + 1 : start;
      g_autofree char *old = g_strndup(text->str + from, start + size - from);
      if (!command_value_is_reference(old)) {
        g_string_erase(text, (gssize)from, (gssize)(size - (from - start)));
        g_string_insert(text, (gssize)from, MASK);
      }
    }
    mark = strstr(text->str + start, "://");
  }
}

char *
masks_apply(const Masks *masks, const char *text, size_t most)
{
  if (masks->all)
    return NULL;
  g_autoptr(GString) masked = without_values(masks, text, strnlen(text, TEXT_MAX));
  mask_names(masked);
  mask_addresses(masked);
  return slice_to_printable(slice_new(masked->str, masked->len), most);
}
