/* What jansson leaves open: ownership by scope, strict and bounded parsing of JSON from outside,
 * and getters that say where in the document something is wrong. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/slice.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_t, json_decref)

/* Parses one JSON value: UTF-8, no duplicate keys, nothing after it, nesting bounded by jansson's
 * JSON_PARSER_MAX_DEPTH (2048). The caller bounds the size by the size of @text.
 * ASSAY_ERROR_INVALID with line and column. (transfer full) */
json_t *json_parse(Slice text, GError **error);

/* The same of a text from a stranger, whose size alone does not bound the memory that it takes (a
 * hundred bytes and more for each value): more than @most values are ASSAY_ERROR_LIMIT, before any
 * is read. (transfer full) */
json_t *json_parse_bounded(Slice text, size_t most, GError **error);
/* How many values that counts in a text, which need not be JSON. */
size_t json_count_values(Slice text);

/* One that other programs wrote for programs that are less strict, as JavaScript is: a byte order
 * mark is skipped, bytes that are no UTF-8 are replaced, of members of one name the last counts,
 * and a string may hold a NUL (json_string_length()). Bounded as json_parse_bounded(). (transfer
 * full)
 */
json_t *json_parse_lenient(Slice text, size_t most, GError **error);

/* Parses a file of at most @limit bytes. (transfer full) */
json_t *json_read_file(int directory_fd, const char *path, size_t limit, GError **error);

/* Compact text with object keys in the order they were set; numbers keep their type. (transfer
 * full) */
char *json_to_text(const json_t *value);
/* A text of valid UTF-8 as JSON has it, with its quotes. */
void json_append_string(GString *text, const char *string, size_t length);
/* The same with two-space indentation and a last LF, for people. (transfer full) */
char *json_to_pretty_text(const json_t *value);

/* The member @key of @object when it is a string; otherwise NULL. (transfer none) */
const char *json_get_string(const json_t *object, const char *key);
/* The member @key when it is an integer; otherwise @fallback. */
json_int_t json_get_integer(const json_t *object, const char *key, json_int_t fallback);
bool json_get_boolean(const json_t *object, const char *key, bool fallback);
/* The member when it is an object (array); otherwise NULL. (transfer none) */
json_t *json_get_object(const json_t *object, const char *key);
json_t *json_get_array(const json_t *object, const char *key);

/* Like json_get_string(), but a missing or wrongly typed member is ASSAY_ERROR_INVALID that names
 * @key. (transfer none) */
const char *json_require_string(const json_t *object, const char *key, GError **error);

/* Refuses a member whose name is one of @names (NULL-terminated) except for the case of its
 * letters: Go's encoding/json, by which most clients read, takes it for that member, and the last
 * one wins. ASSAY_ERROR_INVALID. */
bool json_refuse_aliases(const json_t *object, const char *const *names, GError **error);

/* The strings of an array, those that are not strings left out; NULL for an empty or missing array.
 * (transfer full) */
GStrv json_get_strings(const json_t *object, const char *key);

/* Sets @key to @value; a NULL @value sets nothing. */
void json_set_string(json_t *object, const char *key, const char *value);
/* A number above what JSON's are here is its largest, INT64_MAX. */
void json_set_number(json_t *object, const char *key, uint64_t value);
void json_set_strings(json_t *object, const char *key, const char *const *values);
/* char * as an array of strings; NULL gives an empty one. (transfer full) */
json_t *json_from_texts(const GPtrArray *texts);
