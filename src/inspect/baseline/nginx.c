/* The configuration of nginx: words up to ";", or up to "{" where a block begins, which is a fact
 * "block" as well: two servers have the same name. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

#define KEYS       "listen autoindex server_tokens ssl_protocols user include"
#define BLOCKS_MAX 32u

typedef struct {
  Facts facts;
  const char *at, *end;
  uint32_t line;
  bool quoted;       /* the word that was taken last: it is none of "{", "}" and ";" */
  GPtrArray *words;  /* char *: of the directive that is read */
  GPtrArray *blocks; /* char *: those that are open */
  char *scope;
} Nginx;

static void
skip_blanks(Nginx *nginx)
{
  bool comment = false;
  for (; nginx->at < nginx->end; nginx->at++) {
    comment = comment ? *nginx->at != '\n' : *nginx->at == '#';
    nginx->line += *nginx->at == '\n';
    if (!comment && !g_ascii_isspace(*nginx->at))
      return;
  }
}

/* Of one of "{", "}" and ";" alone, or of characters up to one of these and a blank. */
static char *
take_word(Nginx *nginx)
{
  GString *word = g_string_new(NULL);
  char quote = '\0', before = '\0';
  nginx->quoted = false;
  if (strchr("{};", *nginx->at) != NULL)
    return g_string_free(g_string_append_c(word, *nginx->at++), FALSE);
  if (*nginx->at == '"' || *nginx->at == '\'')
    quote = *nginx->at++;
  nginx->quoted = quote != '\0';
  for (; nginx->at < nginx->end; before = *nginx->at++) {
    char c = *nginx->at;
    /* The brace of "${name}" opens no block. */
    if (quote != '\0' ? c == quote
                      : (g_ascii_isspace(c) || c == ';' || (c == '{' && before != '$')))
      break;
    if (c == '\\' && nginx->at + 1 < nginx->end)
      c = *++nginx->at;
    nginx->line += c == '\n';
    if (word->len < CONFIG_LINE_MAX)
      g_string_append_c(word, c == '\0' ? ' ' : c);
  }
  nginx->at += quote != '\0' && nginx->at < nginx->end;
  return g_string_free(word, FALSE);
}

/* (transfer full) */
static char *
joined(const GPtrArray *words, guint from)
{
  GString *text = g_string_new(NULL);
  for (guint i = from; i < words->len; i++)
    g_string_append_printf(text, "%s%s", i > from ? " " : "",
                           (const char *)g_ptr_array_index(words, i));
  return g_string_free(text, FALSE);
}

static void
join_blocks(Nginx *nginx)
{
  g_free(nginx->scope);
  nginx->scope = joined(nginx->blocks, 0);
  nginx->facts.scope = *nginx->scope == '\0' ? NULL : nginx->scope;
}

static void
end_directive(Nginx *nginx)
{
  const char *key = nginx->words->len > 0 ? g_ptr_array_index(nginx->words, 0) : "";
  if (*key != '\0' && config_is_one_of(key, KEYS)) {
    g_autofree char *value = joined(nginx->words, 1);
    facts_add(&nginx->facts, key, value);
  }
  g_ptr_array_set_size(nginx->words, 0);
}

static void
take(Nginx *nginx, char *word)
{
  bool only = !nginx->quoted && word[0] != '\0' && word[1] == '\0';
  if (only && *word == ';') {
    end_directive(nginx);
  } else if (only && *word == '{') {
    if (nginx->blocks->len < BLOCKS_MAX)
      g_ptr_array_add(nginx->blocks, joined(nginx->words, 0));
    join_blocks(nginx);
    g_autofree char *name = joined(nginx->words, 0);
    facts_add(&nginx->facts, "block", name);
    g_ptr_array_set_size(nginx->words, 0);
  } else if (only && *word == '}') {
    if (nginx->blocks->len > 0)
      g_ptr_array_set_size(nginx->blocks, (int)nginx->blocks->len - 1);
    g_ptr_array_set_size(nginx->words, 0);
    join_blocks(nginx);
  } else {
    if (nginx->words->len == 0)
      nginx->facts.line = nginx->line;
    if (nginx->words->len < 100)
      g_ptr_array_add(nginx->words, g_strdup(word));
  }
}

static void
read_nginx(Slice bytes, const char *location, LayerInventory *into)
{
  g_autofree char *text = slice_to_utf8(bytes);
  Nginx nginx = {.facts = {.into = into, .path = location, .service = "nginx"},
                 .at = text,
                 .end = text + strlen(text),
                 .line = 1,
                 .words = g_ptr_array_new_with_free_func(g_free),
                 .blocks = g_ptr_array_new_with_free_func(g_free)};
  facts_add(&nginx.facts, "file", "");
  for (skip_blanks(&nginx); nginx.at < nginx.end; skip_blanks(&nginx)) {
    g_autofree char *word = take_word(&nginx);
    take(&nginx, word);
  }
  g_ptr_array_unref(nginx.words);
  g_ptr_array_unref(nginx.blocks);
  g_free(nginx.scope);
}

static const char *const nginx_places[] = {"etc/nginx/nginx.conf",
                                           "etc/nginx/conf.d/",
                                           "etc/nginx/http.d/",
                                           "etc/nginx/sites-enabled/",
                                           "etc/nginx/sites-available/",
                                           "etc/nginx/default.d/",
                                           "etc/nginx/snippets/",
                                           "usr/local/nginx/conf/nginx.conf",
                                           "usr/local/openresty/nginx/conf/nginx.conf",
                                           NULL};

const Detector nginx_detector = {
    .name = "nginx",
    .version = 2,
    .places = nginx_places,
    .alike = true,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_nginx,
};
