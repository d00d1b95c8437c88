/* Judging the head of a request; see the header. */
#include "server/http/head.h"

#include <string.h>

/* RFC 9110, section 5.6.2: what a name is made of. */
static bool
is_token(Slice text)
{
  static const char marks[] = "!#$%&'*+-.^_`|~";
  for (size_t i = 0; i < text.size; i++)
    if (!g_ascii_isalnum(text.data[i]) &&
        (text.data[i] == '\0' || strchr(marks, text.data[i]) == NULL))
      return false;
  return text.size > 0;
}

static bool
is_named(Slice name, const char *expected)
{
  return name.size == strlen(expected) &&
         g_ascii_strncasecmp((const char *)name.data, expected, name.size) == 0;
}

/* RFC 9110, section 5.5: what no value holds. A bare CR would begin a line for some. */
static bool
has_control(Slice value)
{
  for (size_t i = 0; i < value.size; i++)
    if ((value.data[i] < ' ' && value.data[i] != '\t') || value.data[i] == 0x7f)
      return true;
  return false;
}

/* A line's end was CR LF. */
static const char *
walk_line_end(Head *head, const char *at)
{
  bool ended = head->end - at >= 2 && at[0] == '\0' && at[1] == '\0';
  head->broken = head->broken || !ended;
  return ended ? at + 2 : at;
}

/* RFC 9112, section 3: a token, single spaces, and a target and version without any space or
 * control character. */
void
head_walk(Head *head, const RequestLine *line, const char *end)
{
  const char *version = line->version;
  size_t size = line->target_end == NULL ? 0 : (size_t)(line->target_end - line->target);
  head->walks = true;
  head->end = end;
  head->at = version;
  head->broken = !is_token(slice_from_string(line->method)) ||
                 line->target != line->method + strlen(line->method) + 1 || size == 0 ||
                 version != line->target_end + 1 || version >= end ||
                 has_control(slice_from_string(version));
  if (!head->broken)
    head->at = walk_line_end(head, version + strnlen(version, (size_t)(end - version)));
}

/* "Name: value", from where the last line ended. */
static void
walk_header(Head *head, Slice name, Slice value)
{
  const char *at = head->at, *text = (const char *)value.data;
  if ((const char *)name.data != at || (size_t)(head->end - at) <= name.size) {
    head->broken = true;
    return;
  }
  at += name.size;
  bool colon = *at == '\0';
  for (at++; at < head->end && (*at == ' ' || *at == '\t'); at++)
    ;
  head->broken = !colon || at != text || (size_t)(head->end - at) < value.size;
  if (!head->broken)
    head->at = walk_line_end(head, text + value.size);
}

void
head_add(Head *head, Slice name, Slice value)
{
  if (head->walks && !head->broken)
    walk_header(head, name, value);
  head->broken = head->broken || !is_token(name) || has_control(value);
  if (is_named(name, "Host")) {
    head->hosts++;
  } else if (is_named(name, "Content-Length")) {
    head->lengths++;
  } else if (is_named(name, "Transfer-Encoding")) {
    head->encodings++;
    head->chunked = is_named(value, "chunked");
  } else if (is_named(name, "Expect")) {
    head->expects_continue = is_named(value, "100-continue");
  } else if (is_named(name, "X-Request-Id") && head->request_id == NULL) {
    head->request_id = (const char *)value.data;
  }
}

const char *
head_problem(const Head *head, bool http_1_0)
{
  bool left_over =
      head->walks && (head->broken || head->end - head->at != 2 || head->at[0] != '\0');
  if (head->broken || left_over)
    return "the head of the request is malformed: a line is folded or does not end with CR LF, a "
           "name is none, or there is a control character";
  if (head->hosts > 1 || (head->hosts == 0 && !http_1_0))
    return "the request needs one Host header";
  if (head->encodings > 0 && (http_1_0 || head->encodings > 1 || !head->chunked))
    return "the only Transfer-Encoding that is taken is \"chunked\", once, and with HTTP/1.1";
  if (head->lengths > 1 || (head->lengths > 0 && head->encodings > 0))
    return "the request says more than once how long its body is";
  return NULL;
}

size_t
percent_decode(char *text)
{
  char *to = text;
  for (const char *from = text; *from != '\0';) {
    int high = *from == '%' ? g_ascii_xdigit_value(from[1]) : -1;
    int low = high >= 0 ? g_ascii_xdigit_value(from[2]) : -1;
    if (low >= 0 && high + low > 0) {
      *to++ = (char)(high << 4 | low);
      from += 3;
    } else {
      *to++ = *from++;
    }
  }
  *to = '\0';
  return (size_t)(to - text);
}

/* --- Accept --- */

/* Of the parameters behind a media range, the weight; 1 when there is none or it is broken. */
static double
weight_of(Slice parameters)
{
  Slice parameter;
  while (slice_next_field(&parameters, ';', &parameter)) {
    parameter = slice_strip(parameter);
    if (parameter.size < 3 || g_ascii_tolower((char)parameter.data[0]) != 'q' ||
        parameter.data[1] != '=')
      continue;
    char number[8] = "";
    char *end = NULL;
    memcpy(number, parameter.data + 2, MIN(parameter.size - 2, sizeof number - 1));
    double weight = g_ascii_strtod(number, &end);
    return end == number ? 1 : weight;
  }
  return 1;
}

/* 3: the type itself, 2: "application/" and a star, 1: two stars, 0: another type. */
static int
specificity(Slice range, const char *media_type)
{
  size_t type_size = strcspn(media_type, "/") + 1;
  if (is_named(range, media_type))
    return 3;
  if (range.size == type_size + 1 && range.data[type_size] == '*' &&
      g_ascii_strncasecmp((const char *)range.data, media_type, type_size) == 0)
    return 2;
  return is_named(range, "*/*") || is_named(range, "*") ? 1 : 0;
}

bool
accept_takes(const char *accept, const char *media_type)
{
  Slice rest = slice_from_string(accept), item;
  int best = 0;
  bool takes = false, empty = true;
  while (slice_next_field(&rest, ',', &item)) {
    Slice parameters = item, range;
    slice_next_field(&parameters, ';', &range);
    range = slice_strip(range);
    empty = empty && range.size == 0;
    int found = specificity(range, media_type);
    if (found == 0 || found < best)
      continue;
    takes = weight_of(parameters) > 0 || (found == best && takes);
    best = found;
  }
  return takes || empty;
}
