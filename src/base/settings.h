/* Settings: a file of YAML read into a structure, by tables. One row is a key's name, what its
 * value is, where it goes, its default and its bounds; reading, checking, freeing and the test of
 * docs/configuration.md come from the same row.
 *
 *   typedef struct { uint32_t workers; char *name; } Things;
 *   static const Setting things[] = {
 *       {SETTING(Things, workers), .kind = &setting_count, .fallback = "4", .least = 1, .most =
 * 64}, {SETTING(Things, name), .kind = &setting_text, .required = true},
 *   };
 *   static const Section section = {things, G_N_ELEMENTS(things), sizeof(Things)};
 *
 * All that is wrong in a file is reported at once, a line each, in the order of the file:
 *
 *   assay.yaml:3:3: limits: unknown key "worker"; did you mean "workers"?
 *   assay.yaml:7:12: limits.layer_ratio: must be between 2 and 100000, is 1
 *
 * Unknown keys, keys that are there twice and keys without a value are errors. One word is taken
 * where a list of words is meant, one mapping where a list of mappings is, and a word where a
 * mapping is whose other keys have defaults (Section.word). */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/setting_kinds.h"
#include "base/slice.h"

typedef struct Section Section;
typedef struct SettingsPlace SettingsPlace;

struct Setting {
  const char *key;
  size_t offset, width;
  const SettingKind *kind;  /* what its word, or each of them, is; NULL: mappings, of `section` */
  const Section *section;   /* the structure itself, or with count_offset an array of them */
  size_t count_offset;      /* where the `unsigned` length of the array goes */
  const char *fallback;     /* the default, as YAML; NULL: zero bytes */
  const char *const *words; /* NULL-terminated */
  uint64_t least, most;     /* of a number, or of the entries of a list; most 0: no bound */
  bool required;
  bool part; /* the keys of `section` are among those of this one: rows that another room owns */
};

#define SETTING_AS(name, structure, member)                                                        \
  .key = (name), .offset = offsetof(structure, member), .width = sizeof(((structure *)NULL)->member)
#define SETTING(structure, member) SETTING_AS(#member, structure, member)
/* Another table's keys, which are written beside this one's. */
#define SETTING_PART(structure, member) SETTING(structure, member), .part = true
/* An array, with its length in member_count. */
#define SETTING_LIST(structure, member)                                                            \
  SETTING(structure, member), .count_offset = offsetof(structure, member##_count)

struct Section {
  const Setting *settings;
  size_t count, size; /* of the settings; of the structure */
  /* What an entry of a list is called in messages (policy "a"), with the key that holds its name,
   * which no two entries share; NULL: by its index. */
  const char *noun, *named_by;
  /* The key that is meant where there is one word instead; NULL: it must be a mapping. */
  const char *word;
  /* Called when every value was read, for what concerns several: complains, and may complete. */
  void (*check)(void *values, const SettingsPlace *place);
};

/* Reads @text, of @file for messages, into @values, which is overwritten. A text that holds nothing
 * gives the defaults, when no key is required. ASSAY_ERROR_INVALID, or _LIMIT: the message has a
 * line for each thing that is wrong, and @values holds nothing to free. */
bool settings_read(const Section *section, Slice text, const char *file, void *values,
                   GError **error);
/* The same for who continues all the same: what is wrong goes to *complaints (or NULL) and has
 * its default, or zero bytes where it has none. */
bool settings_read_valid(const Section *section, Slice text, const char *file, void *values,
                         char **complaints, GError **error);
/* Overwrites @values with the defaults. */
void settings_defaults(const Section *section, void *values);
/* Frees what @values own and sets them to zero bytes. */
void settings_clear(const Section *section, void *values);

/* The numbers and booleans of a section by their keys, for another process of this program; what
 * is neither is left out. */
void settings_to_json(const Section *section, const void *values, json_t *object);
/* The same back, and no other key is looked at. ASSAY_ERROR_INVALID: one is missing or passes the
 * row's bounds. */
bool settings_from_json(const Section *section, const json_t *object, void *values, GError **error);

/* For Section.check: whether the file has the key, and what is wrong at it (or at its mapping, when
 * the file has no such key, or @key is NULL). */
bool settings_given(const SettingsPlace *place, const char *key);
void settings_complain(const SettingsPlace *place, const char *key, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
