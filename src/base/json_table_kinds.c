/* What a member's value is: texts, numbers, times, words; see the header. */
#include "base/json_table.h"

#include <string.h>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"

/* --- texts --- */

static json_t *
write_text(const JsonMember *member, const void *value)
{
  return json_string(*(char *const *)value);
}

static bool
read_text(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (json != NULL && !json_is_string(json))
    return json_member_refuse(member, error);
  *(char **)value = g_strdup(json == NULL ? member->otherwise : json_string_value(json));
  return true;
}

static void
clear_text(const JsonMember *member, void *value)
{
  g_free(*(char **)value);
}

const JsonKind json_text = {"string", "a string", .write = write_text, .read = read_text,
                            .clear = clear_text};

static const char *
other_text(const JsonMember *member, const void *value)
{
  return *(char *const *)(const void *)((const char *)value - member->offset + member->other);
}

static json_t *
write_text_unless(const JsonMember *member, const void *value)
{
  return g_strcmp0(*(char *const *)value, other_text(member, value)) == 0
             ? NULL
             : write_text(member, value);
}

static bool
read_text_unless(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (json != NULL)
    return read_text(member, json, value, error);
  *(char **)value = g_strdup(other_text(member, value));
  return true;
}

const JsonKind json_text_unless = {"string", "a string", .write = write_text_unless,
                                   .read = read_text_unless, .clear = clear_text};

static bool
check_strings(const JsonMember *member, const json_t *json, GError **error)
{
  size_t index;
  json_t *item;
  if (!json_member_check_list(member, json, error))
    return false;
  json_array_foreach(json, index, item) {
    if (!json_is_string(item))
      return error_set(error, ASSAY_ERROR_INVALID, "\"%s[%zu]\" is not a string", member->name,
                       index);
  }
  return true;
}

static json_t *
write_texts(const JsonMember *member, const void *value)
{
  const GStrv texts = *(const GStrv *)value;
  if (texts == NULL || (member->omitted && *texts == NULL))
    return NULL;
  json_t *array = json_array();
  for (char **text = texts; *text != NULL; text++)
    json_array_append_new(array, json_string(*text));
  return array;
}

static bool
read_texts(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (!check_strings(member, json, error))
    return false;
  size_t count = json_array_size(json);
  GStrv texts = count == 0 ? NULL : g_new0(char *, count + 1);
  for (size_t i = 0; i < count; i++)
    texts[i] = g_strdup(json_string_value(json_array_get(json, i)));
  *(GStrv *)value = texts;
  return true;
}

static void
clear_texts(const JsonMember *member, void *value)
{
  g_strfreev(*(GStrv *)value);
}

const JsonKind json_texts = {"array", "a list of strings", .write = write_texts, .read = read_texts,
                             .clear = clear_texts};

static json_t *
write_lines(const JsonMember *member, const void *value)
{
  const GPtrArray *lines = *(GPtrArray *const *)value;
  return member->omitted && (lines == NULL || lines->len == 0) ? NULL : json_from_texts(lines);
}

static bool
read_lines(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  GPtrArray **lines = value;
  size_t index;
  json_t *item;
  if (!check_strings(member, json, error))
    return false;
  if (*lines == NULL)
    *lines = g_ptr_array_new_with_free_func(g_free);
  json_array_foreach(json, index, item) {
    g_ptr_array_add(*lines, g_strdup(json_string_value(item)));
  }
  return true;
}

static void
clear_lines(const JsonMember *member, void *value)
{
  g_clear_pointer((GPtrArray **)value, g_ptr_array_unref);
}

const JsonKind json_lines = {"array",
                             "a list of strings",
                             .always = true,
                             .write = write_lines,
                             .read = read_lines,
                             .clear = clear_lines};

/* --- numbers --- */

static uint64_t
load_number(const void *value, size_t width)
{
  G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);
  uint64_t number = 0;
  memcpy(&number, value, width);
  return number;
}

static json_t *
number_to_json(uint64_t number)
{
  return json_integer((json_int_t)MIN(number, (uint64_t)INT64_MAX));
}

static json_t *
write_number(const JsonMember *member, const void *value)
{
  uint64_t number = load_number(value, member->width);
  return number == 0 && member->omitted ? NULL : number_to_json(number);
}

/* @word: of json_counts; else NULL. */
static bool
number_from_json(const JsonMember *member, const char *word, const json_t *json, size_t width,
                 void *value, GError **error)
{
  uint64_t most = member->most != 0 ? member->most
                  : width >= 8      ? INT64_MAX
                                    : (1ULL << (8 * width)) - 1;
  json_int_t number = json_integer_value(json);
  if (json != NULL && (!json_is_integer(json) || number < 0 || (uint64_t)number > most))
    return error_set(error, ASSAY_ERROR_INVALID,
                     "\"%s%s%s\" is %snot a whole number from 0 to %" G_GUINT64_FORMAT,
                     member->name, word != NULL ? "." : "", word != NULL ? word : "",
                     member->required ? "missing or " : "", most);
  memcpy(value, &number, width);
  return true;
}

