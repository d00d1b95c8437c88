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
  return g_strv_contains(members, member);
}

typedef struct {
  GChecksum *settings, *rest;
  bool has_rest;
} Hashes;

static void
add_text(GChecksum *hash, const char *text)
{
  g_checksum_update(hash, (const guchar *)text, (gssize)strlen(text) + 1);
}

static void
add_scalar(GChecksum *hash, const json_t *value)
{
  g_autofree char *number = NULL;
  if (json_is_integer(value))
    number = g_strdup_printf("i%" JSON_INTEGER_FORMAT, json_integer_value(value));
  else if (json_is_real(value))
    number = g_strdup_printf("r%.17g", json_real_value(value));
  else if (json_is_string(value))
    add_text(hash, "s");
  add_text(hash, number != NULL          ? number
                 : json_is_string(value) ? json_string_value(value)
                 : json_is_true(value)   ? "t"
                 : json_is_false(value)  ? "f"
                                         : "n");
}

static void
add(Hashes *hashes, const json_t *value, bool rest, unsigned depth)
{
  GChecksum *hash = rest ? hashes->rest : hashes->settings;
  const char *key;
  json_t *member;
  size_t index;
  if (depth > DEPTH_MAX)
    return;
  if (json_is_object(value)) {
    add_text(hash, "{");
    json_object_foreach((json_t *)(uintptr_t)value, key, member) {
      bool other = rest || changes_by_itself(key);
      hashes->has_rest = hashes->has_rest || other;
      add_text(other ? hashes->rest : hashes->settings, key);
      add(hashes, member, other, depth + 1);
    }
    add_text(hash, "}");
  } else if (json_is_array(value)) {
    add_text(hash, "[");
    json_array_foreach(value, index, member)
      add(hashes, member, rest, depth + 1);
    add_text(hash, "]");
  } else {
    add_scalar(hash, value);
  }
}

char *
entity_tag_of(const json_t *object)
{
  g_autoptr(GChecksum) settings = g_checksum_new(G_CHECKSUM_SHA256);
  g_autoptr(GChecksum) rest = g_checksum_new(G_CHECKSUM_SHA256);
  Hashes hashes = {settings, rest, false};
  add(&hashes, object, false, 0);
  return g_strdup_printf("\"%.*s%s%.*s\"", SETTINGS_DIGITS, g_checksum_get_string(settings),
                         hashes.has_rest ? "-" : "", hashes.has_rest ? REST_DIGITS : 0,
                         g_checksum_get_string(rest));
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
