/* LuaRocks' packages: NAME-VERSION-REVISION.rockspec, which it keeps of what it installed
 * (lib/luarocks/rocks-5.1/NAME/VERSION/); one elsewhere is part of a source, and declared.
 *
 * It is a Lua program, of which assignments of texts outside of tables are followed:
 *
 *   local version = "2.0.1"
 *   package = 'luasyslog'
 *   version = version .. "-1" */
#include <string.h>

#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

#define VARIABLES_MAX 1000u
#define TEXT_MAX      1024u

typedef enum { TOKEN_END, TOKEN_SIGN, TOKEN_NAME, TOKEN_TEXT } TokenKind;

typedef struct {
  TokenKind kind;
  Slice text; /* of a text without its quotes; ".." is one sign */
} Token;

static bool
is_name_byte(uint8_t byte)
{
  return g_ascii_isalnum(byte) || byte == '_';
}

/* [[...]] or [==[...]==] at the front. False: it is none. */
static bool
take_long(Slice *rest, Slice *text)
{
  size_t level = 1;
  while (level < rest->size && rest->data[level] == '=')
    level++;
  if (rest->size < 2 || rest->data[0] != '[' || level >= rest->size || rest->data[level] != '[')
    return false;
  g_autofree char *end = g_strnfill(level + 1, '=');
  end[0] = end[level] = ']';
  const uint8_t *at = memmem(rest->data + level + 1, rest->size - level - 1, end, level + 1);
  size_t size = at == NULL ? rest->size - level - 1 : (size_t)(at - rest->data) - level - 1;
  *text = slice_sub(*rest, level + 1, size);
  *rest = slice_sub(*rest, size + 2 * (level + 1), rest->size);
  return true;
}

static void
skip_blanks(Slice *rest)
{
  Slice unused;
  for (;;) {
    while (rest->size > 0 && g_ascii_isspace(rest->data[0]))
      *rest = slice_sub(*rest, 1, rest->size);
    if (!slice_has_prefix(*rest, SLICE_LITERAL("--")))
      return;
    *rest = slice_sub(*rest, 2, rest->size);
    if (!take_long(rest, &unused))
      slice_next_line(rest, &unused);
  }
}

/* One that does not end in its line ends the program. */
static Slice
take_quoted(Slice *rest)
{
  uint8_t quote = rest->data[0];
  size_t end = 1;
  while (end < rest->size && rest->data[end] != quote && rest->data[end] != '\n')
    end += rest->data[end] == '\\' ? 2 : 1;
  bool ends = end < rest->size && rest->data[end] == quote;
  Slice text = ends ? slice_sub(*rest, 1, end - 1) : SLICE_EMPTY;
  *rest = ends ? slice_sub(*rest, end + 1, rest->size) : SLICE_EMPTY;
  return text;
}

static Token
next_token(Slice *rest)
{
  Token token = {TOKEN_END, SLICE_EMPTY};
  skip_blanks(rest);
  if (rest->size == 0)
    return token;
  if (rest->data[0] == '"' || rest->data[0] == '\'')
    return (Token){TOKEN_TEXT, take_quoted(rest)};
  if (take_long(rest, &token.text))
    return (Token){TOKEN_TEXT, token.text};
  size_t size = 0;
  while (size < rest->size && is_name_byte(rest->data[size]))
    size++;
  token.kind = size > 0 ? TOKEN_NAME : TOKEN_SIGN;
  if (size == 0)
    size = slice_has_prefix(*rest, SLICE_LITERAL("..")) ? 2 : 1;
  token.text = slice_sub(*rest, 0, size);
  *rest = slice_sub(*rest, size, rest->size);
  return token;
}

static bool
is_sign(Token token, const char *sign)
{
  return token.kind == TOKEN_SIGN && slice_equal_string(token.text, sign);
}

/* Adds what a text or a variable is; false: it is something else. */
static bool
add_term(GString *value, GHashTable *variables, Token token)
{
  g_autofree char *name = token.kind == TOKEN_NAME ? slice_to_utf8(token.text) : NULL;
  const char *known = name == NULL ? NULL : g_hash_table_lookup(variables, name);
  if (token.kind == TOKEN_TEXT && slice_find(token.text, '\\') < 0 && token.text.size < TEXT_MAX)
    g_string_append_len(value, (const char *)token.text.data, (gssize)token.text.size);
  else if (known != NULL)
    g_string_append(value, known);
  else
    return false;
  return value->len < TEXT_MAX;
}

/* Texts and variables, with ".." between them. NULL: it is something else. (transfer full) */
static char *
take_value(Slice *rest, GHashTable *variables)
{
  g_autoptr(GString) value = g_string_new(NULL);
  for (;;) {
    Slice ahead = *rest;
    if (!add_term(value, variables, next_token(&ahead)))
      return NULL;
    *rest = ahead;
    if (!is_sign(next_token(&ahead), ".."))
      return g_strdup(value->str);
    *rest = ahead;
  }
}

/* What the names outside of tables and functions are set to. (transfer full) */
static GHashTable *
read_variables(Slice rest)
{
  GHashTable *variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  int depth = 0;
  for (Token token = next_token(&rest); token.kind != TOKEN_END; token = next_token(&rest)) {
    Slice ahead = rest;
    if (token.kind == TOKEN_SIGN && strchr("{([", token.text.data[0]) != NULL)
      depth++;
    else if (token.kind == TOKEN_SIGN && strchr("})]", token.text.data[0]) != NULL)
      depth--;
    if (token.kind != TOKEN_NAME || depth != 0 || !is_sign(next_token(&ahead), "="))
      continue;
    char *value = take_value(&ahead, variables);
    if (value == NULL)
      continue;
    rest = ahead;
    if (g_hash_table_size(variables) < VARIABLES_MAX)
      g_hash_table_replace(variables, slice_to_utf8(token.text), value);
    else
      g_free(value);
  }
  return variables;
}

/* The first text after "license =", which is in a table. */
static GString *
license_of(Slice rest)
{
  GString *licenses = g_string_new(NULL);
  for (Token token = next_token(&rest); token.kind != TOKEN_END; token = next_token(&rest)) {
    if (token.kind != TOKEN_NAME || !slice_equal_string(token.text, "license"))
      continue;
    Slice ahead = rest;
    if (!is_sign(next_token(&ahead), "=") || (token = next_token(&ahead)).kind != TOKEN_TEXT)
      continue;
    found_licenses_add(licenses, "", token.text);
    break;
  }
  return licenses;
}

static void
read_rockspec(Slice bytes, const char *location, LayerInventory *into)
{
  g_autoptr(GHashTable) variables = read_variables(bytes);
  const char *name = g_hash_table_lookup(variables, "package");
  const char *version = g_hash_table_lookup(variables, "version");
  if (name == NULL || version == NULL)
    return;
  Package *package = layer_inventory_add_application(into, "luarocks", name, version, location);
  if (package == NULL)
    return;
  package->declared = strstr(location, "/rocks") == NULL;
  found_licenses_give(license_of(bytes), package);
}

const Detector lua_detector = {
    .name = "lua",
    .version = 1,
    .places = (const char *const[]){"*.rockspec", NULL},
    .most = FOUND_TOKENS_BYTES_MAX,
    .read = read_rockspec,
};