static bool
read_number(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  return number_from_json(member, NULL, json, member->width, value, error);
}

const JsonKind json_number = {"integer", "a whole number", .always = true, .write = write_number,
                              .read = read_number};

static json_t *
write_amount(const JsonMember *member, const void *value)
{
  return json_real(*(const double *)value);
}

static bool
read_amount(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (json != NULL && !json_is_number(json))
    return json_member_refuse(member, error);
  *(double *)value = json_number_value(json);
  return true;
}

const JsonKind json_amount = {"number", "a number", .always = true, .write = write_amount,
                              .read = read_amount};

static json_t *
write_known_amount(const JsonMember *member, const void *value)
{
  return *(const double *)value < 0 ? NULL : write_amount(member, value);
}

static bool
read_known_amount(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (json != NULL)
    return read_amount(member, json, value, error);
  *(double *)value = -1;
  return true;
}

const JsonKind json_known_amount = {"number", "a number", .write = write_known_amount,
                                    .read = read_known_amount};

static json_t *
write_flag(const JsonMember *member, const void *value)
{
  bool flag = *(const bool *)value;
  return !flag && member->omitted ? NULL : json_boolean(flag);
}

static bool
read_flag(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  if (json != NULL && !json_is_boolean(json))
    return json_member_refuse(member, error);
  *(bool *)value = json_is_true(json);
  return true;
}

const JsonKind json_flag = {"boolean", "true or false", .always = true, .write = write_flag,
                            .read = read_flag};

static json_t *
write_moment(const JsonMember *member, const void *value)
{
  int64_t moment = *(const int64_t *)value, seconds = moment / G_USEC_PER_SEC;
  if (seconds * G_USEC_PER_SEC > moment)
    seconds--; /* rounded down, before 1970 too */
  g_autoptr(GDateTime) time = moment == 0 ? NULL : g_date_time_new_from_unix_utc(seconds);
  g_autofree char *text = time == NULL ? NULL : g_date_time_format_iso8601(time);
  return json_string(text);
}

static bool
read_moment(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  const char *text = json_string_value(json);
  g_autoptr(GDateTime) time = text == NULL ? NULL : g_date_time_new_from_iso8601(text, NULL);
  if (json != NULL && time == NULL)
    return json_member_refuse(member, error);
  int64_t moment = time == NULL ? 0 : g_date_time_to_unix(time) * G_USEC_PER_SEC;
  /* The first second of 1970 is a moment, too. */
  *(int64_t *)value = time != NULL && moment == 0 ? 1 : moment;
  return true;
}

const JsonKind json_moment = {"string", "a time, 2027-01-31T12:00:00Z", .write = write_moment,
                              .read = read_moment};

/* --- words --- */

static json_t *
write_word(const JsonMember *member, const void *value)
{
  unsigned number = (unsigned)load_number(value, member->width);
  const char *word = enum_name(member->words, number);
  return json_string(word != NULL ? word : member->otherwise);
}

static bool
read_word(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  const char *word = json_string_value(json);
  unsigned number = 0;
  if (json != NULL && word == NULL)
    return json_member_refuse(member, error);
  if (!enum_find(member->words, word, &number) && member->otherwise != NULL)
    word = member->otherwise;
  if (word != NULL && !enum_parse(member->words, word, &number, error)) {
    g_prefix_error(error, "\"%s\" ", member->name);
    return false;
  }
  memcpy(value, &number, member->width);
  return true;
}

const JsonKind json_word = {"string", "a string", .always = true, .write = write_word,
                            .read = read_word};

static size_t
count_width(const JsonMember *member, size_t *words)
{
  *words = 1; /* at least */
  while (member->words[*words] != NULL)
    (*words)++;
  return member->width / *words;
}

static json_t *
write_counts(const JsonMember *member, const void *value)
{
  size_t words, width = count_width(member, &words);
  json_t *object = json_object();
  for (size_t i = 0; i < words; i++) {
    size_t word = member->last_first ? words - 1 - i : i;
    uint64_t number = load_number((const char *)value + word * width, width);
    json_object_set_new_nocheck(object, member->words[word], number_to_json(number));
  }
  return object;
}

static bool
read_counts(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  size_t words, width = count_width(member, &words);
  if (json != NULL && !json_is_object(json))
    return json_member_refuse(member, error);
  for (size_t i = 0; i < words; i++)
    if (!number_from_json(member, member->words[i], json_object_get(json, member->words[i]), width,
                          (char *)value + i * width, error))
      return false;
  return true;
}

const JsonKind json_counts = {"object", "an object of numbers", .always = true,
                              .write = write_counts, .read = read_counts};

/* --- the rest --- */

static json_t *
write_any(const JsonMember *member, const void *value)
{
  return json_incref(*(json_t *const *)value);
}

static bool
read_any(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  /* Counting its owners changes nothing in it. */
  *(json_t **)value = json_incref((json_t *)(uintptr_t)json);
  return true;
}

static void
clear_any(const JsonMember *member, void *value)
{
  json_decref(*(json_t **)value);
}

const JsonKind json_any = {NULL, "a value", .write = write_any, .read = read_any,
                           .clear = clear_any};
