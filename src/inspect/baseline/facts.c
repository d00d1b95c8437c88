/* Facts, and lines and words of configuration files; see the header. */
#include "inspect/baseline/facts.h"

#include <string.h>

void
facts_add(Facts *facts, const char *key, const char *value)
{
  g_autofree char *rule = g_strconcat(facts->service, ".", key, NULL);
  const Observation fact = {.kind = OBSERVED_FACT,
                            .rule = rule,
                            .path = facts->path,
                            .line = facts->line,
                            .shown = value,
                            .scope = facts->scope};
  layer_inventory_add_observation(facts->into, &fact);
}

void
facts_add_format(Facts *facts, const char *key, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *value = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  facts_add(facts, key, value);
}

bool
facts_are_full(const Facts *facts)
{
  return facts->into->observations->len >= LAYER_FILE_OBSERVATIONS_MAX &&
         facts->into->unread->len > 0;
}

/* --- lines --- */

void
config_lines_init(ConfigLines *lines, Slice text, bool joined)
{
  static const Slice mark = SLICE_LITERAL("\xef\xbb\xbf");
  if (slice_has_prefix(text, mark))
    text = slice_sub(text, mark.size, SIZE_MAX);
  *lines = (ConfigLines){.rest = text, .joined = joined, .line = g_string_new(NULL)};
}

void
config_lines_clear(ConfigLines *lines)
{
  if (lines->line != NULL)
    g_string_free(lines->line, TRUE);
  lines->line = NULL;
}

/* Takes off the backslash of a continued line. */
static bool
is_continued(Slice *line)
{
  size_t backslashes = 0;
  while (backslashes < line->size && line->data[line->size - 1 - backslashes] == '\\')
    backslashes++;
  if (backslashes % 2 == 1)
    line->size--;
  return backslashes % 2 == 1;
}

const char *
config_lines_next(ConfigLines *lines)
{
  Slice line;
  bool more = false;
  g_string_truncate(lines->line, 0);
  while (slice_next_line(&lines->rest, &line)) {
    lines->taken++;
    if (!more)
      lines->number = lines->taken;
    more = lines->joined && is_continued(&line);
    size_t room = CONFIG_LINE_MAX - MIN(CONFIG_LINE_MAX, lines->line->len);
    g_autofree char *text = slice_to_utf8(slice_sub(line, 0, room));
    g_string_append(lines->line, text);
    if (more)
      continue;
    g_strstrip(lines->line->str);
    lines->line->len = strlen(lines->line->str);
    if (lines->line->len > 0)
      return lines->line->str;
  }
  g_strstrip(lines->line->str);
  lines->line->len = strlen(lines->line->str);
  return more && lines->line->len > 0 ? lines->line->str : NULL;
}

/* --- words --- */

/* Takes the word that begins at @at; where it ends. */
static const char *
take_word(const char *at, GString *word)
{
  char quote = '\0';
  for (; *at != '\0' && (quote != '\0' || !g_ascii_isspace(*at)); at++) {
    if (*at == '\\' && at[1] != '\0')
      g_string_append_c(word, *++at);
    else if (quote == '\0' && (*at == '"' || *at == '\''))
      quote = *at;
    else if (*at == quote)
      quote = '\0';
    else
      g_string_append_c(word, *at);
  }
  return at;
}

char **
config_words(const char *line, bool comments)
{
  GPtrArray *words = g_ptr_array_new();
  for (;;) {
    while (g_ascii_isspace(*line))
      line++;
    if (*line == '\0' || (comments && *line == '#'))
      break;
    GString *word = g_string_new(NULL);
    line = take_word(line, word);
    g_ptr_array_add(words, g_string_free(word, FALSE));
  }
  g_ptr_array_add(words, NULL);
  return (char **)g_ptr_array_free(words, FALSE);
}

/* --- settings --- */

void
config_settings_init(ConfigSettings *settings, Slice text, const SettingForm *form)
{
  *settings = (ConfigSettings){.form = form};
  config_lines_init(&settings->lines, text, form->joined);
}

static void
forget_setting(ConfigSettings *settings)
{
  g_clear_pointer(&settings->name, g_free);
  g_clear_pointer(&settings->words, g_strfreev);
}

void
config_settings_clear(ConfigSettings *settings)
{
  forget_setting(settings);
  config_lines_clear(&settings->lines);
}

bool
config_settings_next(ConfigSettings *settings, Facts *facts)
{
  const SettingForm *form = settings->form;
  forget_setting(settings);
  do
    settings->line = config_lines_next(&settings->lines);
  while (settings->line != NULL && strchr(form->comments, *settings->line) != NULL);
  if (settings->line == NULL)
    return false;
  facts->line = settings->lines.number;
  size_t size = strcspn(settings->line, form->separators);
  const char *rest = settings->line + size + strspn(settings->line + size, " \t");
  g_autofree char *value = g_strdup(rest + (*rest == '=' && strchr(form->separators, '=') != NULL));
  if (form->cut != '\0')
    value[strcspn(value, (const char[]){form->cut, '\0'})] = '\0';
  settings->name = g_strchomp(g_ascii_strdown(settings->line, (gssize)size));
  settings->words = config_words(value, form->hash);
  return true;
}

char *
config_settings_value(const ConfigSettings *settings)
{
  return g_strjoinv(" ", settings->words);
}

bool
config_is_one_of(const char *word, const char *list)
{
  size_t size = strlen(word);
  while (*list != '\0') {
    size_t next = strcspn(list, " ");
    if (next == size && g_ascii_strncasecmp(list, word, size) == 0)
      return true;
    list += next + strspn(list + next, " ");
  }
  return false;
}

bool
config_is_example(const char *path)
{
  static const char *const parts[] = {
      "/doc/",   "/docs/",     "/examples/",     "/example/",       "/test/",
      "/tests/", "/testdata/", "/samples/",      "/sample/",        "/templates/",
      "/man/",   "/fixtures/", "/node_modules/", "/site-packages/", "/dist-packages/"};
  g_autofree char *whole = g_strconcat("/", path, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    if (strstr(whole, parts[i]) != NULL)
      return true;
  return false;
}
