/* Entity tags; see the header. */
#include "server/http/entity_tags.h"

#include <glib.h>
#include <string.h>

#include "base/slice.h"

/* Hex digits of a SHA-256: by chance no two are alike, and nobody gains by making them so. */
#define SETTINGS_DIGITS 32
#define REST_DIGITS     16
#define DEPTH_MAX       64u

/* --- of objects --- */

/* Members that no request sets. */
static bool
changes_by_itself(const char *member)
{
  static const char *const members[] = {"last_used", "last_address", "used",    "listening", "urls",
                                        "runs",      "ran",          "deleted", "error",     NULL};
  return strchr("lurde", member[0]) != NULL && g_strv_contains(members, member);
}

/* What is to be hashed, gathered: a long list has some ten thousand short pieces. */
typedef struct {
  GString *settings, *rest;
  bool has_rest;
} Texts;

static void
add_text(GString *to, const char *text)
{
  g_string_append_len(to, text, (gssize)strlen(text) + 1);
}

static void
add_scalar(GString *to, const json_t *value)
{
  char number[40];
  const char *text = json_is_true(value) ? "t" : json_is_false(value) ? "f" : "n";
  if (json_is_string(value)) {
    add_text(to, "s");
    text = json_string_value(value);
  } else if (json_is_integer(value)) {
    g_snprintf(number, sizeof number, "i%" JSON_INTEGER_FORMAT, json_integer_value(value));
    text = number;
  } else if (json_is_real(value)) {
    g_snprintf(number, sizeof number, "r%.17g", json_real_value(value));
    text = number;
  }
  add_text(to, text);
}

static void
add(Texts *texts, const json_t *value, bool rest, unsigned depth)
{
  GString *to = rest ? texts->rest : texts->settings;
  const char *key;
  json_t *member;
  size_t index;
  if (depth > DEPTH_MAX)
    return;
  if (json_is_object(value)) {
    add_text(to, "{");
    json_object_foreach((json_t *)(uintptr_t)value, key, member) {
      bool other = rest || changes_by_itself(key);
      texts->has_rest = texts->has_rest || other;
      add_text(other ? texts->rest : texts->settings, key);
      add(texts, member, other, depth + 1);
    }
    add_text(to, "}");
  } else if (json_is_array(value)) {
    add_text(to, "[");
    json_array_foreach(value, index, member)
      add(texts, member, rest, depth + 1);
    add_text(to, "]");
  } else {
    add_scalar(to, value);
  }
}

static char *
hash_of(const GString *text)
{
  return g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)text->str, text->len);
}

char *
entity_tag_of(const json_t *object)
{
  g_autoptr(GString) settings_text = g_string_new(NULL), rest_text = g_string_new(NULL);
  Texts texts = {settings_text, rest_text, false};
  add(&texts, object, false, 0);
  g_autofree char *settings = hash_of(settings_text), *rest = hash_of(rest_text);
  return g_strdup_printf("\"%.*s%s%.*s\"", SETTINGS_DIGITS, settings, texts.has_rest ? "-" : "",
                         texts.has_rest ? REST_DIGITS : 0, rest);
}

/* --- of headers --- */

/* `W/"..."` or `"..."`; *tag: what is between the quotes. False: there is none, or it is wrong. */
static bool
next_tag(Slice *rest, bool *weak, Slice *tag)
{
  while (rest->size > 0 && strchr(" \t,", rest->data[0]) != NULL)
    *rest = slice_sub(*rest, 1, rest->size - 1);
  *weak = slice_has_prefix(*rest, slice_from_string("W/"));
  if (*weak)
    *rest = slice_sub(*rest, 2, rest->size - 2);
  if (rest->size < 2 || rest->data[0] != '"')
    return false;
  *rest = slice_sub(*rest, 1, rest->size - 1);
  gssize end = slice_find(*rest, '"');
  if (end < 0)
    return false;
  *tag = slice_sub(*rest, 0, (size_t)end);
  *rest = slice_sub(*rest, (size_t)end + 1, rest->size - (size_t)end - 1);
  return true;
}

static Slice
settings_of(Slice tag)
{
  gssize end = slice_find(tag, '-');
  return end < 0 ? tag : slice_sub(tag, 0, (size_t)end);
}

bool
entity_tags_name(const char *header, const char *tag, TagsUse use)
{
  Slice rest = slice_strip(slice_from_string(header)), one;
  bool weak;
  if (tag == NULL || strlen(tag) < 2)
    return false;
  if (slice_equal_string(rest, "*"))
    return true;
  Slice present = {(const uint8_t *)tag + 1, strlen(tag) - 2};
  while (next_tag(&rest, &weak, &one)) {
    if (use == TAGS_SHOWN ? slice_equal(one, present)
                          : !weak && slice_equal(settings_of(one), settings_of(present)))
      return true;
  }
  return false;
}
