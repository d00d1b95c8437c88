/* Applications of Erlang and Elixir: ebin/NAME.app, a term
 *
 *   {application, rabbit, [{description, "RabbitMQ"}, {vsn, "3.12.10"}, ...]}.
 *
 * They are Hex's packages, except for Erlang's own. */
#include <string.h>

#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

typedef enum { TOKEN_END, TOKEN_SIGN, TOKEN_ATOM, TOKEN_STRING } TokenKind;

typedef struct {
  TokenKind kind;
  Slice text; /* of a string and a quoted atom without the quotes; of a sign the sign */
} Token;

static bool
is_atom_byte(uint8_t byte)
{
  return g_ascii_isalnum(byte) || byte == '_' || byte == '@' || byte >= 0x80;
}

/* Blanks, and comments from "%" to the end of the line. */
static void
skip_blanks(Slice *rest)
{
  Slice line;
  while (rest->size > 0 && (rest->data[0] == '%' || g_ascii_isspace(rest->data[0])))
    if (rest->data[0] == '%')
      slice_next_line(rest, &line);
    else
      *rest = slice_sub(*rest, 1, rest->size);
}

/* Up to the quote that it begins with; a backslash takes the next byte along. */
static Slice
take_quoted(Slice *rest)
{
  uint8_t quote = rest->data[0];
  size_t end = 1;
  while (end < rest->size && rest->data[end] != quote)
    end += rest->data[end] == '\\' ? 2 : 1;
  Slice text = slice_sub(*rest, 1, end - 1);
  *rest = slice_sub(*rest, end + 1, rest->size);
  return text;
}

static Token
next_token(Slice *rest)
{
  skip_blanks(rest);
  if (rest->size == 0)
    return (Token){TOKEN_END, SLICE_EMPTY};
  uint8_t first = rest->data[0];
  if (first == '"' || first == '\'') {
    Slice text = take_quoted(rest);
    return (Token){first == '"' ? TOKEN_STRING : TOKEN_ATOM, text};
  }
  size_t size = 0;
  while (size < rest->size && is_atom_byte(rest->data[size]))
    size++;
  Token token = {size > 0 ? TOKEN_ATOM : TOKEN_SIGN, slice_sub(*rest, 0, MAX(size, 1))};
  *rest = slice_sub(*rest, MAX(size, 1), rest->size);
  return token;
}

static bool
take_sign(Slice *rest, const char *sign)
{
  Token token = next_token(rest);
  return token.kind == TOKEN_SIGN && slice_equal_string(token.text, sign);
}

/* "{application, NAME, [" */
static bool
take_head(Slice *rest, Slice *name)
{
  if (!take_sign(rest, "{") || !slice_equal_string(next_token(rest).text, "application") ||
      !take_sign(rest, ","))
    return false;
  *name = next_token(rest).text;
  return name->size > 0 && take_sign(rest, ",") && take_sign(rest, "[");
}

/* The string of {vsn, "1.0"} directly in the list. */
static Slice
find_version(Slice rest)
{
  unsigned depth = 0;
  for (Token token = next_token(&rest); token.kind != TOKEN_END; token = next_token(&rest)) {
    if (token.kind == TOKEN_ATOM && depth == 1 && slice_equal_string(token.text, "vsn")) {
      Slice ahead = rest;
      if (take_sign(&ahead, ",") && (token = next_token(&ahead)).kind == TOKEN_STRING)
        return token.text;
    }
    if (token.kind != TOKEN_SIGN)
      continue;
    if (strchr("{[(", token.text.data[0]) != NULL)
      depth++;
    else if (strchr("}])", token.text.data[0]) != NULL && depth-- == 0)
      return SLICE_EMPTY;
  }
  return SLICE_EMPTY;
}

/* Not of a template, or a word such as "git". */
static bool
is_version(Slice version)
{
  return version.size > 0 && g_ascii_isdigit(version.data[0]);
}

static void
read_application(Slice bytes, const char *location, LayerInventory *into)
{
  Slice rest = bytes, name = SLICE_EMPTY;
  if (!take_head(&rest, &name))
    return;
  Slice version = find_version(rest);
  bool own = strstr(location, "erlang/lib/") != NULL;
  if (is_version(version))
    found_add(into, own ? "otp" : "hex", name, version, location, NULL);
}

const Detector erlang_detector = {
    .name = "erlang",
    .version = 1,
    .places = (const char *const[]){"*.app", NULL},
    .most = FOUND_TOKENS_BYTES_MAX,
    .read = read_application,
};
