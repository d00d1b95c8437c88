/* Members of JSON objects by tables. A row says what a member is called, what its value is and
 * where in a structure it goes; writing, reading and freeing come from the same row, so that they
 * cannot disagree, and a test compares the rows with the schemas of docs/openapi.yaml.
 *
 *   typedef struct { char *name; uint32_t count; Colour colour; GPtrArray *notes; } Thing;
 *   static const JsonMember thing_members[] = {
 *       {JSON_MEMBER(Thing, name), .kind = &json_text, .required = true},
 *       {JSON_MEMBER(Thing, count), .kind = &json_number, .most = 100},
 *       {JSON_MEMBER(Thing, colour), .kind = &json_word, .words = colour_names},
 *       {JSON_MEMBER(Thing, notes), .kind = &json_lines},
 *   };
 *   const JsonTable thing_table = JSON_TABLE(Thing, thing_members);
 *
 * Members are written in the order of their rows. Reading is strict in what is there, and an error
 * has the place: `packages[0]: "location" is missing or not a string`. What is not there, or null,
 * is what the row says. Members without a row are not looked at: a newer writer may have more.
 *
 * What a structure keeps otherwise than JSON has it (a list of pairs, say) is a kind of its room's
 * own: a `const JsonKind` beside the table. Pure. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct JsonMember JsonMember;
typedef struct JsonTable JsonTable;

typedef struct {
  const char *type; /* as a schema calls it: "string", "integer", "array" ... */
  const char *noun; /* what a value must be, for messages: "a string" */
  /* It is written whatever the value is. Otherwise a schema must not require it, unless the row
   * says that it is never missing (json_member_is_always_there()). */
  bool always;
  /* NULL: it is left out; no function: it is only read. @value: the member. (transfer full) */
  json_t *(*write)(const JsonMember *member, const void *value);
  /* @value has zero bytes, or what its owner made before. @json is NULL where the member is missing
   * and not required. False: it is not a value of the row; json_member_refuse() says so. NULL: it
   * is only written. */
  bool (*read)(const JsonMember *member, const json_t *json, void *value, GError **error);
  void (*clear)(const JsonMember *member, void *value); /* NULL: nothing to free */
} JsonKind;

struct JsonMember {
  const char *name;
  size_t offset, width;
  const JsonKind *kind;
  const JsonTable *table;   /* of json_object and json_list */
  const char *const *words; /* of json_word and json_counts, by value, ended by NULL */
  /* Of json_text and json_word: what a missing one is read as; so is a word that is not known, for
   * a newer writer may have more. Of json_text_unless: see there. */
  const char *otherwise;
  size_t other;    /* of json_text_unless: offset of a member that has a row before */
  uint64_t most;   /* of a number, or of the entries of a list; 0: no bound */
  bool required;   /* to be read, it must be there */
  bool last_first; /* of json_counts: the last word is written first */
  bool omitted;    /* json_number 0, json_boolean false and empty lists are not written */
};

#define JSON_MEMBER_AS(key, structure, member)                                                     \
  .name = (key), .offset = offsetof(structure, member), .width = sizeof(((structure *)NULL)->member)
#define JSON_MEMBER(structure, member) JSON_MEMBER_AS(#member, structure, member)

struct JsonTable {
  const JsonMember *members;
  size_t count, size; /* of the rows; of the structure */
  /* A stranger wrote it, whose clients may read "Name" as "name": a member that is one of the rows'
   * but for the case of its letters is refused (json_refuse_aliases()). */
  bool strange;
  /* A list of the rows' values in their order, up to the first that is left out: for what there is
   * very much of. */
  bool tuple;
};
#define JSON_TABLE(structure, rows)                                                                \
  {                                                                                                \
    .members = (rows), .count = G_N_ELEMENTS(rows), .size = sizeof(structure)                      \
  }

extern const JsonKind json_text;   /* char *; NULL is left out */
extern const JsonKind json_texts;  /* GStrv; NULL is left out, an empty one is read as NULL */
extern const JsonKind json_lines;  /* GPtrArray * of char *, made when it is read */
extern const JsonKind json_number; /* an unsigned integer, or an int64_t that is never negative */
extern const JsonKind json_amount; /* double */
extern const JsonKind json_known_amount; /* double; negative: not known, and left out */
extern const JsonKind json_flag;         /* bool */
extern const JsonKind json_word;         /* an enum, by `words` */
extern const JsonKind json_moment;       /* int64_t, microseconds since 1970, as RFC 3339 to the
                                            second; 0: left out */
/* char *: left out where it is the same as the text at `other`, of which it is a copy when it is
 * missing. */
extern const JsonKind json_text_unless;
/* uint32_t or uint64_t for each of `words`, as an object. */
extern const JsonKind json_counts;
/* A structure, or, with an offset of 0, more members of the same one; left out when it would be
 * empty. */
extern const JsonKind json_part;
/* A structure that is allocated apart, with g_malloc(); NULL is left out. */
extern const JsonKind json_child;
/* GPtrArray * of structures, which the owner has made with what frees them. */
extern const JsonKind json_list;
extern const JsonKind json_any; /* json_t *; NULL is left out */

/* (transfer full) */
json_t *json_table_write(const JsonTable *table, const void *values);
/* Adds the members to @object. */
void json_table_add(const JsonTable *table, const void *values, json_t *object);
/* @values: zero bytes, but for what the owner makes. On error some members may be read: the owner
 * frees as ever. ASSAY_ERROR_INVALID, or _LIMIT of a list that is too long. */
bool json_table_read(const JsonTable *table, const json_t *object, void *values, GError **error);
/* Frees what @values own and sets it to zero bytes. */
void json_table_clear(const JsonTable *table, void *values);

/* What a schema may require. */
bool json_member_is_always_there(const JsonMember *member);
/* For kinds: whether @json is missing, or a list of at most `most` entries; sets the error. */
bool json_member_check_list(const JsonMember *member, const json_t *json, GError **error);
/* For kinds: sets `"name" is not a string`, by the kind's noun. False. */
bool json_member_refuse(const JsonMember *member, GError **error);
